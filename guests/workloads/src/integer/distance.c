// Dynamic programming: the edit distance and the longest common subsequence of two texts of n bytes.
#include "../workload.h"

#define MOST 4096
static uint8_t a[MOST], b[MOST];
static uint32_t row[MOST + 1];
static uint16_t common[2][MOST + 1];

uint64_t run(uint32_t n) {
    if (n > MOST) n = MOST;
    random_text(a, n, 61);
    random_text(b, n, 67);
    for (uint32_t j = 0; j <= n; j++) row[j] = j, common[0][j] = 0;
    for (uint32_t i = 1; i <= n; i++) {
        uint32_t diagonal = row[0];
        row[0] = i;
        for (uint32_t j = 1; j <= n; j++) {
            uint32_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    for (uint32_t i = 1; i <= n; i++) {
        const uint16_t *above = common[~i & 1];
        uint16_t *now = common[i & 1];
        now[0] = 0;
        for (uint32_t j = 1; j <= n; j++) {
            if (a[i - 1] == b[j - 1]) now[j] = above[j - 1] + 1;
            else now[j] = above[j] > now[j - 1] ? above[j] : now[j - 1];
        }
    }
    return mix(row[n], common[n & 1][n]);
}
