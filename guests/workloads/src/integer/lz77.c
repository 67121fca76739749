// Compression with a window and a hash of three bytes, and decompression, of 64 KiB of text, n times; compared.
// The format: a control byte per eight items, a literal byte or a match (12 bits of distance, 4 of length) each.
#include "../workload.h"

#define SIZE 65536
static uint8_t text[SIZE], packed[SIZE + SIZE / 8 + 16], unpacked[SIZE];
static int32_t head[4096], chain[SIZE];

static inline uint32_t hash3(const uint8_t *at) {
    return ((uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2]) * 2654435761u >> 20;
}

static NOINLINE uint32_t pack(const uint8_t *in, uint32_t size, uint8_t *out) {
    for (int i = 0; i < 4096; i++) head[i] = -1;
    uint32_t at = 0, end = 0, control = 0, items = 8;
    while (at < size) {
        if (items == 8) control = end++, out[control] = 0, items = 0;
        uint32_t best = 0, from = 0;
        uint32_t most = size - at < 18 ? size - at : 18;
        if (most >= 3) {
            int32_t candidate = head[hash3(in + at)];
            for (int tries = 0; tries < 16 && candidate >= 0 && at - (uint32_t)candidate < 4096; tries++) {
                uint32_t length = 0;
                while (length < most && in[(uint32_t)candidate + length] == in[at + length]) length++;
                if (length > best) best = length, from = at - (uint32_t)candidate;
                if (length == most) break;
                candidate = chain[candidate];
            }
        }
        uint32_t step = 1;
        if (best >= 3) {
            out[control] |= (uint8_t)(1 << items);
            out[end++] = (uint8_t)from;
            out[end++] = (uint8_t)(from >> 8 << 4 | (best - 3));
            step = best;
        } else {
            out[end++] = in[at];
        }
        items++;
        for (uint32_t i = 0; i < step; i++, at++) {
            if (at + 3 > size) continue;
            uint32_t slot = hash3(in + at);
            chain[at] = head[slot];
            head[slot] = (int32_t)at;
        }
    }
    return end;
}

static NOINLINE uint32_t unpack(const uint8_t *in, uint32_t size, uint8_t *out, uint32_t room) {
    uint32_t at = 0, end = 0;
    while (at < size) {
        uint32_t control = in[at++];
        for (int item = 0; item < 8 && at < size; item++, control >>= 1) {
            if (control & 1) {
                uint32_t from = in[at] | (uint32_t)(in[at + 1] >> 4) << 8, length = (in[at + 1] & 15u) + 3;
                at += 2;
                if (from == 0 || from > end || length > room - end) return 0;
                for (uint32_t i = 0; i < length; i++, end++) out[end] = out[end - from];
            } else {
                if (end == room) return 0;
                out[end++] = in[at++];
            }
        }
    }
    return end;
}

uint64_t run(uint32_t n) {
    uint64_t sum = 0;
    for (uint32_t turn = 0; turn < n; turn++) {
        random_text(text, SIZE, turn + 1);
        uint32_t size = pack(text, SIZE, packed);
        uint32_t back = unpack(packed, size, unpacked, SIZE);
        uint32_t same = 0;
        for (uint32_t i = 0; i < SIZE; i++) same += text[i] == unpacked[i];
        sum = mix(mix(mix(sum, size), back), same);
    }
    return sum;
}
