// Backtracking: all ways to put n queens on a board, once by bits and once by arrays of what is attacked.
#include "../workload.h"

static uint32_t size;
static uint8_t columns[32], rising[64], falling[64];

static uint64_t by_bits(uint32_t taken, uint32_t left, uint32_t right) {
    uint32_t all = ((uint32_t)1 << size) - 1;
    if (taken == all) return 1;
    uint64_t ways = 0;
    for (uint32_t free = all & ~(taken | left | right); free; free &= free - 1) {
        uint32_t place = free & -free;
        ways += by_bits(taken | place, (left | place) << 1, (right | place) >> 1);
    }
    return ways;
}

static uint64_t by_arrays(uint32_t row) {
    if (row == size) return 1;
    uint64_t ways = 0;
    for (uint32_t column = 0; column < size; column++) {
        if (columns[column] || rising[row + column] || falling[row + size - column]) continue;
        columns[column] = rising[row + column] = falling[row + size - column] = 1;
        ways += by_arrays(row + 1);
        columns[column] = rising[row + column] = falling[row + size - column] = 0;
    }
    return ways;
}

uint64_t run(uint32_t n) {
    size = n;
    uint64_t a = by_bits(0, 0, 0), b = by_arrays(0);
    return a << 32 | b;
}
