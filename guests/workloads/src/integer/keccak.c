// Keccak-f[1600] (FIPS 202) with the rate of SHA3-256 over n blocks: 25 words of state, more than there are registers.
#include "../workload.h"

static uint64_t rounds[24];

// The round constants come from a shift register of 8 bits.
static void make_rounds(void) {
    uint32_t lfsr = 1;
    for (int round = 0; round < 24; round++) {
        rounds[round] = 0;
        for (int j = 0; j < 7; j++) {
            if (lfsr & 1) rounds[round] |= (uint64_t)1 << ((1 << j) - 1);
            lfsr = lfsr << 1 ^ (lfsr & 0x80 ? 0x171 : 0);
        }
    }
}

static inline uint64_t rotate(uint64_t x, int by) { return by == 0 ? x : x << by | x >> (64 - by); }

static void permute(uint64_t a[25]) {
    static const uint8_t by[25] = {0,  1,  62, 28, 27, 36, 44, 6,  55, 20, 3,  10, 43,
                                   25, 39, 41, 45, 15, 21, 8,  18, 2,  61, 56, 14};
    for (int round = 0; round < 24; round++) {
        uint64_t c[5], b[25];
#pragma GCC unroll 5
        for (int x = 0; x < 5; x++) c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
#pragma GCC unroll 5
        for (int x = 0; x < 5; x++) {
            uint64_t d = c[(x + 4) % 5] ^ rotate(c[(x + 1) % 5], 1);
#pragma GCC unroll 5
            for (int y = 0; y < 5; y++) {
                b[y + 5 * ((2 * x + 3 * y) % 5)] = rotate(a[x + 5 * y] ^ d, by[x + 5 * y]);
            }
        }
#pragma GCC unroll 5
        for (int y = 0; y < 25; y += 5) {
#pragma GCC unroll 5
            for (int x = 0; x < 5; x++) a[y + x] = b[y + x] ^ (~b[y + (x + 1) % 5] & b[y + (x + 2) % 5]);
        }
        a[0] ^= rounds[round];
    }
}

uint64_t run(uint32_t n) {
    make_rounds();
    uint64_t state[25] = {0};
    uint32_t seed = 3;
    for (uint32_t block = 0; block < n; block++) {
        for (int i = 0; i < 17; i++) state[i] ^= (uint64_t)random_next(&seed) << 32 | block;
        permute(state);
    }
    uint64_t sum = 0;
    for (int i = 0; i < 4; i++) sum = mix(sum, state[i]);
    return sum;
}
