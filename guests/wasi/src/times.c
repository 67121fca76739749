/* Times of files: set through descriptors and paths, to given values and to now, one of them or both. */
#include "wasi.h"

#define ATIM __WASI_FSTFLAGS_ATIM
#define MTIM __WASI_FSTFLAGS_MTIM
#define ATIM_NOW __WASI_FSTFLAGS_ATIM_NOW
#define MTIM_NOW __WASI_FSTFLAGS_MTIM_NOW
#define SECOND 1000000000ull

static u64 started;

static void when(const char *what, u64 time) {
    if (time >= started - SECOND) say(" %s now", what);
    else say(" %s %l", what, time);
}

static void show(u32 flags, const char *path) {
    __wasi_filestat_t stat;
    u32 error = path_filestat_get(DIR, flags, path, length(path), &stat);
    say("  %q: %e", path, error);
    if (!error) when("read", stat.atim), when("changed", stat.mtim), say(stat.ctim >= started - SECOND ? "" : " old");
    say("\n");
}

static void main_(void) {
    if (clock_time_get(__WASI_CLOCKID_REALTIME, 0, &started)) say("no clock\n");
    file("f", "x");
    show(0, "f");
    u32 fd = opened("f", 0, R_FILE, 0);
    T(fd_filestat_set_times(fd, 1 * SECOND, 2 * SECOND, ATIM | MTIM));
    show(0, "f");
    T(fd_filestat_set_times(fd, 1234567890123456789, 5, ATIM));
    show(0, "f");
    T(fd_filestat_set_times(fd, 5, 1000000000000000001, MTIM));
    show(0, "f");
    T(fd_filestat_set_times(fd, 5, 6, 0));
    show(0, "f");
    T(fd_filestat_set_times(fd, 5, 6, ATIM_NOW));
    show(0, "f");
    T(fd_filestat_set_times(fd, 7 * SECOND, 6, ATIM | MTIM_NOW));
    show(0, "f");
    T(fd_filestat_set_times(fd, 0, 0, ATIM | MTIM));
    show(0, "f");
    T(fd_filestat_set_times(fd, 5, 6, ATIM | ATIM_NOW));
    T(fd_filestat_set_times(fd, 5, 6, MTIM | MTIM_NOW));
    T(fd_close(fd));

    T(path_filestat_set_times(DIR, 0, P("f"), 3 * SECOND, 4 * SECOND, ATIM | MTIM));
    show(0, "f");
    T(path_filestat_set_times(DIR, 0, P("f"), 3, 4, ATIM_NOW | MTIM_NOW));
    show(0, "f");
    T(path_filestat_set_times(DIR, 0, P("f"), 3, 4, ATIM | ATIM_NOW));
    T(path_filestat_set_times(DIR, 0, P("f"), 3, 4, MTIM | MTIM_NOW));
    T(path_filestat_set_times(DIR, 0, P("missing"), 3, 4, ATIM | MTIM));
    T(path_filestat_set_times(DIR, 0, P("f/x"), 3, 4, ATIM | MTIM));
    T(path_filestat_set_times(NONE, 0, P("f"), 3, 4, ATIM | MTIM));

    if (path_symlink(P("f"), DIR, P("l"))) say("no link\n");
    T(path_filestat_set_times(DIR, 0, P("l"), 8 * SECOND, 9 * SECOND, ATIM | MTIM));
    show(0, "l");
    T(path_filestat_set_times(DIR, FOLLOW, P("l"), 10 * SECOND, 11 * SECOND, ATIM | MTIM));
    show(0, "f");
    if (path_create_directory(DIR, P("d"))) say("no directory\n");
    T(path_filestat_set_times(DIR, 0, P("d"), 12 * SECOND, 13 * SECOND, ATIM | MTIM));
    show(0, "d");
    fd = opened("d", O_DIR, R_DIR, 0);
    T(fd_filestat_set_times(fd, 14 * SECOND, 15 * SECOND, ATIM | MTIM));
    show(0, "d");
    T(fd_close(fd));
}
