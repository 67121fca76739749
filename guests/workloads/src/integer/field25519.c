// Arithmetic modulo 2^255 - 19 in five limbs of 51 bits, products of 128 bits: n steps of the Montgomery ladder of
// X25519, as a key exchange makes them.
#include "../workload.h"

typedef unsigned __int128 wide;
typedef struct {
    uint64_t limb[5];
} element;

#define MASK (((uint64_t)1 << 51) - 1)

static element add(const element *a, const element *b) {
    element sum;
    for (int i = 0; i < 5; i++) sum.limb[i] = a->limb[i] + b->limb[i];
    return sum;
}

// A difference: 8 times the prime keeps limbs from going below 0.
static element sub(const element *a, const element *b) {
    element difference;
    for (int i = 0; i < 5; i++) {
        uint64_t prime = i == 0 ? (uint64_t)0x7ffffffffffed << 3 : (uint64_t)0x7ffffffffffff << 3;
        difference.limb[i] = a->limb[i] + prime - b->limb[i];
    }
    return difference;
}

static element carried(wide t[5]) {
    element result;
    for (int i = 0; i < 4; i++) t[i + 1] += t[i] >> 51;
    uint64_t carry = (uint64_t)(t[4] >> 51);
    for (int i = 0; i < 5; i++) result.limb[i] = (uint64_t)t[i] & MASK;
    result.limb[0] += carry * 19;
    result.limb[1] += result.limb[0] >> 51;
    result.limb[0] &= MASK;
    return result;
}

static NOINLINE element multiply(const element *x, const element *y) {
    const uint64_t *a = x->limb, *b = y->limb;
    uint64_t b1 = b[1] * 19, b2 = b[2] * 19, b3 = b[3] * 19, b4 = b[4] * 19;
    wide t[5];
    t[0] = (wide)a[0] * b[0] + (wide)a[1] * b4 + (wide)a[2] * b3 + (wide)a[3] * b2 + (wide)a[4] * b1;
    t[1] = (wide)a[0] * b[1] + (wide)a[1] * b[0] + (wide)a[2] * b4 + (wide)a[3] * b3 + (wide)a[4] * b2;
    t[2] = (wide)a[0] * b[2] + (wide)a[1] * b[1] + (wide)a[2] * b[0] + (wide)a[3] * b4 + (wide)a[4] * b3;
    t[3] = (wide)a[0] * b[3] + (wide)a[1] * b[2] + (wide)a[2] * b[1] + (wide)a[3] * b[0] + (wide)a[4] * b4;
    t[4] = (wide)a[0] * b[4] + (wide)a[1] * b[3] + (wide)a[2] * b[2] + (wide)a[3] * b[1] + (wide)a[4] * b[0];
    return carried(t);
}

static element times_121665(const element *a) {
    wide t[5];
    for (int i = 0; i < 5; i++) t[i] = (wide)a->limb[i] * 121665;
    return carried(t);
}

static void swap(element *a, element *b, uint64_t whether) {
    uint64_t mask = 0 - whether;
    for (int i = 0; i < 5; i++) {
        uint64_t bits = mask & (a->limb[i] ^ b->limb[i]);
        a->limb[i] ^= bits, b->limb[i] ^= bits;
    }
}

uint64_t run(uint32_t n) {
    element base = {{9, 0, 0, 0, 0}}, x2 = {{1, 0, 0, 0, 0}}, z2 = {{0}}, x3 = base, z3 = x2;
    uint32_t state = 73;
    for (uint32_t step = 0; step < n; step++) {
        uint64_t bit = random_next(&state) & 1;
        swap(&x2, &x3, bit);
        swap(&z2, &z3, bit);
        element a = add(&x2, &z2), b = sub(&x2, &z2), c = add(&x3, &z3), d = sub(&x3, &z3);
        element aa = multiply(&a, &a), bb = multiply(&b, &b);
        element e = sub(&aa, &bb);
        element da = multiply(&d, &a), cb = multiply(&c, &b);
        element s = add(&da, &cb), t = sub(&da, &cb);
        x3 = multiply(&s, &s);
        t = multiply(&t, &t);
        z3 = multiply(&base, &t);
        x2 = multiply(&aa, &bb);
        element f = times_121665(&e);
        f = add(&aa, &f);
        z2 = multiply(&e, &f);
        swap(&x2, &x3, bit);
        swap(&z2, &z3, bit);
    }
    uint64_t sum = 0;
    for (int i = 0; i < 5; i++) sum = mix(mix(sum, x2.limb[i]), z2.limb[i]);
    return sum;
}
