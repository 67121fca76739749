// D = A B C + D in two products, in single precision, the inner loop over rows and over columns. n x n.
#include "../workload.h"

#define MOST 192
static float a[MOST][MOST], b[MOST][MOST], c[MOST][MOST], d[MOST][MOST], t[MOST][MOST];

uint64_t run(uint32_t n) {
    if (n > MOST) n = MOST;
    uint32_t state = 2;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < n; j++) {
            a[i][j] = (float)random_float(&state), b[i][j] = (float)random_float(&state);
            c[i][j] = (float)random_float(&state), d[i][j] = (float)random_float(&state);
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < n; j++) {
            t[i][j] = 0;
            for (uint32_t k = 0; k < n; k++) t[i][j] += 1.5f * a[i][k] * b[k][j];
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < n; j++) {
            d[i][j] *= 1.2f;
            for (uint32_t k = 0; k < n; k++) d[i][j] += t[i][k] * c[k][j];
        }
    }
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) sum = mix_float(sum, (double)d[i][n - 1 - i]);
    return sum;
}
