// CSV with quotes, read by a state machine: a switch per byte with few different targets. 64 KiB, n times; fields
// are hashed and numbers added.
#include "../workload.h"

static uint8_t data[65536];

static void write_data(void) {
    uint32_t state = 37, at = 0;
    while (at + 80 < sizeof data) {
        for (int field = 0; field < 6; field++) {
            if (field) data[at++] = ',';
            uint32_t r = random_next(&state);
            if (field % 3 == 0) {
                for (uint32_t value = r % 100000; value; value /= 10) data[at++] = (uint8_t)('0' + value % 10);
            } else {
                int quoted = r % 4 == 0;
                if (quoted) data[at++] = '"';
                for (uint32_t i = 0; i < 2 + r % 7; i++) data[at++] = (uint8_t)('a' + (r >> i) % 26);
                if (quoted && r % 8 == 0) data[at++] = '"', data[at++] = '"', data[at++] = ',';
                if (quoted) data[at++] = '"';
            }
        }
        data[at++] = '\n';
    }
    while (at < sizeof data) data[at++] = '\n';
}

enum state { START, PLAIN, NUMERIC, QUOTED, QUOTE_SEEN };

uint64_t run(uint32_t n) {
    write_data();
    uint64_t sum = 0;
    for (uint32_t turn = 0; turn < n; turn++) {
        enum state state = START;
        uint64_t hash = 0, number = 0, fields = 0, lines = 0, total = 0;
        for (uint32_t at = 0; at < sizeof data; at++) {
            uint8_t c = data[at];
            if (state == QUOTED) {
                if (c == '"') state = QUOTE_SEEN;
                else hash = hash * 31 + c;
                continue;
            }
            switch (c) {
            case '\n':
                lines++;
                // Falls through: a line's end ends a field.
                __attribute__((fallthrough));
            case ',':
                fields++;
                if (state == NUMERIC) total += number;
                total ^= hash;
                state = START, hash = 0, number = 0;
                break;
            case '"':
                if (state == QUOTE_SEEN) hash = hash * 31 + c;
                state = QUOTED;
                break;
            case '0': case '1': case '2': case '3': case '4':
            case '5': case '6': case '7': case '8': case '9':
                if (state == START) state = NUMERIC;
                number = number * 10 + (c - '0');
                hash = hash * 31 + c;
                break;
            case '\r': break;
            default: state = PLAIN, hash = hash * 31 + c;
            }
        }
        sum = mix(mix(mix(sum, fields), lines), total);
    }
    return sum;
}
