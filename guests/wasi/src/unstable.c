/* `wasi_unstable`, the name before preview 1, where it differs: another order of whences, a smaller file status,
 * and subscriptions with an identifier for the clock. Laid out by hand from its witx (phases/old/snapshot_0).
 *
 * Hosts that no longer have that name cannot run it (Wasmtime, for one); what is expected was written by hand. */
#include "wasi.h"

#define OLD(name, ...) \
    __attribute__((import_module("wasi_unstable"), import_name(#name))) u32 old_##name(__VA_ARGS__)

OLD(fd_write, u32 fd, const void *iovs, u32 count, void *out);
OLD(fd_seek, u32 fd, i64 offset, u32 whence, void *out);
OLD(fd_filestat_get, u32 fd, void *out);
OLD(path_filestat_get, u32 fd, u32 flags, const void *path, u32 len, void *out);
OLD(path_open, u32 fd, u32 dirflags, const void *path, u32 len, u32 oflags, u64 base, u64 inheriting, u32 fdflags,
    void *out);
OLD(poll_oneoff, const void *in, void *out, u32 count, void *events);
OLD(args_sizes_get, void *count, void *size);
OLD(fd_close, u32 fd);

#define WAS_CUR 0
#define WAS_END 1
#define WAS_SET 2

struct old_filestat {
    u64 dev, ino;
    uint8_t filetype;
    u32 nlink;
    u64 size, atim, mtim, ctim, behind;
};
_Static_assert(offsetof(struct old_filestat, nlink) == 20 && offsetof(struct old_filestat, behind) == 56, "layout");

struct old_subscription {
    u64 userdata;
    uint8_t type;
    union {
        struct {
            u64 identifier;
            u32 id;
            u64 timeout, precision;
            uint16_t flags;
        } clock;
        u32 fd;
    } u;
};
_Static_assert(sizeof(struct old_subscription) == 56, "layout");

static void show(u32 error, const struct old_filestat *stat) {
    say("  %e, %t, %u links, %l bytes, %s\n", error, (u32)stat->filetype, stat->nlink, stat->size,
        stat->behind == 77 ? "nothing behind" : "WRITTEN BEHIND");
}

static void main_(void) {
    u32 fd, n, count;
    u64 at = 77;
    T(old_args_sizes_get(&count, &n));
    say("  %u arguments\n", count);
    T(old_path_open(DIR, 0, P("f"), O_CREATE, R_FILE, 0, 0, &fd));
    T(old_fd_write(fd, &(__wasi_ciovec_t){(const uint8_t *)"0123456789", 10}, 1, &n));
    T(old_fd_seek(fd, 4, WAS_SET, &at));
    say("  at %l\n", at);
    T(old_fd_seek(fd, 2, WAS_CUR, &at));
    say("  at %l\n", at);
    T(old_fd_seek(fd, -1, WAS_END, &at));
    say("  at %l\n", at);
    T(old_fd_seek(fd, 0, 3, &at));

    struct old_filestat stat = {.behind = 77};
    show(old_fd_filestat_get(fd, &stat), &stat);
    stat = (struct old_filestat){.behind = 77};
    show(old_path_filestat_get(DIR, 0, P("f"), &stat), &stat);
    stat = (struct old_filestat){.behind = 77};
    show(old_path_filestat_get(DIR, 0, P("."), &stat), &(struct old_filestat){.filetype = stat.filetype, .behind = stat.behind});
    HOLDS(stat.mtim > 1577836800000000000);

    static struct old_subscription subs[2];
    static __wasi_event_t events[2];
    subs[0].userdata = 5, subs[0].type = 0;
    subs[0].u.clock.identifier = 99, subs[0].u.clock.id = 1, subs[0].u.clock.timeout = 1000000;
    T(old_poll_oneoff(subs, events, 1, &n));
    say("  %u: %l, %e, type %u\n", n, events[0].userdata, (u32)events[0].error, (u32)events[0].type);
    subs[0].u.clock.timeout = 60000000000;
    subs[1].userdata = 6, subs[1].type = 2, subs[1].u.fd = fd;
    T(old_poll_oneoff(subs, events, 2, &n));
    say("  %u: %l, %e, type %u\n", n, events[0].userdata, (u32)events[0].error, (u32)events[0].type);
    T(old_fd_close(fd));
    T(old_fd_close(fd));
}
