// A heap, a radix sort and a binary search over n numbers: memory and simple loops.
#include "../workload.h"

#define MOST 131072
static uint32_t numbers[MOST], other[MOST], heap[MOST + 1];

uint64_t run(uint32_t n) {
    if (n > MOST) n = MOST;
    uint32_t state = 109, count = 0;
    for (uint32_t i = 0; i < n; i++) numbers[i] = random_next(&state);
    // A heap of the smaller half.
    for (uint32_t i = 0; i < n; i++) {
        if (count < n / 2) {
            uint32_t at = ++count;
            for (; at > 1 && heap[at / 2] < numbers[i]; at /= 2) heap[at] = heap[at / 2];
            heap[at] = numbers[i];
        } else if (numbers[i] < heap[1]) {
            uint32_t at = 1;
            for (uint32_t child; (child = 2 * at) <= count; at = child) {
                if (child < count && heap[child + 1] > heap[child]) child++;
                if (heap[child] <= numbers[i]) break;
                heap[at] = heap[child];
            }
            heap[at] = numbers[i];
        }
    }
    uint64_t sum = heap[1];
    uint32_t *from = numbers, *to = other;
    for (int shift = 0; shift < 32; shift += 8) {
        uint32_t places[256] = {0}, total = 0;
        for (uint32_t i = 0; i < n; i++) places[from[i] >> shift & 255]++;
        for (int i = 0; i < 256; i++) {
            uint32_t here = places[i];
            places[i] = total, total += here;
        }
        for (uint32_t i = 0; i < n; i++) to[places[from[i] >> shift & 255]++] = from[i];
        uint32_t *old = from;
        from = to, to = old;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t wanted = random_next(&state), low = 0, high = n;
        while (low < high) {
            uint32_t middle = low + (high - low) / 2;
            if (from[middle] < wanted) low = middle + 1;
            else high = middle;
        }
        sum = mix(sum, low);
    }
    return sum;
}
