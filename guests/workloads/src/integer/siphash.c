// SipHash-2-4 of n keys of 1 to 64 bytes, as a hash table would: short dependent chains of 64-bit arithmetic.
#include "../workload.h"

static uint8_t text[4096 + 64];

static inline uint64_t rotate(uint64_t x, int by) { return x << by | x >> (64 - by); }

#define ROUND                                                              \
    do {                                                                   \
        a += b, b = rotate(b, 13) ^ a, a = rotate(a, 32);                  \
        c += d, d = rotate(d, 16) ^ c;                                     \
        a += d, d = rotate(d, 21) ^ a;                                     \
        c += b, b = rotate(b, 17) ^ c, c = rotate(c, 32);                  \
    } while (0)

static NOINLINE uint64_t siphash(const uint8_t *key, uint32_t length, uint64_t k0, uint64_t k1) {
    uint64_t a = k0 ^ 0x736f6d6570736575u, b = k1 ^ 0x646f72616e646f6du;
    uint64_t c = k0 ^ 0x6c7967656e657261u, d = k1 ^ 0x7465646279746573u;
    uint32_t at = 0;
    for (; at + 8 <= length; at += 8) {
        uint64_t word;
        __builtin_memcpy(&word, key + at, 8);
        d ^= word;
        ROUND;
        ROUND;
        a ^= word;
    }
    uint64_t last = (uint64_t)length << 56;
    for (uint32_t i = 0; at + i < length; i++) last |= (uint64_t)key[at + i] << (8 * i);
    d ^= last;
    ROUND;
    ROUND;
    a ^= last;
    c ^= 0xff;
    ROUND;
    ROUND;
    ROUND;
    ROUND;
    return a ^ b ^ c ^ d;
}

uint64_t run(uint32_t n) {
    random_text(text, sizeof text, 5);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += siphash(text + i % 4096, 1 + i % 64, i, sum);
    return sum;
}
