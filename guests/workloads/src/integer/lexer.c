// The lexer of a C-like language: identifiers and keywords, numbers, strings, comments, operators; a switch with many
// targets per token. 64 KiB of source, n times.
#include "../workload.h"

static uint8_t source[65536 + 1];

static void write_source(void) {
    static const char *const pieces[] = {
        "if (count <= 0x1f) { return total; }\n", "while (i < n) i += step(i, 12.5e3);\n", "// a comment of some words\n",
        "static const char *name = \"text \\\"here\\\"\";\n", "for (int k = 0; k != limit; ++k) sum ^= table[k] << 3;\n",
        "/* longer\n * comment */ struct point { int x, y; };\n", "x = a ? b : c && !d || e % 10;\n",
        "switch (kind) { case 7: break; default: value->next = 0; }\n"};
    uint32_t state = 41, at = 0;
    for (;;) {
        const char *piece = pieces[random_next(&state) % 8];
        uint32_t length = 0;
        while (piece[length]) length++;
        if (at + length >= sizeof source) break;
        for (uint32_t i = 0; i < length; i++) source[at++] = (uint8_t)piece[i];
    }
    while (at < sizeof source) source[at++] = 0;
}

enum token { END, NAME, KEYWORD, INTEGER, FLOAT, TEXT, OPERATOR };
static const uint8_t *at, *start;
static uint32_t lines;

static int is_name(uint8_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static int is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

static int is_keyword(uint32_t length) {
    static const char *const words[] = {"if",    "int",    "for",    "case", "char",   "else",    "const",
                                        "while", "break",  "return", "static", "struct", "switch", "default"};
    for (int i = 0; i < 14; i++) {
        uint32_t same = 0;
        while (words[i][same] && same < length && (uint8_t)words[i][same] == start[same]) same++;
        if (same == length && !words[i][same]) return 1;
    }
    return 0;
}

static NOINLINE enum token token(void) {
    for (;;) {
        start = at;
        switch (*at) {
        case 0: return END;
        case '\n': lines++, at++; continue;
        case ' ': case '\t': case '\r': at++; continue;
        case '/':
            if (at[1] == '/') {
                while (*at && *at != '\n') at++;
                continue;
            }
            if (at[1] == '*') {
                for (at += 2; *at && !(at[0] == '*' && at[1] == '/'); at++) lines += *at == '\n';
                at += 2;
                continue;
            }
            at++;
            return OPERATOR;
        case '"':
            for (at++; *at && *at != '"'; at++) at += *at == '\\';
            at++;
            return TEXT;
        case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9': {
            enum token kind = INTEGER;
            while (is_digit(*at) || is_name(*at) || *at == '.') {
                if (*at == '.') kind = FLOAT;
                at++;
            }
            return kind;
        }
        case '<': case '>': case '+': case '-': case '&': case '|': case '=':
            if (at[1] == at[0]) at++;
            else if (at[0] == '-' && at[1] == '>') at++;
            // Falls through: an assignment may follow.
            __attribute__((fallthrough));
        case '!': case '^': case '%': case '*':
            at++;
            if (*at == '=') at++;
            return OPERATOR;
        case '(': case ')': case '{': case '}': case '[': case ']': case ';': case ',': case '?': case ':': case '.':
        case '~': at++; return OPERATOR;
        default:
            while (is_name(*at) || is_digit(*at)) at++;
            if (at == start) at++;
            return is_keyword((uint32_t)(at - start)) ? KEYWORD : NAME;
        }
    }
}

uint64_t run(uint32_t n) {
    write_source();
    uint64_t sum = 0;
    for (uint32_t turn = 0; turn < n; turn++) {
        at = source, lines = 0;
        for (enum token kind; (kind = token()) != END;) sum = sum * 31 + (uint64_t)kind + (uint64_t)(at - start);
        sum = mix(sum, lines);
    }
    return sum;
}
