// Conway's game on a board of 256 x 256 that wraps around, a byte per cell; n generations.
#include "../workload.h"

#define SIDE 256
static uint8_t boards[2][SIDE][SIDE];

uint64_t run(uint32_t n) {
    uint32_t state = 107;
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) boards[0][y][x] = random_next(&state) >> 8 & 1;
    }
    for (uint32_t turn = 0; turn < n; turn++) {
        uint8_t(*now)[SIDE] = boards[turn & 1], (*next)[SIDE] = boards[~turn & 1];
        for (int y = 0; y < SIDE; y++) {
            const uint8_t *above = now[(y + SIDE - 1) % SIDE], *below = now[(y + 1) % SIDE];
            for (int x = 0; x < SIDE; x++) {
                int left = (x + SIDE - 1) % SIDE, right = (x + 1) % SIDE;
                int around = above[left] + above[x] + above[right] + now[y][left] + now[y][right] + below[left] +
                             below[x] + below[right];
                next[y][x] = around == 3 || (around == 2 && now[y][x]);
            }
        }
    }
    uint64_t sum = 0;
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) sum = sum * 3 + boards[n & 1][y][x];
    }
    return sum;
}
