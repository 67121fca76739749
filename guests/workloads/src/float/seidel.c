// Nine points averaged in place on a grid of 120 x 120, n times: each sum waits for the one before.
#include "../workload.h"

#define SIDE 120
static double a[SIDE][SIDE];

uint64_t run(uint32_t n) {
    uint32_t state = 5;
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) a[i][j] = random_float(&state);
    }
    for (uint32_t turn = 0; turn < n; turn++) {
        for (int i = 1; i < SIDE - 1; i++) {
            for (int j = 1; j < SIDE - 1; j++) {
                double above = a[i - 1][j - 1] + a[i - 1][j] + a[i - 1][j + 1];
                double here = a[i][j - 1] + a[i][j] + a[i][j + 1];
                double below = a[i + 1][j - 1] + a[i + 1][j] + a[i + 1][j + 1];
                a[i][j] = (above + here + below) / 9.0;
            }
        }
    }
    uint64_t sum = 0;
    for (int i = 0; i < SIDE; i++) sum = mix_float(sum, a[i][(i * 7) % SIDE]);
    return sum;
}
