/* Descriptors: which there are, what they are, renumbering, closing, and functions that are for sockets. */
#include "wasi.h"

static char text[64];
static u32 n;

static void show(u32 fd) {
    __wasi_fdstat_t stat;
    u32 error = fd_fdstat_get(fd, &stat);
    if (error) say("  %u: %e\n", fd, error);
    else say("  %u: %t, flags %u\n", fd, (u32)stat.fs_filetype, (u32)stat.fs_flags);
}

static void preopens(void) {
    __wasi_prestat_t stat;
    for (u32 fd = 0; fd < 8; fd++) {
        u32 error = fd_prestat_get(fd, &stat);
        if (error) {
            say("  %u: %e\n", fd, error);
            continue;
        }
        memset(text, '#', sizeof text);
        u32 size = stat.u.dir.pr_name_len;
        error = fd_prestat_dir_name(fd, text, size);
        say("  %u: %e, kind %u, %b\n", fd, error, (u32)stat.tag, text, size + 1);
    }
    T(fd_prestat_dir_name(DIR, text, 0));
    T(fd_prestat_dir_name(NONE, text, 10));
    T(fd_prestat_get(NONE, &stat));
    T(fd_prestat_get(HUGE_FD, &stat));
    show(DIR);
    show(NONE);
}

static void renumbering(void) {
    file("a", "the first");
    file("b", "the second");
    u32 a = opened("a", 0, R_FILE, 0), b = opened("b", 0, R_FILE, 0);
    HOLDS(a != b);
    T(fd_renumber(a, b));
    T(fd_read(b, &(__wasi_iovec_t){(uint8_t *)text, 20}, 1, &n));
    say("  %b\n", text, n);
    show(a - a + NONE);
    T(fd_close(a));
    T(fd_read(a, &(__wasi_iovec_t){(uint8_t *)text, 20}, 1, &n));
    T(fd_renumber(a, b));
    T(fd_renumber(b, b));
    T(fd_renumber(NONE, b));
    T(fd_renumber(NONE, NONE));
    T(fd_close(b));
    T(fd_close(b));
    /* A number that was freed can be given again, and there are enough of them. */
    u32 highest = 0;
    for (u32 i = 0; i < 3000; i++) {
        u32 fd = opened("a", 0, R_READ, 0);
        if (fd > highest) highest = fd;
        if (fd_close(fd)) say("close failed\n");
    }
    HOLDS(highest < 3000);
    static u32 many[200];
    for (u32 i = 0; i < 200; i++) many[i] = opened("a", 0, R_READ, 0);
    u32 twice = 0;
    for (u32 i = 0; i < 200; i++)
        for (u32 k = 0; k < i; k++) twice += many[i] == many[k];
    say("  %u numbers given twice\n", twice);
    for (u32 i = 0; i < 200; i++)
        if (fd_close(many[i])) say("close failed\n");
}

static void no_sockets(void) {
    u32 f = opened("a", 0, R_FILE, 0), roflags;
    __wasi_iovec_t in = {(uint8_t *)text, 4};
    T(sock_accept(f, 0, &n));
    T(sock_recv(f, &in, 1, 0, &n, &roflags));
    T(sock_send(f, &in, 1, 0, &n));
    T(sock_shutdown(f, __WASI_SDFLAGS_RD));
    T(sock_recv(NONE, &in, 1, 0, &n, &roflags));
    T(sock_send(NONE, &in, 1, 0, &n));
    T(sock_shutdown(NONE, __WASI_SDFLAGS_WR));
    T(sock_accept(NONE, 0, &n));
    T(fd_close(f));
}

static void nothing_there(void) {
    __wasi_iovec_t in = {(uint8_t *)text, 4};
    u64 at;
    T(fd_advise(HUGE_FD, 0, 0, 0));
    T(fd_allocate(HUGE_FD, 0, 1));
    T(fd_close(HUGE_FD));
    T(fd_datasync(HUGE_FD));
    T(fd_fdstat_set_flags(HUGE_FD, 0));
    T(fd_filestat_set_size(HUGE_FD, 0));
    T(fd_filestat_set_times(HUGE_FD, 0, 0, 0));
    T(fd_pread(HUGE_FD, &in, 1, 0, &n));
    T(fd_pwrite(HUGE_FD, &in, 1, 0, &n));
    T(fd_read(HUGE_FD, &in, 1, &n));
    T(fd_write(HUGE_FD, &in, 1, &n));
    T(fd_readdir(HUGE_FD, text, 64, 0, &n));
    T(fd_seek(HUGE_FD, 0, 0, &at));
    T(fd_tell(HUGE_FD, &at));
    T(fd_sync(HUGE_FD));
}

static void main_(void) {
    preopens();
    renumbering();
    no_sockets();
    nothing_there();
    /* Without its directory a program has no files. */
    T(fd_close(DIR));
    T(path_open(DIR, 0, P("a"), 0, R_READ, 0, 0, &n));
    show(DIR);
}
