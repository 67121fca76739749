// Gauss's elimination with the largest pivot of n x n, and the solution of equations by it.
#include "../workload.h"

#define MOST 256
static double a[MOST][MOST], b[MOST];
static uint32_t order[MOST];

uint64_t run(uint32_t n) {
    if (n > MOST) n = MOST;
    uint32_t state = 6;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < n; j++) a[i][j] = random_float(&state) - 0.5;
        b[i] = random_float(&state);
        order[i] = i;
    }
    for (uint32_t k = 0; k < n; k++) {
        uint32_t best = k;
        for (uint32_t i = k + 1; i < n; i++) {
            if (__builtin_fabs(a[i][k]) > __builtin_fabs(a[best][k])) best = i;
        }
        if (best != k) {
            for (uint32_t j = 0; j < n; j++) {
                double old = a[k][j];
                a[k][j] = a[best][j], a[best][j] = old;
            }
            double old = b[k];
            b[k] = b[best], b[best] = old;
            uint32_t place = order[k];
            order[k] = order[best], order[best] = place;
        }
        for (uint32_t i = k + 1; i < n; i++) {
            double factor = a[i][k] /= a[k][k];
            for (uint32_t j = k + 1; j < n; j++) a[i][j] -= factor * a[k][j];
            b[i] -= factor * b[k];
        }
    }
    for (uint32_t i = n; i-- > 0;) {
        for (uint32_t j = i + 1; j < n; j++) b[i] -= a[i][j] * b[j];
        b[i] /= a[i][i];
    }
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) sum = mix_float(mix(sum, order[i]), b[i]);
    return sum;
}
