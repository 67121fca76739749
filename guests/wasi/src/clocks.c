/* Clocks, random bytes, yielding: what can be said of them that is the same every time.
 *
 * Left out: clocks of CPU time, which preview 1 lets a host have or not (Wasmtime has none). */
#include "wasi.h"

static unsigned char some[70000], more[70000];

static void main_(void) {
    u64 now = 0, then = 0, resolution = 0;
    T(clock_res_get(__WASI_CLOCKID_REALTIME, &resolution));
    HOLDS(resolution > 0 && resolution <= 1000000000);
    resolution = 0;
    T(clock_res_get(__WASI_CLOCKID_MONOTONIC, &resolution));
    HOLDS(resolution > 0 && resolution <= 1000000000);

    T(clock_time_get(__WASI_CLOCKID_REALTIME, 0, &now));
    /* Between 2020 and 2100. */
    HOLDS(now > 1577836800000000000 && now < 4102444800000000000);
    T(clock_time_get(__WASI_CLOCKID_REALTIME, ~0ull, &now));
    T(clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &now));
    u32 backwards = 0;
    for (u32 i = 0; i < 1000; i++) {
        if (clock_time_get(__WASI_CLOCKID_MONOTONIC, 0, &then) || then < now) backwards++;
        now = then;
    }
    say("backwards: %u\n", backwards);

    T(sched_yield());

    memset(some, 0, sizeof some);
    T(random_get(some, 0));
    HOLDS(some[0] == 0);
    T(random_get(some, 1));
    HOLDS(some[1] == 0);
    T(random_get(some, sizeof some));
    T(random_get(more, sizeof more));
    HOLDS(!same(some, more, sizeof some));
    /* Were the bytes even, one value of 256 would be missing in 70000 with a chance of e^-273. */
    u32 seen[256] = {0}, values = 0;
    for (u32 i = 0; i < sizeof some; i++) values += !seen[some[i]]++;
    say("%u different bytes\n", values);
}
