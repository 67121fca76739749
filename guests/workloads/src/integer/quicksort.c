// Sorting with a function that compares, given by the caller, as qsort has it: an indirect call per comparison.
// n records, by two different orders.
#include "../workload.h"

struct record {
    uint32_t key;
    uint16_t kind, serial;
    uint64_t amount;
};
static struct record records[65536];

typedef int compare(const void *a, const void *b);

static int by_key(const void *a, const void *b) {
    uint32_t x = ((const struct record *)a)->key, y = ((const struct record *)b)->key;
    return (x > y) - (x < y);
}

static int by_kind_and_amount(const void *a, const void *b) {
    const struct record *x = a, *y = b;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    if (x->amount != y->amount) return x->amount < y->amount ? -1 : 1;
    return (x->serial > y->serial) - (x->serial < y->serial);
}

static inline void swap(char *a, char *b, size_t size) {
    for (size_t i = 0; i < size; i++) {
        char c = a[i];
        a[i] = b[i], b[i] = c;
    }
}

static NOINLINE void sort(void *base, size_t count, size_t size, compare *compare) {
    char *first = base;
    while (count > 8) {
        char *last = first + (count - 1) * size, *middle = first + count / 2 * size;
        if (compare(middle, first) < 0) swap(middle, first, size);
        if (compare(last, middle) < 0) {
            swap(last, middle, size);
            if (compare(middle, first) < 0) swap(middle, first, size);
        }
        char *pivot = last - size;
        swap(middle, pivot, size);
        char *low = first, *high = pivot;
        for (;;) {
            do low += size;
            while (compare(low, pivot) < 0);
            do high -= size;
            while (compare(pivot, high) < 0);
            if (low >= high) break;
            swap(low, high, size);
        }
        swap(low, pivot, size);
        size_t left = (size_t)(low - first) / size, right = count - left - 1;
        if (left < right) {
            sort(first, left, size, compare);
            first = low + size, count = right;
        } else {
            sort(low + size, right, size, compare);
            count = left;
        }
    }
    for (size_t i = 1; i < count; i++) {
        for (char *at = first + i * size; at > first && compare(at, at - size) < 0; at -= size) {
            swap(at, at - size, size);
        }
    }
}

uint64_t run(uint32_t n) {
    uint32_t state = 59;
    if (n > 65536) n = 65536;
    for (uint32_t i = 0; i < n; i++) {
        records[i] = (struct record){random_next(&state), random_next(&state) % 16, (uint16_t)i, random_next(&state) % 97};
    }
    uint64_t sum = 0;
    sort(records, n, sizeof records[0], by_key);
    for (uint32_t i = 0; i < n; i++) sum = mix(sum, records[i].key);
    sort(records, n, sizeof records[0], by_kind_and_amount);
    for (uint32_t i = 0; i < n; i++) sum = mix(sum, records[i].serial);
    return sum;
}
