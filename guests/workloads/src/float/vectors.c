// Products of a matrix with vectors, by rows and by columns, and sums of outer products: memory more than arithmetic.
// A matrix of n x n, ten times.
#include "../workload.h"

#define MOST 512
static double a[MOST][MOST], u[MOST], v[MOST], w[MOST], x[MOST], y[MOST], z[MOST];

uint64_t run(uint32_t n) {
    if (n > MOST) n = MOST;
    uint32_t state = 3;
    for (uint32_t i = 0; i < n; i++) {
        u[i] = random_float(&state), v[i] = random_float(&state), w[i] = random_float(&state), z[i] = 0;
        for (uint32_t j = 0; j < n; j++) a[i][j] = random_float(&state) / n;
    }
    for (int turn = 0; turn < 10; turn++) {
        for (uint32_t i = 0; i < n; i++) {
            for (uint32_t j = 0; j < n; j++) a[i][j] += u[i] * v[j] / (turn + 2) + z[i] * w[j] / n;
        }
        for (uint32_t i = 0; i < n; i++) x[i] = y[i] = 0;
        for (uint32_t i = 0; i < n; i++) {
            for (uint32_t j = 0; j < n; j++) x[i] += a[j][i] * w[j] / n;
        }
        for (uint32_t i = 0; i < n; i++) {
            double sum = 0;
            for (uint32_t j = 0; j < n; j++) sum += a[i][j] * x[j] / n;
            z[i] = sum;
        }
    }
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) sum = mix_float(mix_float(sum, x[i]), z[i]);
    return sum;
}
