/* Directories that change while they are being listed. POSIX leaves open whether a listing has what was added or
 * removed since it began; everything else it has once, and so it must be with cookies.
 *
 * Wasmtime's cookies count entries, so what is removed hides others: what is expected was written by hand. */
#include "wasi.h"

#define FILES 120

static unsigned char buffer[200];
static char name[] = "file-000";
static u32 met[FILES];
static u32 others;

static const char *named(char first, u32 i) {
    name[0] = first;
    name[5] = (char)('0' + i / 100), name[6] = (char)('0' + i / 10 % 10), name[7] = (char)('0' + i % 10);
    return name;
}

/* Reads as many entries as fit, counts them, and gives the cookie to go on from; 0 at the end. */
static u64 some(u32 dir, u64 cookie) {
    u32 used, at = 0;
    if (fd_readdir(dir, buffer, sizeof buffer, cookie, &used)) {
        say("readdir failed\n");
        return 0;
    }
    while (used - at >= 24) {
        __wasi_dirent_t entry;
        memcpy(&entry, buffer + at, 24);
        if (used - at - 24 < entry.d_namlen) break;
        const char *text = (const char *)buffer + at + 24;
        if (entry.d_namlen == 8 && same(text, "file-", 5))
            met[(u32)(text[5] - '0') * 100 + (u32)(text[6] - '0') * 10 + (u32)(text[7] - '0')]++;
        else
            others++;
        cookie = entry.d_next;
        at += 24 + entry.d_namlen;
    }
    return used < sizeof buffer ? 0 : cookie;
}

static void made(u32 dir, char first, u32 i) {
    u32 fd;
    if (path_open(dir, 0, named(first, i), 8, O_CREATE, R_FILE, 0, 0, &fd) || fd_close(fd)) say("cannot make\n");
}

static void begin(u32 dir) {
    for (u32 i = 0; i < FILES; i++) made(dir, 'f', i), met[i] = 0;
    others = 0;
}

/* How many files were met as often as that. */
static u32 met_times(u32 times) {
    u32 count = 0;
    for (u32 i = 0; i < FILES; i++) count += met[i] == times;
    return count;
}

static void main_(void) {
    if (path_create_directory(DIR, P("d"))) say("failed\n");
    u32 dir = opened("d", O_DIR, R_DIR, 0);

    /* What was met is removed at once. */
    begin(dir);
    for (u64 cookie = 0, first = 1; cookie || first; first = 0) {
        u32 before[FILES];
        memcpy(before, met, sizeof met);
        cookie = some(dir, cookie);
        for (u32 i = 0; i < FILES; i++)
            if (met[i] && !before[i] && path_unlink_file(dir, named('f', i), 8)) say("cannot remove\n");
    }
    say("removing what was met: %u met once, %u never\n", met_times(1), met_times(0));

    /* Others are added meanwhile. */
    begin(dir);
    u32 added = 0;
    for (u64 cookie = 0, first = 1; cookie || first; first = 0) {
        cookie = some(dir, cookie);
        if (added < 60) made(dir, 'x', added++);
    }
    say("adding meanwhile: %u met once, %u never\n", met_times(1), met_times(0));
    for (u32 i = 0; i < added; i++)
        if (path_unlink_file(dir, named('x', i), 8)) say("cannot remove\n");

    /* A cookie kept from before is good for going back, after others were used and entries removed. */
    begin(dir);
    u64 kept = some(dir, 0), later = kept;
    u32 early[FILES];
    memcpy(early, met, sizeof met);
    while (later) later = some(dir, later);
    for (u32 i = 0; i < FILES; i++)
        if (early[i] && path_unlink_file(dir, named('f', i), 8)) say("cannot remove\n");
    for (u32 i = 0; i < FILES; i++) met[i] = 0;
    for (later = kept; later;) later = some(dir, later);
    u32 wrong = 0;
    for (u32 i = 0; i < FILES; i++) wrong += met[i] != !early[i];
    say("going back: %u wrong\n", wrong);

    /* Two descriptors of a directory are independent. */
    u32 second = opened("d", O_DIR, R_DIR, 0);
    begin(dir);
    u64 a = 0, b = 0;
    u32 rounds = 0;
    do {
        a = some(dir, a);
        b = some(second, b);
        rounds++;
    } while (a && b && rounds < 1000);
    say("two at once: %u met twice\n", met_times(2));
    HOLDS(!a && !b);
}
