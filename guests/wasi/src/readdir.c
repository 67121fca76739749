/* Listing directories: what an entry holds, small buffers, cookies, and changes between two calls.
 *
 * The order of entries is the file system's, so names are collected and looked up. */
#include "wasi.h"

static unsigned char buffer[4096];
static u64 cookies[256];
static char seen_names[256][64];
static u32 seen_types[256];
static u32 seen;

/* Reads entries from the cookie on, `room` bytes at a time; returns the number of calls. */
static u32 list(u32 dir, u64 cookie, u32 room) {
    u32 calls = 0;
    seen = 0;
    for (;;) {
        u32 used = 77, at = 0;
        memset(buffer, '#', sizeof buffer);
        u32 error = fd_readdir(dir, buffer, room, cookie, &used);
        calls++;
        if (error) {
            say("  list: %e\n", error);
            return calls;
        }
        for (u32 i = used; i < room; i++)
            if (buffer[i] != '#') say("  written behind what was used\n");
        u64 before = cookie;
        while (used - at >= 24 && seen < 256) {
            __wasi_dirent_t entry;
            memcpy(&entry, buffer + at, 24);
            if (used - at - 24 < entry.d_namlen) break;
            memcpy(seen_names[seen], buffer + at + 24, entry.d_namlen);
            seen_names[seen][entry.d_namlen] = 0;
            seen_types[seen] = entry.d_type;
            cookies[seen++] = cookie = entry.d_next;
            at += 24 + entry.d_namlen;
        }
        if (used < room) return calls;
        if (cookie == before) {
            say("  no entry fits\n");
            return calls;
        }
    }
}

static int has(const char *name) {
    int times = 0;
    for (u32 i = 0; i < seen; i++) times += length(seen_names[i]) == length(name) && same(seen_names[i], name, length(name));
    return times;
}

static void show(const char *name) {
    for (u32 i = 0; i < seen; i++)
        if (same(seen_names[i], name, length(name) + 1)) say("  %q: %t\n", name, seen_types[i]);
    if (!has(name)) say("  %q is not there\n", name);
}

static char numbered[] = "file-00";
static const char *number(u32 i) {
    numbered[5] = (char)('0' + i / 10), numbered[6] = (char)('0' + i % 10);
    return numbered;
}

static void main_(void) {
    u32 used = 77;
    list(DIR, 0, 4096);
    say("%u entries in an empty directory\n", seen);
    show(".");
    show("..");

    if (path_create_directory(DIR, P("d"))) say("failed\n");
    if (path_symlink(P("d"), DIR, P("link"))) say("failed\n");
    file("file", "x");
    list(DIR, 0, 4096);
    say("%u entries\n", seen);
    show("d");
    show("link");
    show("file");
    show("missing");

    u32 dir = opened("d", O_DIR, R_DIR, 0);
    for (u32 i = 0; i < 40; i++) {
        u32 fd;
        if (path_open(dir, 0, number(i), 7, O_CREATE, R_FILE, 0, 0, &fd) || fd_close(fd)) say("failed\n");
    }
    list(dir, 0, 4096);
    say("%u entries\n", seen);
    u32 once = 0;
    for (u32 i = 0; i < 40; i++) once += has(number(i)) == 1;
    say("%u files are there once\n", once);

    /* A buffer that holds a few entries only, and one that holds a single one. */
    u32 calls = list(dir, 0, 100);
    say("%u entries\n", seen);
    HOLDS(calls >= 13);
    list(dir, 0, 31);
    say("%u entries\n", seen);
    T(fd_readdir(dir, buffer, 10, 0, &used));
    say("  %u bytes\n", used);
    T(fd_readdir(dir, buffer, 0, 0, &used));
    say("  %u bytes\n", used);

    /* From a cookie in the middle on come the rest, each time. */
    list(dir, 0, 4096);
    u64 middle = cookies[20], last = cookies[seen - 1];
    u32 all = seen;
    static char after[64];
    memcpy(after, seen_names[21], 64);
    list(dir, middle, 4096);
    HOLDS(seen == all - 21);
    HOLDS(same(seen_names[0], after, 8));
    list(dir, middle, 4096);
    HOLDS(seen == all - 21);
    list(dir, last, 4096);
    say("%u entries after the last\n", seen);

    /* All but two are removed: the directory is read anew from its beginning. */
    for (u32 i = 2; i < 40; i++)
        if (path_unlink_file(dir, number(i), 7)) say("failed\n");
    list(dir, 0, 4096);
    say("%u entries\n", seen);
    HOLDS(has("file-00") == 1 && has("file-01") == 1 && has("file-02") == 0);

    T(fd_close(dir));
    T(fd_readdir(dir, buffer, 4096, 0, &used));
    T(fd_readdir(NONE, buffer, 4096, 0, &used));
    u32 fd = opened("file", 0, R_FILE | __WASI_RIGHTS_FD_READDIR, 0);
    HOLDS(fd_readdir(fd, buffer, 4096, 0, &used) != 0);
    HOLDS(fd_readdir(1, buffer, 4096, 0, &used) != 0);

    /* A directory that is removed while it is open. */
    dir = opened("d", O_DIR, R_DIR, 0);
    if (path_unlink_file(dir, P("file-00")) || path_unlink_file(dir, P("file-01"))) say("failed\n");
    T(path_remove_directory(DIR, P("d")));
    T(path_open(dir, 0, P("x"), O_CREATE, R_FILE, 0, 0, &fd));
    T(fd_close(dir));
}
