// A 64-bit hash with four lanes, as XXH64 has: multiplications that do not wait for each other, over n times 16 KiB.
#include "../workload.h"

#define P1 0x9e3779b185ebca87u
#define P2 0xc2b2ae3d27d4eb4fu

static uint8_t data[16384];

static inline uint64_t rotate(uint64_t x, int by) { return x << by | x >> (64 - by); }

static inline uint64_t lane(uint64_t sum, const uint8_t *at) {
    uint64_t word;
    __builtin_memcpy(&word, at, 8);
    return rotate(sum + word * P2, 31) * P1;
}

uint64_t run(uint32_t n) {
    random_text(data, sizeof data, 11);
    uint64_t sum = 0;
    for (uint32_t turn = 0; turn < n; turn++) {
        uint64_t a = sum + P1 + P2, b = sum + P2, c = sum, d = sum - P1;
        for (uint32_t at = 0; at < sizeof data; at += 32) {
            a = lane(a, data + at);
            b = lane(b, data + at + 8);
            c = lane(c, data + at + 16);
            d = lane(d, data + at + 24);
        }
        sum = mix(rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18), sizeof data);
    }
    return sum;
}
