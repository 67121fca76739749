/* Reading and writing a file: scattered, at places, over the end, appended, cut, and with which errors. */
#include "wasi.h"

static char a[8], b[8], c[64];

/* Writes all parts. A host may take fewer at a time than it was given. */
static u32 write_all(u32 fd, __wasi_ciovec_t *parts, u32 count) {
    u32 total = 0, n;
    while (count) {
        if (fd_write(fd, parts, count, &n)) return 77;
        total += n;
        while (count && n >= parts->buf_len) n -= parts->buf_len, parts++, count--;
        if (n) parts->buf += n, parts->buf_len -= n;
    }
    return total;
}

static void show_position(u32 fd) {
    u64 at = 77;
    u32 error = fd_tell(fd, &at);
    say("  tell: %e, at %l\n", error, at);
}

static void show_size(u32 fd) {
    __wasi_filestat_t stat;
    u32 error = fd_filestat_get(fd, &stat);
    say("  filestat: %e, %t, %l bytes, %l links\n", error, (u32)stat.filetype, stat.size, stat.nlink);
}

static void reading_and_writing(void) {
    u32 fd, n = 77;
    u64 at = 77;
    T(path_open(DIR, 0, P("f"), O_CREATE | O_EXCLUSIVE, R_FILE, 0, 0, &fd));
    HOLDS(fd > DIR);
    show_size(fd);
    show_position(fd);

    __wasi_ciovec_t out[] = {{(const uint8_t *)"Hello", 5}, {0, 0}, {(const uint8_t *)", ", 2}, {(const uint8_t *)"world\n", 6}};
    say("  wrote %u\n", write_all(fd, out, 4));
    show_position(fd);
    T(fd_write(fd, out, 0, &n));
    say("  wrote %u\n", n);
    T(fd_write(fd, &(__wasi_ciovec_t){0, 0}, 1, &n));
    say("  wrote %u\n", n);

    T(fd_seek(fd, 0, __WASI_WHENCE_SET, &at));
    say("  at %l\n", at);
    memset(a, '-', sizeof a), memset(b, '-', sizeof b), memset(c, '-', sizeof c);
    __wasi_iovec_t in[] = {{(uint8_t *)a, 3}, {0, 0}, {(uint8_t *)b, 4}, {(uint8_t *)c, 64}};
    u32 total = 0;
    /* A host may fill fewer buffers than it was given. */
    while (total < 13 && !fd_read(fd, &(__wasi_iovec_t){(uint8_t *)c + total, 64 - total}, 1, &n) && n) total += n;
    say("  read %u: %b\n", total, c, 16);
    T(fd_read(fd, in + 3, 1, &n));
    say("  read %u at the end\n", n);
    T(fd_read(fd, in, 0, &n));
    say("  read %u into nothing\n", n);
    T(fd_seek(fd, 5, __WASI_WHENCE_SET, &at));
    T(fd_read(fd, in, 1, &n));
    say("  read %u: %b\n", n, a, 8);
    show_position(fd);

    T(fd_pread(fd, in + 2, 1, 7, &n));
    say("  read %u: %b\n", n, b, 8);
    T(fd_pread(fd, in + 2, 1, 13, &n));
    say("  read %u at the end\n", n);
    T(fd_pread(fd, in + 2, 1, 1ull << 40, &n));
    say("  read %u beyond it\n", n);
    show_position(fd);
    T(fd_pwrite(fd, &(__wasi_ciovec_t){(const uint8_t *)"J", 1}, 1, 0, &n));
    T(fd_pwrite(fd, &(__wasi_ciovec_t){(const uint8_t *)"!", 1}, 1, 20, &n));
    show_position(fd);
    show_size(fd);
    contents("f");

    T(fd_sync(fd));
    T(fd_datasync(fd));
    T(fd_close(fd));
    T(fd_close(fd));
    T(fd_read(fd, in, 1, &n));
}

static void seeking(void) {
    u32 fd = opened("s", O_CREATE, R_FILE, 0), n;
    u64 at = 77;
    file("s", "0123456789");
    T(fd_seek(fd, 4, __WASI_WHENCE_SET, &at));
    say("  at %l\n", at);
    T(fd_seek(fd, -3, __WASI_WHENCE_CUR, &at));
    say("  at %l\n", at);
    T(fd_seek(fd, 0, __WASI_WHENCE_CUR, &at));
    say("  at %l\n", at);
    T(fd_seek(fd, -2, __WASI_WHENCE_END, &at));
    say("  at %l\n", at);
    T(fd_seek(fd, 5, __WASI_WHENCE_END, &at));
    say("  at %l\n", at);
    at = 77;
    T(fd_seek(fd, -1, __WASI_WHENCE_SET, &at));
    T(fd_seek(fd, -11, __WASI_WHENCE_END, &at));
    say("  at %l\n", at);
    show_position(fd);
    /* Writing beyond the end leaves zeros. */
    T(fd_write(fd, &(__wasi_ciovec_t){(const uint8_t *)"x", 1}, 1, &n));
    contents("s");
    T(fd_seek(NONE, 0, __WASI_WHENCE_SET, &at));
    T(fd_tell(NONE, &at));
    if (fd_close(fd)) say("close failed\n");
}

