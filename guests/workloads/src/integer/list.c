// Linked lists: 16,384 nodes in random order, walked, reversed and sorted by merging, n times: pointer chasing.
#include "../workload.h"

#define NODES 16384
struct node {
    struct node *next;
    uint32_t value, weight;
};
static struct node nodes[NODES];

static struct node *merge(struct node *a, struct node *b) {
    struct node *first = 0, **last = &first;
    while (a && b) {
        if (a->value <= b->value) *last = a, last = &a->next, a = a->next;
        else *last = b, last = &b->next, b = b->next;
    }
    *last = a ? a : b;
    return first;
}

static struct node *sort(struct node *list) {
    // The list at index i has 2^i nodes.
    struct node *parts[32] = {0};
    while (list) {
        struct node *one = list;
        list = list->next;
        one->next = 0;
        int i = 0;
        for (; parts[i]; i++) one = merge(parts[i], one), parts[i] = 0;
        parts[i] = one;
    }
    struct node *all = 0;
    for (int i = 0; i < 32; i++) all = merge(parts[i], all);
    return all;
}

static struct node *reverse(struct node *list) {
    struct node *done = 0;
    while (list) {
        struct node *next = list->next;
        list->next = done;
        done = list;
        list = next;
    }
    return done;
}

uint64_t run(uint32_t n) {
    uint32_t state = 47;
    uint64_t sum = 0;
    for (uint32_t turn = 0; turn < n; turn++) {
        struct node *list = 0;
        for (uint32_t i = 0; i < NODES; i++) {
            // An odd step visits every place once.
            struct node *node = &nodes[i * 9973u % NODES];
            node->value = random_next(&state) >> 8;
            node->weight = i;
            node->next = list;
            list = node;
        }
        for (int pass = 0; pass < 4; pass++) {
            list = reverse(list);
            uint32_t place = 0;
            for (struct node *node = list; node; node = node->next) sum += node->value ^ place++;
        }
        list = sort(list);
        uint32_t place = 0;
        for (struct node *node = list; node; node = node->next) sum = mix(sum, (uint64_t)node->weight * ++place);
    }
    return sum;
}
