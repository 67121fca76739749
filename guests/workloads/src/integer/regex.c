// A backtracking matcher for regular expressions: compiled to a small program, run by recursion. Patterns are searched
// for in 16 KiB of text, n times.
#include "../workload.h"

enum op { CHAR, ANY, CLASS, SPLIT, JUMP, MATCH };
struct step {
    uint8_t op, byte;
    int16_t a, b;        // Where to go on; of SPLIT, the first choice and the second.
    uint32_t set[8];     // Of CLASS.
};
static struct step steps[128];
static int count;
static const char *pattern;
static uint8_t text[16384 + 1];

static void alternatives(void);

static void open_gap(int at) {
    for (int i = count++; i > at; i--) {
        steps[i] = steps[i - 1];
        if ((steps[i].op == SPLIT || steps[i].op == JUMP) && steps[i].a >= at) steps[i].a++;
        if (steps[i].op == SPLIT && steps[i].b >= at) steps[i].b++;
    }
}

static void atom(void) {
    char c = *pattern++;
    if (c == '(') {
        alternatives();
        pattern++;
        return;
    }
    struct step *step = &steps[count++];
    *step = (struct step){.op = CHAR, .byte = (uint8_t)c};
    if (c == '.') step->op = ANY;
    if (c == '[') {
        step->op = CLASS;
        int inverted = *pattern == '^';
        pattern += inverted;
        while (*pattern != ']') {
            uint8_t first = (uint8_t)*pattern++, last = first;
            if (*pattern == '-') last = (uint8_t)pattern[1], pattern += 2;
            for (uint32_t byte = first; byte <= last; byte++) step->set[byte / 32] |= (uint32_t)1 << byte % 32;
        }
        pattern++;
        if (inverted) {
            for (int i = 0; i < 8; i++) step->set[i] = ~step->set[i];
        }
    }
}

static void sequence(void) {
    while (*pattern && *pattern != '|' && *pattern != ')') {
        int start = count;
        atom();
        if (*pattern == '*' || *pattern == '?') {
            int loop = *pattern++ == '*';
            open_gap(start);
            if (loop) steps[count++] = (struct step){.op = JUMP, .a = (int16_t)start};
            steps[start] = (struct step){.op = SPLIT, .a = (int16_t)(start + 1), .b = (int16_t)count};
        } else if (*pattern == '+') {
            pattern++;
            steps[count] = (struct step){.op = SPLIT, .a = (int16_t)start, .b = (int16_t)(count + 1)};
            count++;
        }
    }
}

static void alternatives(void) {
    int start = count;
    sequence();
    if (*pattern == '|') {
        pattern++;
        open_gap(start);
        int jump = count++;
        steps[start] = (struct step){.op = SPLIT, .a = (int16_t)(start + 1), .b = (int16_t)count};
        alternatives();
        steps[jump] = (struct step){.op = JUMP, .a = (int16_t)count};
    }
}

// The end of a match that starts here, or 0.
static const uint8_t *match(const struct step *step, const uint8_t *at) {
    for (;;) {
        switch (step->op) {
        case CHAR:
            if (*at != step->byte) return 0;
            at++, step++;
            break;
        case ANY:
            if (*at == 0 || *at == '\n') return 0;
            at++, step++;
            break;
        case CLASS:
            if (*at == 0 || !(step->set[*at / 32] >> *at % 32 & 1)) return 0;
            at++, step++;
            break;
        case JUMP: step = &steps[step->a]; break;
        case SPLIT: {
            const uint8_t *end = match(&steps[step->a], at);
            if (end) return end;
            step = &steps[step->b];
            break;
        }
        default: return at;
        }
    }
}

uint64_t run(uint32_t n) {
    static const char *const patterns[] = {"ta[a-m]*no", "(mi|le|ks)+, ?(do|no)", "[^ ]+udo[^ ]* ",
                                           "(ra(no)?)+\\.", "v[aeiou](fo)*[.,]"};
    random_text(text, sizeof text - 1, 23);
    text[sizeof text - 1] = 0;
    uint64_t sum = 0;
    for (uint32_t turn = 0; turn < n; turn++) {
        for (int which = 0; which < 5; which++) {
            pattern = patterns[which];
            count = 0;
            alternatives();
            steps[count++].op = MATCH;
            for (const uint8_t *at = text; *at;) {
                const uint8_t *end = match(steps, at);
                if (end) sum = mix(sum, (uint64_t)(at - text) << 32 | (uint64_t)(end - at));
                at = end && end > at ? end : at + 1;
            }
        }
    }
    return sum;
}
