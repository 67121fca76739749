// The Cholesky decomposition of a symmetric matrix of n x n: triangular loops, square roots and divisions.
#include "../workload.h"

#define MOST 256
static double a[MOST][MOST];

uint64_t run(uint32_t n) {
    if (n > MOST) n = MOST;
    uint32_t state = 7;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j <= i; j++) a[i][j] = a[j][i] = random_float(&state);
        a[i][i] += n;
    }
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < i; j++) {
            for (uint32_t k = 0; k < j; k++) a[i][j] -= a[i][k] * a[j][k];
            a[i][j] /= a[j][j];
        }
        for (uint32_t k = 0; k < i; k++) a[i][i] -= a[i][k] * a[i][k];
        a[i][i] = __builtin_sqrt(a[i][i]);
    }
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j <= i; j += 5) sum = mix_float(sum, a[i][j]);
    }
    return sum;
}
