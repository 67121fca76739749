// n points in 8 dimensions and single precision, put into 16 clusters by their nearest centre, ten times.
#include "../workload.h"

#define MOST 8192
#define CENTRES 16
#define DIMENSIONS 8
static float points[MOST][DIMENSIONS], centres[CENTRES][DIMENSIONS], sums[CENTRES][DIMENSIONS];
static uint8_t member[MOST];
static uint32_t sizes[CENTRES];

uint64_t run(uint32_t n) {
    if (n > MOST) n = MOST;
    uint32_t state = 12;
    for (uint32_t i = 0; i < n; i++) {
        for (int d = 0; d < DIMENSIONS; d++) points[i][d] = (float)(random_float(&state) + (double)(i % 16 * d % 5));
    }
    for (int c = 0; c < CENTRES; c++) {
        for (int d = 0; d < DIMENSIONS; d++) centres[c][d] = points[(uint32_t)c * 37 % n][d];
    }
    for (int turn = 0; turn < 10; turn++) {
        for (int c = 0; c < CENTRES; c++) {
            sizes[c] = 0;
            for (int d = 0; d < DIMENSIONS; d++) sums[c][d] = 0;
        }
        for (uint32_t i = 0; i < n; i++) {
            float nearest = 1e30f;
            for (int c = 0; c < CENTRES; c++) {
                float distance = 0;
                for (int d = 0; d < DIMENSIONS; d++) {
                    float difference = points[i][d] - centres[c][d];
                    distance += difference * difference;
                }
                if (distance < nearest) nearest = distance, member[i] = (uint8_t)c;
            }
            sizes[member[i]]++;
            for (int d = 0; d < DIMENSIONS; d++) sums[member[i]][d] += points[i][d];
        }
        for (int c = 0; c < CENTRES; c++) {
            if (sizes[c] == 0) continue;
            for (int d = 0; d < DIMENSIONS; d++) centres[c][d] = sums[c][d] / (float)sizes[c];
        }
    }
    uint64_t sum = 0;
    for (int c = 0; c < CENTRES; c++) sum = mix_float(mix(sum, sizes[c]), (double)centres[c][c % DIMENSIONS]);
    return sum;
}
