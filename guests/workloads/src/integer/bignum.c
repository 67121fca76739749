// Numbers of n limbs of 32 bits: multiplied by the school's method, reduced by Montgomery's, printed in decimal.
#include "../workload.h"

#define MOST 256
static uint32_t a[MOST], b[MOST], modulus[MOST], product[2 * MOST + 1], decimal[3 * MOST];

static NOINLINE void multiply(uint32_t *out, const uint32_t *x, const uint32_t *y, uint32_t n) {
    for (uint32_t i = 0; i < 2 * n; i++) out[i] = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t carry = 0;
        for (uint32_t j = 0; j < n; j++) {
            carry += (uint64_t)x[i] * y[j] + out[i + j];
            out[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        out[i + n] = (uint32_t)carry;
    }
}

static NOINLINE void reduce(uint32_t *t, const uint32_t *m, uint32_t inverse, uint32_t n) {
    t[2 * n] = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t factor = t[i] * inverse;
        uint64_t carry = 0;
        for (uint32_t j = 0; j < n; j++) {
            carry += (uint64_t)factor * m[j] + t[i + j];
            t[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        for (uint32_t j = i + n; carry; j++) {
            carry += t[j];
            t[j] = (uint32_t)carry;
            carry >>= 32;
        }
    }
    // The result is the upper half, less the modulus if it is no smaller.
    int larger = t[2 * n] != 0;
    for (uint32_t j = n; !larger && j-- > 0;) {
        if (t[n + j] != m[j]) {
            larger = t[n + j] > m[j];
            break;
        }
    }
    if (!larger) return;
    int64_t borrow = 0;
    for (uint32_t j = 0; j < n; j++) {
        borrow += (int64_t)t[n + j] - m[j];
        t[n + j] = (uint32_t)borrow;
        borrow >>= 32;
    }
}

uint64_t run(uint32_t n) {
    if (n > MOST) n = MOST;
    uint32_t state = 79;
    for (uint32_t i = 0; i < n; i++) {
        a[i] = random_next(&state), b[i] = random_next(&state), modulus[i] = random_next(&state);
    }
    modulus[0] |= 1, modulus[n - 1] |= 0x80000000;
    uint32_t inverse = 1;
    for (int i = 0; i < 5; i++) inverse *= 2 - modulus[0] * inverse;
    inverse = -inverse;
    for (int turn = 0; turn < 64; turn++) {
        multiply(product, a, b, n);
        reduce(product, modulus, inverse, n);
        for (uint32_t i = 0; i < n; i++) b[i] = product[n + i] ^ (i ? 0 : turn);
    }
    uint32_t digits = 0, top = n;
    while (top) {
        uint64_t rest = 0;
        for (uint32_t i = top; i-- > 0;) {
            rest = rest << 32 | b[i];
            b[i] = (uint32_t)(rest / 1000000000);
            rest %= 1000000000;
        }
        decimal[digits++] = (uint32_t)rest;
        while (top && b[top - 1] == 0) top--;
    }
    uint64_t sum = digits;
    for (uint32_t i = 0; i < digits; i++) sum = mix(sum, decimal[i]);
    return sum;
}
