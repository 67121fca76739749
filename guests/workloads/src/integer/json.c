// A JSON parser that makes a tree, and a walk over the tree: recursive descent, a switch per value, strings copied.
// The document is written first; parsed n times.
#include "../workload.h"

static uint8_t document[1 << 17];
static uint32_t size;

static void put(const char *text) {
    while (*text) document[size++] = (uint8_t)*text++;
}

static void put_number(uint32_t value) {
    char digits[12];
    int at = 11;
    digits[at] = 0;
    do digits[--at] = (char)('0' + value % 10), value /= 10;
    while (value);
    put(digits + at);
}

static void write_document(void) {
    uint32_t state = 21;
    size = 0;
    put("[");
    for (int i = 0; i < 600; i++) {
        if (i) put(",\n  ");
        put("{\"id\": ");
        put_number(random_next(&state));
        put(", \"name\": \"item ");
        put_number(random_next(&state) % 1000);
        put(" \\\"quoted\\\" \\u00e9\", \"price\": ");
        put_number(random_next(&state) % 1000);
        put(".");
        put_number(random_next(&state) % 100);
        put("e-1, \"tags\": [\"red\", \"green\", null], \"there\": ");
        put(random_next(&state) & 1 ? "true" : "false");
        put(", \"size\": {\"w\": -");
        put_number(random_next(&state) % 500);
        put(", \"h\": 12}}");
    }
    put("]");
}

enum kind { NOTHING, FALSE, TRUE, NUMBER, STRING, ARRAY, OBJECT };
struct value {
    enum kind kind;
    uint32_t length;     // Of strings.
    double number;
    const uint8_t *text; // Of strings.
    struct value *name, *first, *next;
};
static struct value values[40000];
static uint8_t strings[1 << 17];
static uint32_t used_values, used_strings, at;

static struct value *make(enum kind kind) {
    struct value *value = &values[used_values++];
    *value = (struct value){.kind = kind};
    return value;
}

static void skip_space(void) {
    while (document[at] == ' ' || document[at] == '\n' || document[at] == '\t' || document[at] == '\r') at++;
}

static uint32_t hex(uint8_t c) { return c <= '9' ? c - '0' : (c | 32u) - 'a' + 10; }

static struct value *parse_string(void) {
    struct value *value = make(STRING);
    value->text = strings + used_strings;
    at++;
    while (document[at] != '"') {
        uint8_t c = document[at++];
        if (c == '\\') {
            c = document[at++];
            switch (c) {
            case 'n': c = '\n'; break;
            case 't': c = '\t'; break;
            case 'r': c = '\r'; break;
            case 'b': c = '\b'; break;
            case 'f': c = '\f'; break;
            case 'u': {
                uint32_t unit = 0;
                for (int i = 0; i < 4; i++) unit = unit << 4 | hex(document[at++]);
                if (unit < 0x80) {
                    c = (uint8_t)unit;
                } else if (unit < 0x800) {
                    strings[used_strings++] = (uint8_t)(0xc0 | unit >> 6);
                    c = (uint8_t)(0x80 | (unit & 63));
                } else {
                    strings[used_strings++] = (uint8_t)(0xe0 | unit >> 12);
                    strings[used_strings++] = (uint8_t)(0x80 | (unit >> 6 & 63));
                    c = (uint8_t)(0x80 | (unit & 63));
                }
                break;
            }
            }
        }
        strings[used_strings++] = c;
    }
    at++;
    value->length = (uint32_t)(strings + used_strings - value->text);
    return value;
}

static struct value *parse_number(void) {
    struct value *value = make(NUMBER);
    int negative = document[at] == '-', exponent = 0;
    at += (uint32_t)negative;
    double number = 0;
    for (; document[at] >= '0' && document[at] <= '9'; at++) number = number * 10 + (document[at] - '0');
    if (document[at] == '.') {
        for (at++; document[at] >= '0' && document[at] <= '9'; at++, exponent--) {
            number = number * 10 + (document[at] - '0');
        }
    }
    if ((document[at] | 32) == 'e') {
        int sign = 1, given = 0;
        at++;
        if (document[at] == '-') sign = -1, at++;
        for (; document[at] >= '0' && document[at] <= '9'; at++) given = given * 10 + (document[at] - '0');
        exponent += sign * given;
    }
    for (; exponent < 0; exponent++) number /= 10;
    for (; exponent > 0; exponent--) number *= 10;
    value->number = negative ? -number : number;
    return value;
}

static struct value *parse(void) {
    skip_space();
    switch (document[at]) {
    case 'n': at += 4; return make(NOTHING);
    case 't': at += 4; return make(TRUE);
    case 'f': at += 5; return make(FALSE);
    case '"': return parse_string();
    case '[':
    case '{': {
        int object = document[at] == '{';
        struct value *value = make(object ? OBJECT : ARRAY), **last = &value->first;
        at++;
        skip_space();
        while (document[at] != ']' && document[at] != '}') {
            struct value *name = 0;
            if (object) {
                name = parse_string();
                skip_space();
                at++; // The colon.
            }
            *last = parse();
            (*last)->name = name;
            last = &(*last)->next;
            skip_space();
            if (document[at] == ',') at++;
            skip_space();
        }
        at++;
        return value;
    }
    default: return parse_number();
    }
}

static uint64_t walk(const struct value *value, uint64_t sum) {
    sum = mix(sum, value->kind);
    if (value->kind == NUMBER) return mix_float(sum, value->number);
    for (uint32_t i = 0; i < value->length; i++) sum = sum * 31 + value->text[i];
    for (const struct value *child = value->first; child; child = child->next) {
        if (child->name) sum = walk(child->name, sum);
        sum = walk(child, sum);
    }
    return sum;
}

uint64_t run(uint32_t n) {
    write_document();
    uint64_t sum = size;
    for (uint32_t turn = 0; turn < n; turn++) {
        used_values = used_strings = at = 0;
        sum = walk(parse(), sum);
    }
    return sum;
}
