// The compression of SHA-512 (FIPS 180-4) over 8 KiB, n times: 64-bit rotations and sums. The round constants are
// random numbers, which takes the same time.
#include "../workload.h"

static uint64_t constants[80];
static uint64_t data[1024];

static inline uint64_t rotate(uint64_t x, int by) { return x >> by | x << (64 - by); }

static void block(uint64_t state[8], const uint64_t *words) {
    uint64_t w[80];
    for (int i = 0; i < 16; i++) w[i] = __builtin_bswap64(words[i]);
    for (int i = 16; i < 80; i++) {
        uint64_t s0 = rotate(w[i - 15], 1) ^ rotate(w[i - 15], 8) ^ w[i - 15] >> 7;
        uint64_t s1 = rotate(w[i - 2], 19) ^ rotate(w[i - 2], 61) ^ w[i - 2] >> 6;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint64_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint64_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 80; i++) {
        uint64_t t1 = h + (rotate(e, 14) ^ rotate(e, 18) ^ rotate(e, 41)) + ((e & f) ^ (~e & g)) + constants[i] + w[i];
        uint64_t t2 = (rotate(a, 28) ^ rotate(a, 34) ^ rotate(a, 39)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

uint64_t run(uint32_t n) {
    uint32_t seed = 7;
    for (int i = 0; i < 80; i++) constants[i] = (uint64_t)random_next(&seed) << 32 | random_next(&seed);
    for (int i = 0; i < 1024; i++) data[i] = (uint64_t)random_next(&seed) << 32 | random_next(&seed);
    uint64_t state[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    for (uint32_t turn = 0; turn < n; turn++) {
        for (int at = 0; at < 1024; at += 16) block(state, data + at);
    }
    uint64_t sum = 0;
    for (int i = 0; i < 8; i++) sum = mix(sum, state[i]);
    return sum;
}
