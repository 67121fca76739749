// A B-tree of at most 31 keys a node: n keys inserted in random order, then looked up and walked in order.
#include "../workload.h"

#define KEYS 31
#define NODES 16384
struct node {
    uint32_t count, leaf;
    uint32_t keys[KEYS], values[KEYS];
    struct node *children[KEYS + 1];
};
static struct node nodes[NODES];
static uint32_t used;

static struct node *make(uint32_t leaf) {
    struct node *node = &nodes[used++];
    node->count = 0;
    node->leaf = leaf;
    return node;
}

// The first place whose key is not smaller.
static uint32_t place(const struct node *node, uint32_t key) {
    uint32_t low = 0, high = node->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (node->keys[middle] < key) low = middle + 1;
        else high = middle;
    }
    return low;
}

// Splits the full child at a place of a node that is not full.
static void split(struct node *parent, uint32_t at) {
    struct node *child = parent->children[at], *right = make(child->leaf);
    uint32_t half = KEYS / 2;
    right->count = KEYS - half - 1;
    for (uint32_t i = 0; i < right->count; i++) {
        right->keys[i] = child->keys[half + 1 + i];
        right->values[i] = child->values[half + 1 + i];
    }
    if (!child->leaf) {
        for (uint32_t i = 0; i <= right->count; i++) right->children[i] = child->children[half + 1 + i];
    }
    child->count = half;
    for (uint32_t i = parent->count; i > at; i--) {
        parent->keys[i] = parent->keys[i - 1];
        parent->values[i] = parent->values[i - 1];
        parent->children[i + 1] = parent->children[i];
    }
    parent->keys[at] = child->keys[half];
    parent->values[at] = child->values[half];
    parent->children[at + 1] = right;
    parent->count++;
}

static struct node *insert(struct node *root, uint32_t key, uint32_t value) {
    if (root->count == KEYS) {
        struct node *above = make(0);
        above->children[0] = root;
        split(above, 0);
        root = above;
    }
    for (struct node *node = root;;) {
        uint32_t at = place(node, key);
        if (at < node->count && node->keys[at] == key) {
            node->values[at] = value;
            return root;
        }
        if (node->leaf) {
            for (uint32_t i = node->count; i > at; i--) {
                node->keys[i] = node->keys[i - 1];
                node->values[i] = node->values[i - 1];
            }
            node->keys[at] = key;
            node->values[at] = value;
            node->count++;
            return root;
        }
        if (node->children[at]->count == KEYS) {
            split(node, at);
            if (key == node->keys[at]) {
                node->values[at] = value;
                return root;
            }
            if (key > node->keys[at]) at++;
        }
        node = node->children[at];
    }
}

static uint64_t walk(const struct node *node, uint64_t sum) {
    for (uint32_t i = 0; i < node->count; i++) {
        if (!node->leaf) sum = walk(node->children[i], sum);
        sum = mix(sum, (uint64_t)node->keys[i] << 32 | node->values[i]);
    }
    return node->leaf ? sum : walk(node->children[node->count], sum);
}

uint64_t run(uint32_t n) {
    // A node but the root has 15 keys or more.
    if (n > NODES * 14) n = NODES * 14;
    used = 0;
    struct node *root = make(1);
    uint32_t state = 101;
    for (uint32_t i = 0; i < n; i++) root = insert(root, random_next(&state) % (2 * n), i);
    uint64_t found = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t key = random_next(&state) % (2 * n);
        const struct node *node = root;
        for (;;) {
            uint32_t at = place(node, key);
            if (at < node->count && node->keys[at] == key) {
                found += node->values[at];
                break;
            }
            if (node->leaf) break;
            node = node->children[at];
        }
    }
    return walk(root, found);
}
