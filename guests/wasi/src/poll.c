/* Waiting: for clocks, relative and absolute, for files, for streams, for several at once.
 *
 * Standard input is a pipe with six bytes in it and then its end. */
#include "wasi.h"

static __wasi_subscription_t subs[8];
static __wasi_event_t events[8];
static char text[16];

static void clock(u32 i, u32 id, u64 timeout, u32 flags) {
    memset(&subs[i], 0, sizeof subs[i]);
    subs[i].userdata = 0x1000000000ull + i;
    subs[i].u.tag = __WASI_EVENTTYPE_CLOCK;
    subs[i].u.u.clock.id = id;
    subs[i].u.u.clock.timeout = timeout;
    subs[i].u.u.clock.flags = (uint16_t)flags;
}

static void stream(u32 i, u32 tag, u32 fd) {
    memset(&subs[i], 0, sizeof subs[i]);
    subs[i].userdata = 0x2000000000ull + i;
    subs[i].u.tag = (uint8_t)tag;
    subs[i].u.u.fd_read.file_descriptor = fd;
}

static u64 now(void) {
    u64 time = 0;
    if (clock_time_get(__WASI_CLOCKID_MONOTONIC, 0, &time)) say("no clock\n");
    return time;
}

static void show(u32 n) {
    for (u32 i = 0; i < n; i++)
        say("  %l: %e, type %u\n", events[i].userdata & 0xffffffff, (u32)events[i].error, (u32)events[i].type);
}

static void main_(void) {
    u32 n = 77;
    T(poll_oneoff(subs, events, 0, &n));

    u64 before = now();
    clock(0, __WASI_CLOCKID_MONOTONIC, 20000000, 0);
    T(poll_oneoff(subs, events, 1, &n));
    u64 after = now();
    show(n);
    HOLDS(after - before >= 20000000 && after - before < 10000000000);

    clock(0, __WASI_CLOCKID_MONOTONIC, now() + 20000000, __WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME);
    before = now();
    T(poll_oneoff(subs, events, 1, &n));
    after = now();
    show(n);
    HOLDS(after - before >= 10000000 && after - before < 10000000000);

    clock(0, __WASI_CLOCKID_MONOTONIC, 0, 0);
    T(poll_oneoff(subs, events, 1, &n));
    show(n);
    clock(0, __WASI_CLOCKID_REALTIME, 1, __WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME);
    T(poll_oneoff(subs, events, 1, &n));
    show(n);
    clock(0, __WASI_CLOCKID_REALTIME, 1000000, 0);
    T(poll_oneoff(subs, events, 1, &n));
    show(n);

    /* Of two clocks the earlier one comes alone. */
    clock(0, __WASI_CLOCKID_MONOTONIC, 60000000000, 0);
    clock(1, __WASI_CLOCKID_MONOTONIC, 1000000, 0);
    T(poll_oneoff(subs, events, 2, &n));
    show(n);

    /* Files are always ready; a clock that is far away does not come. */
    file("f", "contents");
    u32 fd = opened("f", 0, R_FILE, 0);
    stream(0, __WASI_EVENTTYPE_FD_READ, fd);
    clock(1, __WASI_CLOCKID_MONOTONIC, 60000000000, 0);
    T(poll_oneoff(subs, events, 2, &n));
    show(n);
    stream(0, __WASI_EVENTTYPE_FD_WRITE, fd);
    T(poll_oneoff(subs, events, 2, &n));
    show(n);
    /* A host may tell of fewer than are ready. */
    stream(1, __WASI_EVENTTYPE_FD_READ, fd);
    T(poll_oneoff(subs, events, 2, &n));
    HOLDS(n == 1 || n == 2);
    if (fd_close(fd)) say("close failed\n");

    stream(0, __WASI_EVENTTYPE_FD_WRITE, 1);
    T(poll_oneoff(subs, events, 1, &n));
    show(n);
    stream(0, __WASI_EVENTTYPE_FD_READ, 0);
    clock(1, __WASI_CLOCKID_MONOTONIC, 60000000000, 0);
    T(poll_oneoff(subs, events, 2, &n));
    show(n);
    u32 total = 0;
    while (!fd_read(0, &(__wasi_iovec_t){(uint8_t *)text + total, 16 - total}, 1, &n) && n) total += n;
    say("  %b\n", text, total);
    T(poll_oneoff(subs, events, 2, &n));
    show(n);
}
