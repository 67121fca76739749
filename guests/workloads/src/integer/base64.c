// Base64 there and back (RFC 4648), 48 KiB, n times: shifts, tables and bytes.
#include "../workload.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static uint8_t data[49152], text[65536], back[49152], values[256];

static NOINLINE uint32_t encode(const uint8_t *in, uint32_t size, uint8_t *out) {
    uint32_t end = 0, at = 0;
    for (; at + 3 <= size; at += 3) {
        uint32_t group = (uint32_t)in[at] << 16 | (uint32_t)in[at + 1] << 8 | in[at + 2];
        out[end++] = (uint8_t)alphabet[group >> 18];
        out[end++] = (uint8_t)alphabet[group >> 12 & 63];
        out[end++] = (uint8_t)alphabet[group >> 6 & 63];
        out[end++] = (uint8_t)alphabet[group & 63];
    }
    if (at < size) {
        uint32_t group = (uint32_t)in[at] << 16 | (at + 1 < size ? (uint32_t)in[at + 1] << 8 : 0);
        out[end++] = (uint8_t)alphabet[group >> 18];
        out[end++] = (uint8_t)alphabet[group >> 12 & 63];
        out[end++] = at + 1 < size ? (uint8_t)alphabet[group >> 6 & 63] : '=';
        out[end++] = '=';
    }
    return end;
}

static NOINLINE uint32_t decode(const uint8_t *in, uint32_t size, uint8_t *out) {
    uint32_t end = 0, group = 0, bits = 0;
    for (uint32_t at = 0; at < size && in[at] != '='; at++) {
        uint8_t value = values[in[at]];
        if (value == 255) return 0;
        group = group << 6 | value;
        bits += 6;
        if (bits >= 8) bits -= 8, out[end++] = (uint8_t)(group >> bits);
    }
    return end;
}

uint64_t run(uint32_t n) {
    for (int i = 0; i < 256; i++) values[i] = 255;
    for (int i = 0; i < 64; i++) values[(uint8_t)alphabet[i]] = (uint8_t)i;
    uint32_t state = 83;
    for (uint32_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(random_next(&state) >> 9);
    uint64_t sum = 0;
    for (uint32_t turn = 0; turn < n; turn++) {
        uint32_t size = sizeof data - turn % 3;
        uint32_t length = encode(data, size, text), after = decode(text, length, back);
        uint32_t same = 0;
        for (uint32_t i = 0; i < after; i++) same += data[i] == back[i];
        sum = mix(mix(sum, length), same);
        data[turn % sizeof data] ^= text[length / 2];
    }
    return sum;
}
