// What small benchmarks of processors do in turn: a list searched and sorted, a matrix of 16-bit numbers, a state
// machine that reads numbers, and a CRC of 16 bits over every result. n rounds.
#include "../workload.h"

static uint16_t crc_bit_by_bit(uint16_t crc, uint16_t value) {
    for (int i = 0; i < 16; i++) {
        uint16_t bit = (crc ^ value) & 1;
        crc >>= 1, value >>= 1;
        if (bit) crc ^= 0xa001;
    }
    return crc;
}

struct item {
    struct item *next;
    int16_t value, place;
};
static struct item items[128];
static int16_t a[12][12], b[12][12];
static char numbers[512];

static struct item *find(struct item *list, int16_t value) {
    while (list && (list->value & 0xff) != value) list = list->next;
    return list;
}

typedef int order(const struct item *a, const struct item *b);
static int by_value(const struct item *a, const struct item *b) { return a->value - b->value; }
static int by_place(const struct item *a, const struct item *b) { return a->place - b->place; }

// Sorts by inserting.
static struct item *sort(struct item *list, order *compare) {
    struct item *sorted = 0;
    while (list) {
        struct item *item = list, **link = &sorted;
        list = list->next;
        while (*link && compare(*link, item) <= 0) link = &(*link)->next;
        item->next = *link;
        *link = item;
    }
    return sorted;
}

static uint16_t lists(uint16_t crc, uint32_t seed) {
    struct item *list = 0;
    for (int i = 0; i < 128; i++) {
        items[i] = (struct item){list, (int16_t)(random_next(&seed) & 0x7fff), (int16_t)i};
        list = &items[i];
    }
    for (int16_t value = 0; value < 64; value++) {
        const struct item *found = find(list, value);
        if (found) crc = crc_bit_by_bit(crc, (uint16_t)found->place);
    }
    list = sort(list, by_value);
    for (const struct item *item = list; item; item = item->next) crc = crc_bit_by_bit(crc, (uint16_t)item->place);
    list = sort(list, by_place);
    return crc_bit_by_bit(crc, (uint16_t)list->value);
}

static uint16_t matrices(uint16_t crc, uint32_t seed) {
    for (int i = 0; i < 12; i++) {
        for (int j = 0; j < 12; j++) {
            a[i][j] = (int16_t)(random_next(&seed) & 0xff), b[i][j] = (int16_t)(random_next(&seed) & 0xff);
        }
    }
    for (int16_t add = -2; add < 3; add++) {
        int32_t total = 0;
        for (int i = 0; i < 12; i++) {
            for (int j = 0; j < 12; j++) {
                int32_t sum = 0;
                for (int k = 0; k < 12; k++) sum += a[i][k] * (b[k][j] + add);
                total = sum > total ? total + 10 : total + (sum & 7);
            }
        }
        crc = crc_bit_by_bit(crc, (uint16_t)total);
    }
    return crc;
}

enum state { START, SIGN, INTEGER, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, SCIENTIFIC, INVALID, STATES };

static uint16_t machine(uint16_t crc, uint32_t seed) {
    static const char *const pieces[] = {"5012,", "-874,", "+122,", "35.54400,", ".1234500,", "-110.700,",
                                         "5.500e+3,", "-.123e-2,", "T0.3e-1F,", "1e+d,"};
    uint32_t end = 0;
    while (end + 12 < sizeof numbers) {
        for (const char *c = pieces[random_next(&seed) % 10]; *c;) numbers[end++] = *c++;
    }
    uint16_t finals[STATES] = {0};
    enum state state = START;
    for (uint32_t at = 0; at < end; at++) {
        char c = numbers[at];
        if (c == ',') {
            finals[state]++;
            state = START;
            continue;
        }
        int digit = c >= '0' && c <= '9';
        switch (state) {
        case START: state = digit ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : INVALID; break;
        case SIGN: state = digit ? INTEGER : c == '.' ? POINT : INVALID; break;
        case INTEGER: state = digit ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : INVALID; break;
        case POINT:
        case FRACTION: state = digit ? FRACTION : c == 'e' ? EXPONENT : INVALID; break;
        case EXPONENT: state = c == '+' || c == '-' ? EXPONENT_SIGN : INVALID; break;
        case EXPONENT_SIGN:
        case SCIENTIFIC: state = digit ? SCIENTIFIC : INVALID; break;
        default: break;
        }
    }
    for (int i = 0; i < STATES; i++) crc = crc_bit_by_bit(crc, finals[i]);
    return crc;
}

uint64_t run(uint32_t n) {
    uint16_t crc = 0xffff;
    uint64_t sum = 0;
    for (uint32_t i = 1; i <= n; i++) {
        crc = lists(crc, i);
        crc = matrices(crc, i);
        crc = machine(crc, i);
        sum = mix(sum, crc);
    }
    return sum;
}