static void sizes(void) {
    u32 fd = opened("z", O_CREATE, R_FILE, 0), n;
    T(fd_filestat_set_size(fd, 5));
    show_size(fd);
    contents("z");
    T(fd_pwrite(fd, &(__wasi_ciovec_t){(const uint8_t *)"abcdef", 6}, 1, 0, &n));
    T(fd_filestat_set_size(fd, 3));
    contents("z");
    T(fd_filestat_set_size(fd, 4));
    contents("z");
    T(fd_filestat_set_size(fd, 0));
    show_size(fd);
    T(fd_filestat_set_size(NONE, 0));
    T(fd_filestat_set_size(DIR, 0));
    T(fd_advise(fd, 0, 10, __WASI_ADVICE_NORMAL));
    T(fd_advise(fd, 0, 10, __WASI_ADVICE_SEQUENTIAL));
    T(fd_advise(fd, 0, 10, __WASI_ADVICE_RANDOM));
    T(fd_advise(fd, 0, 10, __WASI_ADVICE_WILLNEED));
    T(fd_advise(fd, 0, 10, __WASI_ADVICE_DONTNEED));
    T(fd_advise(fd, 0, 0, __WASI_ADVICE_NOREUSE));
    T(fd_advise(NONE, 0, 10, __WASI_ADVICE_NORMAL));
    T(fd_allocate(NONE, 0, 10));
    if (fd_close(fd)) say("close failed\n");
}

static void appending(void) {
    file("p", "one ");
    u32 fd = opened("p", 0, R_FILE, F_APPEND), n;
    u64 at;
    __wasi_fdstat_t stat;
    T(fd_write(fd, &(__wasi_ciovec_t){(const uint8_t *)"two ", 4}, 1, &n));
    T(fd_seek(fd, 0, __WASI_WHENCE_SET, &at));
    T(fd_write(fd, &(__wasi_ciovec_t){(const uint8_t *)"three ", 6}, 1, &n));
    contents("p");
    T(fd_fdstat_get(fd, &stat));
    say("  %t, flags %u\n", (u32)stat.fs_filetype, (u32)stat.fs_flags);
    T(fd_fdstat_set_flags(fd, 0));
    T(fd_fdstat_get(fd, &stat));
    say("  %t, flags %u\n", (u32)stat.fs_filetype, (u32)stat.fs_flags);
    T(fd_seek(fd, 0, __WASI_WHENCE_SET, &at));
    T(fd_write(fd, &(__wasi_ciovec_t){(const uint8_t *)"ONE", 3}, 1, &n));
    contents("p");
    T(fd_fdstat_set_flags(fd, F_APPEND));
    T(fd_write(fd, &(__wasi_ciovec_t){(const uint8_t *)"four", 4}, 1, &n));
    contents("p");
    T(fd_fdstat_set_flags(NONE, 0));
    T(fd_fdstat_get(NONE, &stat));
    if (fd_close(fd)) say("close failed\n");
}

static void reading_only(void) {
    file("r", "read me");
    u32 fd = opened("r", 0, R_READ, 0), n;
    T(fd_read(fd, &(__wasi_iovec_t){(uint8_t *)a, 4}, 1, &n));
    say("  read %u: %b\n", n, a, 4);
    HOLDS(fd_write(fd, &(__wasi_ciovec_t){(const uint8_t *)"x", 1}, 1, &n) != 0);
    HOLDS(fd_pwrite(fd, &(__wasi_ciovec_t){(const uint8_t *)"x", 1}, 1, 0, &n) != 0);
    HOLDS(fd_filestat_set_size(fd, 1) != 0);
    if (fd_close(fd)) say("close failed\n");
    fd = opened("r", 0, R_WRITE, 0);
    HOLDS(fd_read(fd, &(__wasi_iovec_t){(uint8_t *)a, 4}, 1, &n) != 0);
    T(fd_write(fd, &(__wasi_ciovec_t){(const uint8_t *)"R", 1}, 1, &n));
    if (fd_close(fd)) say("close failed\n");
    contents("r");
}

static void directories(void) {
    u32 n;
    u64 at;
    __wasi_filestat_t stat;
    HOLDS(fd_read(DIR, &(__wasi_iovec_t){(uint8_t *)a, 4}, 1, &n) != 0);
    HOLDS(fd_write(DIR, &(__wasi_ciovec_t){(const uint8_t *)"R", 1}, 1, &n) != 0);
    HOLDS(fd_pread(DIR, &(__wasi_iovec_t){(uint8_t *)a, 4}, 1, 0, &n) != 0);
    HOLDS(fd_pwrite(DIR, &(__wasi_ciovec_t){(const uint8_t *)"R", 1}, 1, 0, &n) != 0);
    HOLDS(fd_seek(DIR, 0, __WASI_WHENCE_SET, &at) != 0);
    HOLDS(fd_tell(DIR, &at) != 0);
    T(fd_filestat_get(DIR, &stat));
    say("  %t\n", (u32)stat.filetype);
    T(fd_sync(NONE));
    T(fd_datasync(NONE));
}

static void main_(void) {
    reading_and_writing();
    seeking();
    sizes();
    appending();
    reading_only();
    directories();
}
