// The product of two matrices of n x n, added to a third, as the definition says; then a second time, transposed.
#include "../workload.h"

#define MOST 192
static double a[MOST][MOST], b[MOST][MOST], c[MOST][MOST];

uint64_t run(uint32_t n) {
    if (n > MOST) n = MOST;
    uint32_t state = 1;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < n; j++) {
            a[i][j] = random_float(&state), b[i][j] = random_float(&state), c[i][j] = random_float(&state);
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < n; j++) c[i][j] *= 1.2;
        for (uint32_t k = 0; k < n; k++) {
            for (uint32_t j = 0; j < n; j++) c[i][j] += 1.5 * a[i][k] * b[k][j];
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < n; j++) {
            double sum = 0;
            for (uint32_t k = 0; k < n; k++) sum += c[i][k] * a[k][j];
            b[i][j] = sum;
        }
    }
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) sum = mix_float(mix_float(sum, c[i][n - 1 - i]), b[i][i]);
    return sum;
}
