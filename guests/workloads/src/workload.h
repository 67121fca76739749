// What all workloads share. A workload is one file with one function, `run`: it makes its input itself, the same on
// every machine, works on it, and returns a number that depends on everything it did, so that nothing can be left out.
// There is no library: what a workload calls is in its file or here.
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __wasm__
#define EXPORT __attribute__((export_name("run")))
#else
#define EXPORT __attribute__((visibility("default")))
#endif

// A function whose calls are what is measured.
#define NOINLINE __attribute__((noinline))

EXPORT uint64_t run(uint32_t n);

// Takes a value into a checksum.
static inline uint64_t mix(uint64_t sum, uint64_t value) {
    sum = (sum ^ value) * 0x9e3779b97f4a7c15u;
    return sum ^ (sum >> 29);
}

// Takes a number's bits into a checksum: both sides round alike.
static inline uint64_t mix_float(uint64_t sum, double value) {
    uint64_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return mix(sum, bits);
}

// A xorshift generator; the state is never 0.
static inline uint32_t random_next(uint32_t *state) {
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

// A random number in 0..1.
static inline double random_float(uint32_t *state) {
    return (double)(random_next(state) >> 8) / 16777216.0;
}

// Text as prose has it: words of some hundred different ones, with commas, full stops and line ends. Writes exactly
// `size` bytes.
static inline void random_text(uint8_t *text, uint32_t size, uint32_t seed) {
    static const char syllables[] = "taranomileksudopevifo";
    uint32_t state = seed, at = 0, words = 0;
    while (at < size) {
        uint32_t word = random_next(&state) % 300;
        word = word * word / 300;
        uint32_t length = 1 + word % 4;
        for (uint32_t i = 0; i < length && at + 2 <= size; i++) {
            uint32_t which = (word * 7 + i * 5) % 10 * 2;
            text[at++] = (uint8_t)syllables[which];
            text[at++] = (uint8_t)syllables[which + 1];
        }
        words++;
        if (at < size && words % 11 == 0) text[at++] = ',';
        if (at < size && words % 17 == 0) text[at++] = '.';
        if (at < size) text[at++] = words % 13 == 0 ? '\n' : ' ';
    }
}

#endif
