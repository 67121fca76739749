/* Ways to end. The first argument says which: a number is given to proc_exit; `trap`, `divide`, `outside`,
 * `overflow` and `call` are traps; anything else, or nothing, returns. */
#include "wasi.h"

static char *list[8];
static char bytes[256];
static volatile u32 zero, deep;
static char *volatile nowhere = (char *)0xfffffff0;

static u32 recurse(u32 n) {
    volatile u32 room[64];
    room[n & 63] = n;
    return n == 0xffffffff ? 0 : recurse(n + 1) + room[n & 63];
}

static void main_(void) {
    if (args_get(list, bytes)) proc_exit(90);
    const char *how = list[1] ? list[1] : "";
    say("ending by %q\n", how);
    flush();
    if (*how >= '0' && *how <= '9') {
        u32 code = 0;
        while (*how) code = code * 10 + (u32)(*how++ - '0');
        say("this is never flushed\n");
        proc_exit(code);
    }
    if (same(how, "trap", 5)) __builtin_trap();
    if (same(how, "divide", 7)) deep = 100 / zero;
    if (same(how, "outside", 8)) *nowhere = 1;
    if (same(how, "overflow", 9)) deep = recurse(zero);
    if (same(how, "call", 5)) ((void (*)(void))nowhere)();
    say("returning\n");
}
