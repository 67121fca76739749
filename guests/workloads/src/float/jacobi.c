// The heat equation on a grid of 200 x 200: five points averaged from one grid into another, n times and back.
#include "../workload.h"

#define SIDE 200
static double a[SIDE][SIDE], b[SIDE][SIDE];

static void step(double (*to)[SIDE], double (*from)[SIDE]) {
    for (int i = 1; i < SIDE - 1; i++) {
        for (int j = 1; j < SIDE - 1; j++) {
            to[i][j] = 0.2 * (from[i][j] + from[i][j - 1] + from[i][j + 1] + from[i + 1][j] + from[i - 1][j]);
        }
    }
}

uint64_t run(uint32_t n) {
    uint32_t state = 4;
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) a[i][j] = b[i][j] = random_float(&state);
    }
    for (uint32_t turn = 0; turn < n; turn++) step(b, a), step(a, b);
    uint64_t sum = 0;
    for (int i = 0; i < SIDE; i++) sum = mix_float(sum, a[i][(i * 7) % SIDE]);
    return sum;
}
