/* Numbers that are none of an enumeration and bits that are no flags: `inval`, and the program goes on.
 *
 * Wasmtime ends the guest for these; what is expected here was written by hand from POSIX, which has EINVAL. */
#include "wasi.h"

static void main_(void) {
    u64 out = 77;
    u32 n = 77;
    file("f", "contents");
    u32 fd = opened("f", 0, R_FILE, 0);
    T(clock_res_get(4, &out));
    T(clock_res_get(0xffffffff, &out));
    T(clock_time_get(4, 0, &out));
    T(clock_time_get(0x80000000, 0, &out));
    T(fd_seek(fd, 0, 3, &out));
    T(fd_seek(fd, 0, 255, &out));
    T(fd_advise(fd, 0, 10, 6));
    T(fd_advise(fd, 0, 10, 255));
    T(fd_fdstat_set_flags(fd, 0x20));
    T(fd_filestat_set_times(fd, 0, 0, 0x10));
    T(path_open(DIR, 0, P("f"), 0x10, R_READ, 0, 0, &n));
    T(path_open(DIR, 0, P("f"), 0, R_READ, 0, 0x20, &n));
    T(path_filestat_set_times(DIR, 0, P("f"), 0, 0, 0x10));
    static __wasi_subscription_t odd;
    static __wasi_event_t event;
    odd.u.tag = 3;
    T(poll_oneoff(&odd, &event, 1, &n));
    say("%l %u\n", out, n);
}
