// Matrices of integers, 16 bits wide with sums of 32: product, product with extracted bits, transposition. n times.
#include "../workload.h"

#define SIDE 64
static int16_t a[SIDE][SIDE], b[SIDE][SIDE];
static int32_t c[SIDE][SIDE];

uint64_t run(uint32_t n) {
    uint32_t state = 103;
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) a[i][j] = (int16_t)random_next(&state), b[i][j] = (int16_t)random_next(&state);
    }
    uint64_t sum = 0;
    for (uint32_t turn = 0; turn < n; turn++) {
        for (int i = 0; i < SIDE; i++) {
            for (int j = 0; j < SIDE; j++) {
                uint32_t total = 0;
                for (int k = 0; k < SIDE; k++) total += (uint32_t)(a[i][k] * b[k][j]);
                c[i][j] = (int32_t)total;
            }
        }
        for (int i = 0; i < SIDE; i++) {
            for (int j = 0; j < SIDE; j++) {
                int32_t total = 0;
                for (int k = 0; k < SIDE; k++) {
                    int32_t value = a[i][k] * b[j][k];
                    total += (value >> 2 & 15) * (value >> 5 & 127);
                }
                c[i][j] ^= total;
            }
        }
        for (int i = 0; i < SIDE; i++) {
            for (int j = 0; j < i; j++) {
                int16_t old = b[i][j];
                b[i][j] = b[j][i], b[j][i] = old;
            }
            sum = mix(sum, (uint64_t)(uint32_t)c[i][(i * 7 + (int)turn) % SIDE]);
            a[i][turn % SIDE] = (int16_t)c[i][i];
        }
    }
    return sum;
}
