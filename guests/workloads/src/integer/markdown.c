// Text with light markup to HTML: headings, lists, quotes, code, emphasis, links, escapes; blocks by line, spans by
// byte. 64 KiB are written first and converted n times.
#include "../workload.h"

static uint8_t source[1 << 16];
static uint8_t output[1 << 18];
static uint32_t length, end;

static void write_source(void) {
    uint32_t state = 31, at = 0, line = 0;
    static uint8_t prose[1 << 16];
    random_text(prose, sizeof prose, 31);
    uint32_t from = 0;
    static const char *const starts[] = {"# ", "## ", "- ", "> ", "", "", "", "* ", "1. ", ""};
    static const char *const spans[] = {"*", "**", "`", "[a link](http://x.org/?a&b) ", "<", "&", "\\*", "_"};
    while (at + 200 < sizeof source) {
        const char *start = starts[random_next(&state) % 10];
        if (line++ % 5 == 0) source[at++] = '\n';
        while (*start) source[at++] = (uint8_t)*start++;
        uint32_t words = 3 + random_next(&state) % 9;
        while (words > 0 && at + 100 < sizeof source) {
            const char *span = random_next(&state) % 6 == 0 ? spans[random_next(&state) % 8] : "";
            for (const char *c = span; *c; c++) source[at++] = (uint8_t)*c;
            while (prose[from] > ' ') source[at++] = prose[from], from = (from + 1) % sizeof prose;
            from = (from + 1) % sizeof prose;
            if (span[0] == '*' || span[0] == '`' || span[0] == '_') {
                for (const char *c = span; *c; c++) source[at++] = (uint8_t)*c;
            }
            source[at++] = ' ';
            words--;
        }
        source[at++] = '\n';
    }
    length = at;
}

static void put(const char *text) {
    while (*text) output[end++] = (uint8_t)*text++;
}

static void put_escaped(uint8_t c) {
    switch (c) {
    case '<': put("&lt;"); break;
    case '>': put("&gt;"); break;
    case '&': put("&amp;"); break;
    case '"': put("&quot;"); break;
    default: output[end++] = c;
    }
}

// Where a marker comes again in the line, or the line's end.
static uint32_t find(uint32_t at, uint32_t stop, uint8_t marker, uint32_t times) {
    for (; at + times <= stop; at++) {
        if (source[at] == marker && (times == 1 || source[at + 1] == marker)) return at;
    }
    return stop;
}

static void spans(uint32_t at, uint32_t stop) {
    while (at < stop) {
        uint8_t c = source[at];
        switch (c) {
        case '\\':
            if (++at < stop) put_escaped(source[at++]);
            continue;
        case '`': {
            uint32_t close = find(at + 1, stop, '`', 1);
            if (close == stop) break;
            put("<code>");
            for (at++; at < close; at++) put_escaped(source[at]);
            put("</code>");
            at++;
            continue;
        }
        case '*':
        case '_': {
            uint32_t times = at + 1 < stop && source[at + 1] == c ? 2 : 1;
            uint32_t close = find(at + times, stop, c, times);
            if (close == stop) break;
            put(times == 2 ? "<strong>" : "<em>");
            spans(at + times, close);
            put(times == 2 ? "</strong>" : "</em>");
            at = close + times;
            continue;
        }
        case '[': {
            uint32_t middle = find(at + 1, stop, ']', 1);
            if (middle + 1 >= stop || source[middle + 1] != '(') break;
            uint32_t close = find(middle + 2, stop, ')', 1);
            if (close == stop) break;
            put("<a href=\"");
            for (uint32_t i = middle + 2; i < close; i++) put_escaped(source[i]);
            put("\">");
            spans(at + 1, middle);
            put("</a>");
            at = close + 1;
            continue;
        }
        }
        put_escaped(c);
        at++;
    }
}

enum block { NONE, PARAGRAPH, LIST, NUMBERED, QUOTE };

static void convert(void) {
    static const char *const opens[] = {"", "<p>", "<ul>\n", "<ol>\n", "<blockquote>\n"};
    static const char *const closes[] = {"", "</p>\n", "</ul>\n", "</ol>\n", "</blockquote>\n"};
    enum block now = NONE;
    end = 0;
    for (uint32_t at = 0; at < length;) {
        uint32_t stop = at;
        while (source[stop] != '\n') stop++;
        enum block wanted = PARAGRAPH;
        uint32_t level = 0, text = at;
        if (at == stop) wanted = NONE;
        while (at + level < stop && source[at + level] == '#') level++;
        if (level) {
            wanted = NONE, text = at + level + 1;
        } else if (at + 1 < stop && source[at + 1] == ' ' && (source[at] == '-' || source[at] == '*')) {
            wanted = LIST, text = at + 2;
        } else if (at + 1 < stop && source[at] == '>' && source[at + 1] == ' ') {
            wanted = QUOTE, text = at + 2;
        } else if (at + 2 < stop && source[at] >= '0' && source[at] <= '9' && source[at + 1] == '.') {
            wanted = NUMBERED, text = at + 3;
        }
        if (wanted != now) put(closes[now]), put(opens[wanted]), now = wanted;
        if (level) put("<h"), output[end++] = (uint8_t)('0' + level), put(">");
        if (wanted == LIST || wanted == NUMBERED) put("<li>");
        spans(text, stop);
        if (wanted == LIST || wanted == NUMBERED) put("</li>");
        if (level) put("</h"), output[end++] = (uint8_t)('0' + level), put(">");
        output[end++] = '\n';
        at = stop + 1;
    }
    put(closes[now]);
}

uint64_t run(uint32_t n) {
    write_source();
    uint64_t sum = 0;
    for (uint32_t turn = 0; turn < n; turn++) {
        convert();
        sum = mix(sum, end);
        for (uint32_t i = 0; i < end; i += 13) sum = sum * 31 + output[i];
    }
    return sum;
}
