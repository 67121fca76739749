// Huffman coding of 64 KiB of text and back, n times: a tree by two queues, bits one by one into words, the tree
// walked bit by bit.
#include "../workload.h"

#define SIZE 65536
static uint8_t text[SIZE], back[SIZE];
static uint32_t bits[SIZE / 2];

struct node {
    uint32_t weight;
    int16_t left, right; // Children, or -1 and a byte.
};
static struct node nodes[511];
static uint32_t code[256];
static uint8_t length[256];

static void assign(int at, uint32_t prefix, uint8_t depth) {
    if (nodes[at].left < 0) {
        code[nodes[at].right] = prefix;
        length[nodes[at].right] = depth;
        return;
    }
    assign(nodes[at].left, prefix, depth + 1);
    assign(nodes[at].right, prefix | (uint32_t)1 << depth, depth + 1);
}

// The root of the tree for these frequencies.
static int make_tree(const uint32_t frequency[256]) {
    int leaves = 0;
    for (int byte = 0; byte < 256; byte++) {
        if (frequency[byte] == 0) continue;
        struct node leaf = {frequency[byte], -1, (int16_t)byte};
        int at = leaves++;
        while (at > 0 && nodes[at - 1].weight > leaf.weight) nodes[at] = nodes[at - 1], at--;
        nodes[at] = leaf;
    }
    int next = 0, made = leaves, end = leaves;
    for (int i = 1; i < leaves; i++) {
        int16_t pair[2];
        for (int which = 0; which < 2; which++) {
            if (next < leaves && (made == end || nodes[next].weight <= nodes[made].weight)) {
                pair[which] = (int16_t)next++;
            } else {
                pair[which] = (int16_t)made++;
            }
        }
        nodes[end++] = (struct node){nodes[pair[0]].weight + nodes[pair[1]].weight, pair[0], pair[1]};
    }
    return end - 1;
}

uint64_t run(uint32_t n) {
    uint64_t sum = 0;
    for (uint32_t turn = 0; turn < n; turn++) {
        random_text(text, SIZE, turn + 1);
        uint32_t frequency[256] = {0};
        for (uint32_t i = 0; i < SIZE; i++) frequency[text[i]]++;
        int root = make_tree(frequency);
        assign(root, 0, 0);
        uint64_t buffer = 0;
        uint32_t held = 0, words = 0;
        for (uint32_t i = 0; i < SIZE; i++) {
            buffer |= (uint64_t)code[text[i]] << held;
            held += length[text[i]];
            if (held >= 32) bits[words++] = (uint32_t)buffer, buffer >>= 32, held -= 32;
        }
        bits[words++] = (uint32_t)buffer;
        uint32_t at = 0;
        for (uint32_t i = 0; i < SIZE; i++) {
            int node = root;
            while (nodes[node].left >= 0) {
                uint32_t bit = bits[at / 32] >> (at % 32) & 1;
                node = bit ? nodes[node].right : nodes[node].left;
                at++;
            }
            back[i] = (uint8_t)nodes[node].right;
        }
        uint32_t same = 0;
        for (uint32_t i = 0; i < SIZE; i++) same += back[i] == text[i];
        sum = mix(mix(sum, same), (uint64_t)words << 32 | at);
    }
    return sum;
}
