// Calls and little else: Fibonacci numbers, Ackermann's and Takeuchi's functions, and two that call each other.
#include "../workload.h"

static NOINLINE uint32_t fibonacci(uint32_t n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

static NOINLINE uint32_t ackermann(uint32_t m, uint32_t n) {
    if (m == 0) return n + 1;
    if (n == 0) return ackermann(m - 1, 1);
    return ackermann(m - 1, ackermann(m, n - 1));
}

static NOINLINE int32_t takeuchi(int32_t x, int32_t y, int32_t z) {
    if (y >= x) return z;
    return takeuchi(takeuchi(x - 1, y, z), takeuchi(y - 1, z, x), takeuchi(z - 1, x, y));
}

static uint32_t male(uint32_t n);
static NOINLINE uint32_t female(uint32_t n) { return n == 0 ? 1 : n - male(female(n - 1)); }
static NOINLINE uint32_t male(uint32_t n) { return n == 0 ? 0 : n - female(male(n - 1)); }

uint64_t run(uint32_t n) {
    uint64_t sum = fibonacci(n);
    sum = mix(sum, ackermann(2, 5 * n));
    sum = mix(sum, (uint64_t)takeuchi((int32_t)n / 2 + 4, (int32_t)n / 3, 2));
    return mix(sum, female(3 * n));
}
