// The core of a picture's lossy compression: cosine transform of 8 x 8 blocks in integers, quantisation, the zigzag,
// lengths of zeros; and back. 128 x 128 points, n times.
#include "../workload.h"

#define SIDE 128
static uint8_t picture[SIDE][SIDE], result[SIDE][SIDE];
static uint8_t zigzag[64], stream[SIDE * SIDE * 2];
// cos(k * pi / 16) times 2^12.
static const int32_t cosine[8] = {4096, 4017, 3784, 3406, 2896, 2276, 1567, 799};
static int32_t basis[8][8];

static void make_tables(void) {
    for (int k = 0; k < 8; k++) {
        for (int x = 0; x < 8; x++) {
            int angle = (2 * x + 1) * k % 32, sign = 1;
            if (angle > 16) angle = 32 - angle;
            if (angle > 8) angle = 16 - angle, sign = -1;
            basis[k][x] = k == 0 ? 2896 : angle == 8 ? 0 : sign * cosine[angle];
        }
    }
    int x = 0, y = 0;
    for (int i = 0; i < 64; i++) {
        zigzag[i] = (uint8_t)(y * 8 + x);
        if ((x + y) % 2 == 0) {
            if (x == 7) y++;
            else if (y == 0) x++;
            else x++, y--;
        } else {
            if (y == 7) x++;
            else if (x == 0) y++;
            else x--, y++;
        }
    }
}

static NOINLINE void forward(const int32_t in[64], int32_t out[64]) {
    int32_t rows[64];
    for (int y = 0; y < 8; y++) {
        for (int k = 0; k < 8; k++) {
            int32_t sum = 0;
            for (int x = 0; x < 8; x++) sum += in[y * 8 + x] * basis[k][x];
            rows[y * 8 + k] = (sum + 1024) >> 11;
        }
    }
    for (int k = 0; k < 8; k++) {
        for (int x = 0; x < 8; x++) {
            int32_t sum = 0;
            for (int y = 0; y < 8; y++) sum += rows[y * 8 + x] * basis[k][y];
            out[k * 8 + x] = (sum + 16384) >> 15;
        }
    }
}

static NOINLINE void backward(const int32_t in[64], int32_t out[64]) {
    int32_t rows[64];
    for (int k = 0; k < 8; k++) {
        for (int x = 0; x < 8; x++) {
            int32_t sum = 0;
            for (int j = 0; j < 8; j++) sum += in[k * 8 + j] * basis[j][x];
            rows[k * 8 + x] = (sum + 1024) >> 11;
        }
    }
    for (int x = 0; x < 8; x++) {
        for (int y = 0; y < 8; y++) {
            int32_t sum = 0;
            for (int k = 0; k < 8; k++) sum += rows[k * 8 + x] * basis[k][y];
            out[y * 8 + x] = (sum + 16384) >> 15;
        }
    }
}

uint64_t run(uint32_t n) {
    make_tables();
    uint32_t state = 89;
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            picture[y][x] = (uint8_t)((x * y / 64 + (x ^ y) + (int)(random_next(&state) % 16)) & 255);
        }
    }
    uint64_t sum = 0;
    for (uint32_t turn = 0; turn < n; turn++) {
        uint32_t end = 0;
        for (int top = 0; top < SIDE; top += 8) {
            for (int left = 0; left < SIDE; left += 8) {
                int32_t points[64], frequencies[64];
                for (int i = 0; i < 64; i++) points[i] = picture[top + i / 8][left + i % 8] - 128;
                forward(points, frequencies);
                uint32_t zeros = 0;
                for (int i = 0; i < 64; i++) {
                    int at = zigzag[i], step = 8 + at / 8 * 3 + at % 8 * 3;
                    int32_t level = frequencies[at] / step;
                    frequencies[at] = level * step;
                    if (level == 0) {
                        zeros++;
                        continue;
                    }
                    stream[end++] = (uint8_t)zeros;
                    stream[end++] = (uint8_t)level;
                    zeros = 0;
                }
                backward(frequencies, points);
                for (int i = 0; i < 64; i++) {
                    int32_t point = points[i] + 128;
                    result[top + i / 8][left + i % 8] = (uint8_t)(point < 0 ? 0 : point > 255 ? 255 : point);
                }
            }
        }
        uint64_t error = 0;
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                int32_t difference = picture[y][x] - result[y][x];
                error += (uint64_t)(uint32_t)(difference * difference);
            }
        }
        sum = mix(mix(sum, end), error);
        picture[turn % SIDE][turn / 2 % SIDE] ^= 0x55;
    }
    return sum;
}
