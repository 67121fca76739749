/* Pointers and lengths that are not in memory, for every function that takes any: each is `fault`, nothing is
 * written, and the program goes on.
 *
 * The specification says that a pointer outside memory is `fault`; Wasmtime ends the guest. So what is expected
 * here was written by hand. Zero-length buffers may lie anywhere. */
#include "wasi.h"

static _Alignas(8) char ok[256];
static u32 n;
/* The last byte of memory. */
#define END ((char *)(__builtin_wasm_memory_size(0) * 65536))

static void main_(void) {
    file("f", "contents");
    if (path_symlink(P("f"), DIR, P("l"))) say("failed\n");
    u32 fd = opened("f", 0, R_FILE, 0);
    __wasi_iovec_t good = {(uint8_t *)ok, 4}, outside = {OUTSIDE, 4}, wide = {(uint8_t *)ok, 0xffffffff},
                   end = {(uint8_t *)END - 2, 4}, wrapping = {(uint8_t *)0xffffffff, 0xffffffff};

    T(args_sizes_get(OUTSIDE, &n));
    T(args_sizes_get(&n, OUTSIDE));
    T(args_get(OUTSIDE, ok));
    T(args_get(ok, OUTSIDE));
    T(environ_sizes_get(OUTSIDE, &n));
    T(environ_sizes_get(&n, END));
    T(environ_get(OUTSIDE, ok));
    T(environ_get(ok, OUTSIDE));
    T(clock_res_get(0, OUTSIDE));
    T(clock_res_get(0, END));
    T(clock_time_get(0, 0, OUTSIDE));
    T(clock_time_get(0, 0, (void *)0xfffffff8));
    T(random_get(OUTSIDE, 8));
    T(random_get(ok, 0xffffffff));
    T(random_get(END - 1, 2));
    T(random_get(END - 2, 2));

    T(fd_fdstat_get(fd, OUTSIDE));
    T(fd_fdstat_get(fd, END - 16));
    T(fd_filestat_get(fd, OUTSIDE));
    T(fd_filestat_get(fd, END - 56));
    T(fd_prestat_get(DIR, OUTSIDE));
    T(fd_prestat_dir_name(DIR, OUTSIDE, 1));
    T(fd_seek(fd, 0, 0, OUTSIDE));
    T(fd_tell(fd, OUTSIDE));

    T(fd_read(fd, OUTSIDE, 1, &n));
    T(fd_read(fd, &good, 1, OUTSIDE));
    T(fd_read(fd, &outside, 1, &n));
    T(fd_read(fd, &wide, 1, &n));
    T(fd_read(fd, &end, 1, &n));
    T(fd_read(fd, &wrapping, 1, &n));
    T(fd_read(fd, &good, 0xffffffff, &n));
    T(fd_read(fd, &good, 0x20000001, &n));
    T(fd_pread(fd, OUTSIDE, 1, 0, &n));
    T(fd_pread(fd, &good, 1, 0, OUTSIDE));
    T(fd_pread(fd, &outside, 1, 0, &n));
    T(fd_pread(fd, &end, 1, 0, &n));
    T(fd_pread(fd, &good, 0xffffffff, 0, &n));
    T(fd_write(fd, OUTSIDE, 1, &n));
    T(fd_write(fd, &outside, 1, &n));
    T(fd_write(fd, &wide, 1, &n));
    T(fd_write(fd, &end, 1, &n));
    T(fd_write(fd, &wrapping, 1, &n));
    T(fd_write(fd, &good, 0xffffffff, &n));
    T(fd_pwrite(fd, OUTSIDE, 1, 0, &n));
    T(fd_pwrite(fd, &outside, 1, 0, &n));
    T(fd_pwrite(fd, &end, 1, 0, &n));
    T(fd_pwrite(fd, &good, 0xffffffff, 0, &n));
    T(fd_write(1, &outside, 1, &n));
    T(fd_read(0, &outside, 1, &n));
    contents("f");
    T(fd_readdir(DIR, OUTSIDE, 100, 0, &n));
    T(fd_readdir(DIR, ok, 0xffffffff, 0, &n));
    T(fd_readdir(DIR, ok, 100, 0, OUTSIDE));

    T(path_create_directory(DIR, OUTSIDE, 4));
    T(path_create_directory(DIR, ok, 0xffffffff));
    T(path_create_directory(DIR, END - 1, 2));
    T(path_remove_directory(DIR, OUTSIDE, 4));
    T(path_unlink_file(DIR, OUTSIDE, 4));
    T(path_filestat_get(DIR, 0, OUTSIDE, 4, ok));
    T(path_filestat_get(DIR, 0, P("f"), OUTSIDE));
    T(path_filestat_set_times(DIR, 0, OUTSIDE, 4, 0, 0, 0));
    T(path_link(DIR, 0, OUTSIDE, 4, DIR, P("x")));
    T(path_link(DIR, 0, P("f"), DIR, OUTSIDE, 4));
    T(path_open(DIR, 0, OUTSIDE, 4, 0, R_READ, 0, 0, &n));
    T(path_readlink(DIR, OUTSIDE, 4, ok, 4, &n));
    T(path_readlink(DIR, P("l"), OUTSIDE, 4, &n));
    T(path_readlink(DIR, P("l"), ok, 4, OUTSIDE));
    T(path_rename(DIR, OUTSIDE, 4, DIR, P("x")));
    T(path_rename(DIR, P("f"), DIR, OUTSIDE, 4));
    T(path_symlink(OUTSIDE, 4, DIR, P("x")));
    T(path_symlink(P("f"), DIR, OUTSIDE, 4));

    static __wasi_subscription_t soon;
    static __wasi_event_t event;
    T(poll_oneoff(OUTSIDE, &event, 1, &n));
    T(poll_oneoff(&soon, OUTSIDE, 1, &n));
    T(poll_oneoff(&soon, &event, 1, OUTSIDE));
    T(poll_oneoff(&soon, &event, 0xffffffff, &n));
    T(poll_oneoff(&soon, &event, 0x06000000, &n));

    /* Nothing came of any of it. */
    stat_of(0, "x");
    contents("f");
    T(fd_close(fd));
}
