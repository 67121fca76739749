// The filters of PNG on lines of 4-byte pixels: all five tried on each line, the best kept, then undone; with the
// sums of Adler-32. n lines.
#include "../workload.h"

#define LINE 1024
static uint8_t lines[2][LINE + 4], tried[5][LINE + 4], undone[2][LINE + 4];

static inline uint8_t paeth(int a, int b, int c) {
    int p = a + b - c, pa = p - a, pb = p - b, pc = p - c;
    if (pa < 0) pa = -pa;
    if (pb < 0) pb = -pb;
    if (pc < 0) pc = -pc;
    return (uint8_t)(pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
}

// The first four bytes of a line are 0: what is left of it.
static NOINLINE void filter(int kind, const uint8_t *line, const uint8_t *above, uint8_t *out) {
    for (int i = 4; i < LINE + 4; i++) {
        uint8_t guess = 0;
        switch (kind) {
        case 1: guess = line[i - 4]; break;
        case 2: guess = above[i]; break;
        case 3: guess = (uint8_t)((line[i - 4] + above[i]) / 2); break;
        case 4: guess = paeth(line[i - 4], above[i], above[i - 4]); break;
        }
        out[i] = line[i] - guess;
    }
}

static NOINLINE void undo(int kind, const uint8_t *in, const uint8_t *above, uint8_t *line) {
    for (int i = 4; i < LINE + 4; i++) {
        uint8_t guess = 0;
        switch (kind) {
        case 1: guess = line[i - 4]; break;
        case 2: guess = above[i]; break;
        case 3: guess = (uint8_t)((line[i - 4] + above[i]) / 2); break;
        case 4: guess = paeth(line[i - 4], above[i], above[i - 4]); break;
        }
        line[i] = in[i] + guess;
    }
}

uint64_t run(uint32_t n) {
    uint32_t state = 97, adler_a = 1, adler_b = 0;
    uint64_t sum = 0;
    for (int i = 0; i < LINE + 4; i++) lines[1][i] = undone[1][i] = 0;
    for (uint32_t y = 0; y < n; y++) {
        uint8_t *line = lines[y & 1], *above = lines[~y & 1];
        for (int i = 4; i < LINE + 4; i++) {
            line[i] = (uint8_t)(above[i] + (i * (int)y >> 7) + (int)(random_next(&state) & 3));
        }
        int best = 0;
        uint32_t least = 0xffffffff;
        for (int kind = 0; kind < 5; kind++) {
            filter(kind, line, above, tried[kind]);
            uint32_t size = 0;
            for (int i = 4; i < LINE + 4; i++) {
                int8_t value = (int8_t)tried[kind][i];
                size += (uint32_t)(value < 0 ? -value : value);
            }
            if (size < least) least = size, best = kind;
        }
        for (int i = 4; i < LINE + 4; i++) {
            adler_a += tried[best][i];
            adler_b += adler_a;
        }
        adler_a %= 65521, adler_b %= 65521;
        undo(best, tried[best], undone[~y & 1], undone[y & 1]);
        uint32_t same = 0;
        for (int i = 4; i < LINE + 4; i++) same += undone[y & 1][i] == line[i];
        sum = mix(sum, (uint64_t)same << 32 | (uint32_t)best);
    }
    return mix(sum, adler_b << 16 | adler_a);
}
