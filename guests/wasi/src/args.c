/* Arguments and environment: counts, sizes, contents, and what lies where in the buffers. */
#include "wasi.h"

static char *list[64];
static char bytes[4096];

/* Prints the entries, and whether they follow each other in the buffer and fill it. */
static void show(const char *what, u32 count, u32 size) {
    u32 at = 0;
    for (u32 i = 0; i < count; i++) {
        if (list[i] != bytes + at) say("%s %u is not where the one before ends\n", what, i);
        say("%s %u: %q\n", what, i, list[i]);
        at += length(list[i]) + 1;
    }
    say("%s: %u of %u bytes used\n", what, at, size);
    HOLDS(list[count] == (char *)1);
    HOLDS(bytes[size] == '#');
}

static void reset(void) {
    for (u32 i = 0; i < 64; i++) list[i] = (char *)1;
    memset(bytes, '#', sizeof bytes);
}

static void main_(void) {
    u32 count, size;
    T(args_sizes_get(&count, &size));
    say("%u arguments, %u bytes\n", count, size);
    reset();
    T(args_get(list, bytes));
    show("argument", count, size);

    T(environ_sizes_get(&count, &size));
    say("%u variables, %u bytes\n", count, size);
    reset();
    T(environ_get(list, bytes));
    show("variable", count, size);
}
