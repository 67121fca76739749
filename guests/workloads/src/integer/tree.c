// A treap: numbers inserted, looked up and removed in random order, by recursion over nodes. n operations.
#include "../workload.h"

#define NODES 8192
struct node {
    struct node *left, *right;
    uint32_t key, priority;
};
static struct node nodes[NODES];
static struct node *unused;
static uint32_t state;

static struct node *insert(struct node *tree, uint32_t key) {
    if (!tree) {
        struct node *node = unused;
        if (!node) return 0;
        unused = node->left;
        *node = (struct node){.key = key, .priority = random_next(&state)};
        return node;
    }
    if (key < tree->key) {
        tree->left = insert(tree->left, key);
        struct node *up = tree->left;
        if (up && up->priority > tree->priority) tree->left = up->right, up->right = tree, tree = up;
    } else if (key > tree->key) {
        tree->right = insert(tree->right, key);
        struct node *up = tree->right;
        if (up && up->priority > tree->priority) tree->right = up->left, up->left = tree, tree = up;
    }
    return tree;
}

static struct node *join(struct node *a, struct node *b) {
    if (!a) return b;
    if (!b) return a;
    if (a->priority > b->priority) {
        a->right = join(a->right, b);
        return a;
    }
    b->left = join(a, b->left);
    return b;
}

static struct node *take_out(struct node *tree, uint32_t key) {
    struct node **link = &tree;
    while (*link && (*link)->key != key) link = key < (*link)->key ? &(*link)->left : &(*link)->right;
    struct node *node = *link;
    if (node) {
        *link = join(node->left, node->right);
        node->left = unused;
        unused = node;
    }
    return tree;
}

static uint64_t walk(const struct node *tree, uint64_t sum) {
    if (!tree) return sum;
    sum = walk(tree->left, sum);
    sum = mix(sum, tree->key);
    return walk(tree->right, sum);
}

uint64_t run(uint32_t n) {
    unused = 0;
    state = 53;
    for (int i = 0; i < NODES; i++) nodes[i].left = unused, unused = &nodes[i];
    struct node *tree = 0;
    uint64_t found = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t r = random_next(&state), key = r >> 8 & 16383;
        switch (r & 3) {
        case 0: tree = insert(tree, key); break;
        case 1: tree = take_out(tree, key); break;
        default: {
            const struct node *node = tree;
            while (node && node->key != key) node = key < node->key ? node->left : node->right;
            found += node != 0;
        }
        }
    }
    return walk(tree, found);
}
