// The fast Fourier transform of 4,096 complex numbers there and back, n times.
#include "../workload.h"

#define SIZE 4096
static double re[SIZE], im[SIZE], cosines[SIZE / 2], sines[SIZE / 2];

// Cosine and sine of multiples of the whole turn's SIZE-th, by halving angles and adding them.
static void make_table(void) {
    double c[13], s[13];
    c[0] = 1, s[0] = 0;    // A whole turn,
    c[1] = -1, s[1] = 0;   // a half,
    c[2] = 0, s[2] = 1;    // a quarter, and on.
    for (int i = 3; i <= 12; i++) {
        c[i] = __builtin_sqrt((1 + c[i - 1]) / 2);
        s[i] = s[i - 1] / (2 * c[i]);
    }
    for (uint32_t i = 0; i < SIZE / 2; i++) {
        double x = 1, y = 0;
        for (int bit = 0; bit < 12; bit++) {
            if (!(i >> bit & 1)) continue;
            double next = x * c[12 - bit] - y * s[12 - bit];
            y = x * s[12 - bit] + y * c[12 - bit];
            x = next;
        }
        cosines[i] = x, sines[i] = y;
    }
}

static NOINLINE void transform(double sign) {
    for (uint32_t i = 1, j = 0; i < SIZE; i++) {
        uint32_t bit = SIZE / 2;
        for (; j & bit; bit /= 2) j ^= bit;
        j ^= bit;
        if (i >= j) continue;
        double x = re[i], y = im[i];
        re[i] = re[j], im[i] = im[j];
        re[j] = x, im[j] = y;
    }
    for (uint32_t length = 2; length <= SIZE; length *= 2) {
        uint32_t stride = SIZE / length;
        for (uint32_t start = 0; start < SIZE; start += length) {
            for (uint32_t k = 0; k < length / 2; k++) {
                double c = cosines[k * stride], s = sign * sines[k * stride];
                uint32_t i = start + k, j = i + length / 2;
                double x = re[j] * c - im[j] * s, y = re[j] * s + im[j] * c;
                re[j] = re[i] - x, im[j] = im[i] - y;
                re[i] += x, im[i] += y;
            }
        }
    }
}

uint64_t run(uint32_t n) {
    make_table();
    uint32_t state = 8;
    for (int i = 0; i < SIZE; i++) re[i] = random_float(&state), im[i] = 0;
    uint64_t sum = 0;
    for (uint32_t turn = 0; turn < n; turn++) {
        transform(-1);
        sum = mix_float(mix_float(sum, re[turn % SIZE]), im[1]);
        transform(1);
        for (int i = 0; i < SIZE; i++) re[i] /= SIZE, im[i] /= SIZE;
    }
    return mix_float(sum, re[77]);
}
