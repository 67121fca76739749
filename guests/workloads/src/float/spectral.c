// The largest singular value of an infinite matrix's first n x n entries, which are computed when they are needed:
// a division each.
#include "../workload.h"

#define MOST 1024
static double u[MOST], v[MOST], t[MOST];

static inline double entry(uint32_t i, uint32_t j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }

static NOINLINE void multiply(const double *in, double *out, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        double sum = 0;
        for (uint32_t j = 0; j < n; j++) sum += entry(i, j) * in[j];
        out[i] = sum;
    }
}

static NOINLINE void multiply_transposed(const double *in, double *out, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        double sum = 0;
        for (uint32_t j = 0; j < n; j++) sum += entry(j, i) * in[j];
        out[i] = sum;
    }
}

uint64_t run(uint32_t n) {
    if (n > MOST) n = MOST;
    for (uint32_t i = 0; i < n; i++) u[i] = 1;
    for (int turn = 0; turn < 10; turn++) {
        multiply(u, t, n);
        multiply_transposed(t, v, n);
        multiply(v, t, n);
        multiply_transposed(t, u, n);
    }
    double uv = 0, vv = 0;
    for (uint32_t i = 0; i < n; i++) uv += u[i] * v[i], vv += v[i] * v[i];
    return mix_float(0, __builtin_sqrt(uv / vv));
}
