// The shortest ways between all pairs of n places (Floyd and Warshall): additions, comparisons, memory.
#include "../workload.h"

#define MOST 256
static double way[MOST][MOST];

uint64_t run(uint32_t n) {
    if (n > MOST) n = MOST;
    uint32_t state = 10;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < n; j++) way[i][j] = random_next(&state) % 8 == 0 ? random_float(&state) : 100.0;
        way[i][i] = 0;
    }
    for (uint32_t k = 0; k < n; k++) {
        for (uint32_t i = 0; i < n; i++) {
            for (uint32_t j = 0; j < n; j++) {
                double through = way[i][k] + way[k][j];
                if (through < way[i][j]) way[i][j] = through;
            }
        }
    }
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) sum = mix_float(sum, way[i][(i * 11 + 5) % n]);
    return sum;
}
