/* Standard streams: reading to the end, writing to both outputs, and what a stream cannot do. */
#include "wasi.h"

static char text[64];

static void main_(void) {
    u32 n = 77, total = 0, sum = 0;
    u64 at;
    for (;;) {
        u32 error = fd_read(0, &(__wasi_iovec_t){(uint8_t *)text, 7}, 1, &n);
        if (error) {
            say("read: %e\n", error);
            break;
        }
        if (!n) break;
        total += n;
        for (u32 i = 0; i < n; i++) sum = sum * 31 + (unsigned char)text[i];
    }
    say("%u bytes, hash %u\n", total, sum);
    T(fd_read(0, &(__wasi_iovec_t){(uint8_t *)text, 7}, 1, &n));
    say("  %u\n", n);
    __wasi_ciovec_t line = {(const uint8_t *)"to standard error\n", 18};
    T(fd_write(2, &line, 1, &n));
    say("  %u\n", n);
    T(fd_seek(1, 0, __WASI_WHENCE_CUR, &at));
    T(fd_tell(0, &at));
    T(fd_pread(0, &(__wasi_iovec_t){(uint8_t *)text, 7}, 1, 0, &n));
    T(fd_pwrite(1, &line, 1, 0, &n));
    HOLDS(fd_read(1, &(__wasi_iovec_t){(uint8_t *)text, 7}, 1, &n) != 0);
    HOLDS(fd_write(0, &line, 1, &n) != 0);
    HOLDS(fd_filestat_set_size(1, 0) != 0);
    HOLDS(fd_allocate(1, 0, 1) != 0);
    HOLDS(fd_advise(1, 0, 1, 0) != 0);
    T(fd_close(2));
    T(fd_write(2, &line, 1, &n));
}
