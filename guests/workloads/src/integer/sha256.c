// SHA-256 (FIPS 180-4) of 8 KiB, n times, each time with the digest before in front: 32-bit rotations and sums, all
// state in registers.
#include "../workload.h"

static uint32_t constants[64];

// The first bits of the fractional parts of the cube roots of the first 64 primes, by integer arithmetic.
static uint32_t root_bits(uint32_t prime) {
    // The largest r with r^3 <= prime * 2^96; r < 2^36, and its low 32 bits are wanted.
    uint64_t root = 0;
    for (int bit = 35; bit >= 0; bit--) {
        uint64_t r = root | (uint64_t)1 << bit;
        // r^3 in three limbs of 32 bits and more.
        uint64_t low = r & 0xffffffff, high = r >> 32;
        uint64_t square0 = low * low, square1 = 2 * high * low, square2 = high * high;
        square1 += square0 >> 32, square0 &= 0xffffffff;
        square2 += square1 >> 32, square1 &= 0xffffffff;
        uint64_t c0 = square0 * low;
        uint64_t c1 = square1 * low + square0 * high + (c0 >> 32);
        uint64_t c2 = square2 * low + square1 * high + (c1 >> 32);
        uint64_t c3 = square2 * high + (c2 >> 32);
        if (c3 < prime) root = r;
    }
    return (uint32_t)root;
}

static void make_constants(void) {
    uint32_t found = 0;
    for (uint32_t candidate = 2; found < 64; candidate++) {
        uint32_t divisor = 2;
        while (divisor * divisor <= candidate && candidate % divisor != 0) divisor++;
        if (divisor * divisor > candidate) constants[found++] = root_bits(candidate);
    }
}

static inline uint32_t rotate(uint32_t x, int by) { return x >> by | x << (32 - by); }

static void block(uint32_t state[8], const uint8_t *data) {
    uint32_t w[64];
    for (int i = 0; i < 16; i++) {
        w[i] = (uint32_t)data[4 * i] << 24 | (uint32_t)data[4 * i + 1] << 16 | (uint32_t)data[4 * i + 2] << 8 |
               data[4 * i + 3];
    }
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + w[i];
        uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
static uint8_t message[8192 + 64];

uint64_t run(uint32_t n) {
    make_constants();
    random_text(message, 8192, 1);
    uint64_t sum = 0;
    for (uint32_t turn = 0; turn < n; turn++) {
        uint32_t state[8];
        __builtin_memcpy(state, initial, sizeof state);
        for (uint32_t at = 0; at < 8192; at += 64) block(state, message + at);
        uint8_t *last = message + 8192;
        for (int i = 0; i < 64; i++) last[i] = 0;
        last[0] = 0x80;
        last[61] = 1; // 8192 bytes are 65536 bits.
        block(state, last);
        for (int i = 0; i < 32; i++) message[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
        sum = mix(sum, (uint64_t)state[0] << 32 | state[7]);
    }
    return sum;
}
