// Text by small functions that a library would have: each byte is asked what it is by calls that are not inlined.
// 64 KiB, n times.
#include "../workload.h"

static uint8_t text[65536], words[65536];

static NOINLINE int is_upper(int c) { return (unsigned)c - 'A' < 26; }
static NOINLINE int is_lower(int c) { return (unsigned)c - 'a' < 26; }
static NOINLINE int is_alpha(int c) { return is_upper(c) || is_lower(c); }
static NOINLINE int is_digit(int c) { return (unsigned)c - '0' < 10; }
static NOINLINE int is_alnum(int c) { return is_alpha(c) || is_digit(c); }
static NOINLINE int is_space(int c) { return c == ' ' || (unsigned)c - '\t' < 5; }
static NOINLINE int to_upper(int c) { return is_lower(c) ? c & 0x5f : c; }
static NOINLINE int to_lower(int c) { return is_upper(c) ? c | 32 : c; }

uint64_t run(uint32_t n) {
    random_text(text, sizeof text, 43);
    uint64_t sum = 0;
    for (uint32_t turn = 0; turn < n; turn++) {
        uint32_t end = 0, count = 0, spaces = 0, first = 1;
        for (uint32_t at = 0; at < sizeof text; at++) {
            int c = text[at];
            if (is_alnum(c)) {
                c = first ? to_upper(c) : to_lower(c);
                count += first;
                first = 0;
            } else {
                spaces += (uint32_t)is_space(c);
                first = 1;
            }
            words[end++] = (uint8_t)c;
        }
        for (uint32_t i = 0; i < end; i += 7) sum = sum * 31 + words[i];
        sum = mix(mix(sum, count), spaces);
    }
    return sum;
}
