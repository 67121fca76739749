// A hash table with open addressing and strings as keys: n words of a text are counted.
#include "../workload.h"

static uint8_t text[65536];
struct slot {
    const uint8_t *key;
    uint32_t length, hash, count;
};
static struct slot *table, slots[2][8192];
static uint32_t capacity, used;

static struct slot *find(const uint8_t *key, uint32_t length, uint32_t hash) {
    for (uint32_t at = hash & (capacity - 1);; at = (at + 1) & (capacity - 1)) {
        struct slot *slot = &table[at];
        if (!slot->key) return slot;
        if (slot->hash != hash || slot->length != length) continue;
        uint32_t same = 0;
        while (same < length && slot->key[same] == key[same]) same++;
        if (same == length) return slot;
    }
}

static void grow(void) {
    struct slot *old = table;
    uint32_t before = capacity;
    table = table == slots[0] ? slots[1] : slots[0];
    capacity *= 2;
    for (uint32_t i = 0; i < capacity; i++) table[i].key = 0;
    for (uint32_t i = 0; i < before; i++) {
        if (old[i].key) *find(old[i].key, old[i].length, old[i].hash) = old[i];
    }
}

static NOINLINE void count(const uint8_t *key, uint32_t length) {
    uint32_t hash = 2166136261u;
    for (uint32_t i = 0; i < length; i++) hash = (hash ^ key[i]) * 16777619;
    struct slot *slot = find(key, length, hash);
    if (slot->key) {
        slot->count++;
        return;
    }
    *slot = (struct slot){key, length, hash, 1};
    if (++used * 2 > capacity && capacity < 8192) grow();
}

uint64_t run(uint32_t n) {
    random_text(text, sizeof text, 71);
    table = slots[0], capacity = 16, used = 0;
    for (uint32_t i = 0; i < capacity; i++) table[i].key = 0;
    uint32_t at = 0;
    for (uint32_t word = 0; word < n; word++) {
        while (at < sizeof text && text[at] < 'a') at++;
        uint32_t start = at;
        while (at < sizeof text && text[at] >= 'a') at++;
        // Ends of words are keys, too.
        if (at > start) count(text + start + word % 3, (at - start) > 3 ? at - start - word % 3 : 1);
        if (at >= sizeof text) at = word % 7;
    }
    uint64_t sum = used;
    for (uint32_t i = 0; i < capacity; i++) {
        if (table[i].key) sum += mix(table[i].hash, table[i].count);
    }
    return sum;
}
