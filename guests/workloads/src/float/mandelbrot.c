// The Mandelbrot set on n x n points, at most 200 steps each: registers only, a branch per step.
#include "../workload.h"

uint64_t run(uint32_t n) {
    uint64_t sum = 0;
    for (uint32_t row = 0; row < n; row++) {
        for (uint32_t column = 0; column < n; column++) {
            double cr = 3.0 * column / n - 2.0, ci = 2.4 * row / n - 1.2;
            double r = 0, i = 0, rr = 0, ii = 0;
            uint32_t steps = 0;
            while (steps < 200 && rr + ii <= 4.0) {
                i = 2 * r * i + ci;
                r = rr - ii + cr;
                rr = r * r, ii = i * i;
                steps++;
            }
            sum = sum * 31 + steps;
        }
    }
    return sum;
}
