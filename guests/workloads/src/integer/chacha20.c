// ChaCha20 (RFC 8439): n blocks of key stream over a message; 16 words that want to be in registers.
#include "../workload.h"

static uint8_t message[4096];

static inline uint32_t rotate(uint32_t x, int by) { return x << by | x >> (32 - by); }

#define QUARTER(a, b, c, d)                      \
    do {                                         \
        a += b, d = rotate(d ^ a, 16);           \
        c += d, b = rotate(b ^ c, 12);           \
        a += b, d = rotate(d ^ a, 8);            \
        c += d, b = rotate(b ^ c, 7);            \
    } while (0)

static void block(const uint32_t key[16], uint8_t *out) {
    uint32_t x[16];
    for (int i = 0; i < 16; i++) x[i] = key[i];
    for (int round = 0; round < 10; round++) {
        QUARTER(x[0], x[4], x[8], x[12]);
        QUARTER(x[1], x[5], x[9], x[13]);
        QUARTER(x[2], x[6], x[10], x[14]);
        QUARTER(x[3], x[7], x[11], x[15]);
        QUARTER(x[0], x[5], x[10], x[15]);
        QUARTER(x[1], x[6], x[11], x[12]);
        QUARTER(x[2], x[7], x[8], x[13]);
        QUARTER(x[3], x[4], x[9], x[14]);
    }
    for (int i = 0; i < 16; i++) {
        uint32_t word;
        __builtin_memcpy(&word, out + 4 * i, 4);
        word ^= x[i] + key[i];
        __builtin_memcpy(out + 4 * i, &word, 4);
    }
}

uint64_t run(uint32_t n) {
    uint32_t seed = 17, key[16];
    for (int i = 0; i < 16; i++) key[i] = random_next(&seed);
    random_text(message, sizeof message, 17);
    for (uint32_t i = 0; i < n; i++) {
        key[12] = i;
        block(key, message + i * 64 % sizeof message);
    }
    uint64_t sum = 0;
    for (uint32_t i = 0; i < sizeof message; i++) sum = mix(sum, message[i]);
    return sum;
}
