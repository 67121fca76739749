// Regular expressions without backtracking: sets of states stepped byte by byte, then the same by an automaton that is
// made while the text is read. 64 KiB of text, n times.
#include "../workload.h"

#define STATES 48
static uint8_t text[65536];
static uint64_t follow[STATES][256];

static uint64_t sets[256];
static int16_t next[256][256];
static int made;

// The number of the set of states.
static int number(uint64_t set) {
    for (int i = 0; i < made; i++) {
        if (sets[i] == set) return i;
    }
    if (made == 256) made = 0;
    sets[made] = set;
    for (int byte = 0; byte < 256; byte++) next[made][byte] = -1;
    return made++;
}

static uint64_t step(uint64_t set, uint8_t byte) {
    uint64_t result = 1;
    while (set) {
        int state = __builtin_ctzll(set);
        result |= follow[state][byte];
        set &= set - 1;
    }
    return result;
}

uint64_t run(uint32_t n) {
    uint32_t state = 29;
    for (int i = 0; i < STATES; i++) {
        for (int byte = 0; byte < 256; byte++) {
            uint32_t r = random_next(&state);
            follow[i][byte] = r % 7 == 0 ? (uint64_t)1 << (i + 1) % STATES : r % 97 == 0 ? (uint64_t)3 << r % 40 : 0;
        }
    }
    random_text(text, sizeof text, 29);
    uint64_t sum = 0;
    for (uint32_t turn = 0; turn < n; turn++) {
        uint64_t set = 1;
        for (uint32_t at = 0; at < sizeof text; at++) {
            set = step(set, text[at]);
            sum += set;
        }
        made = 0;
        int now = number(1);
        for (uint32_t at = 0; at < sizeof text; at++) {
            int then = next[now][text[at]];
            if (then < 0) {
                uint64_t old = sets[now];
                int before = made;
                then = number(step(old, text[at]));
                if (made >= before) next[now][text[at]] = (int16_t)then;
            }
            now = then;
            sum ^= sets[now] << 7;
        }
        sum = mix(sum, set ^ sets[now]);
    }
    return sum;
}
