/* A program of wasi-threads: it imports a shared memory and `wasi`.`thread-spawn`, and exports `wasi_thread_start`.
 * Its first argument says what it does: `count`, `queue`, `nested`, `many`, `exit` (a thread ends the program), `trap`
 * (a thread traps), `files` (threads share descriptors), `returns` (the program ends although a thread waits).
 *
 * wasi-libc for threads is in no package, so what it would do is here: a thread's stack is made by who spawns it, and
 * `wasi_thread_start` switches to it before any C runs. What is expected was written by hand: it is counting. */
#include "wasi.h"

__attribute__((import_module("wasi"), import_name("thread-spawn"))) int thread_spawn(void *start);

/* What a new thread gets. The assembly below knows that the stack comes first. */
struct start {
    void *stack;
    void (*run)(struct start *);
    u32 number;
    volatile int done;
    volatile int tid;
};

__attribute__((used)) static void thread_main(int tid, struct start *start) {
    __atomic_store_n(&start->tid, tid, __ATOMIC_SEQ_CST);
    start->run(start);
    __atomic_store_n(&start->done, 1, __ATOMIC_SEQ_CST);
    __builtin_wasm_memory_atomic_notify((int *)&start->done, 1);
}

__asm__(".globl wasi_thread_start\n"
        ".export_name wasi_thread_start, wasi_thread_start\n"
        ".globaltype __stack_pointer, i32\n"
        ".functype thread_main (i32, i32) -> ()\n"
        ".type wasi_thread_start, @function\n"
        "wasi_thread_start:\n"
        ".functype wasi_thread_start (i32, i32) -> ()\n"
        "local.get 1\n"
        "i32.load 0\n"
        "global.set __stack_pointer\n"
        "local.get 0\n"
        "local.get 1\n"
        "call thread_main\n"
        "end_function\n");

#define MOST 32
static struct start starts[MOST];
static _Alignas(16) char stacks[MOST][16384];

/* Begins a thread; its number is its place in `starts`. */
static int begin(u32 number, void (*run)(struct start *)) {
    struct start *start = &starts[number];
    start->stack = stacks[number] + sizeof stacks[0];
    start->run = run;
    start->number = number;
    start->done = 0;
    int tid = thread_spawn(start);
    if (tid < 0) {
        say("thread %u was not begun: %i\n", number, (i64)tid);
        flush();
        proc_exit(91);
    }
    return tid;
}

/* Waits for a thread's end. */
static void join(u32 number) {
    while (!__atomic_load_n(&starts[number].done, __ATOMIC_SEQ_CST))
        __builtin_wasm_memory_atomic_wait32((int *)&starts[number].done, 0, -1);
}

static int lock_word;
static void lock(void) {
    while (__atomic_exchange_n(&lock_word, 1, __ATOMIC_SEQ_CST))
        __builtin_wasm_memory_atomic_wait32(&lock_word, 1, -1);
}
static void unlock(void) {
    __atomic_store_n(&lock_word, 0, __ATOMIC_SEQ_CST);
    __builtin_wasm_memory_atomic_notify(&lock_word, 1);
}

static u32 atomic_count, locked_count;

static void counting(struct start *start) {
    volatile u32 room[100];
    for (u32 i = 0; i < 10000; i++) {
        __atomic_fetch_add(&atomic_count, 1, __ATOMIC_SEQ_CST);
        room[i % 100] = start->number;
        if (i % 10 == 0) {
            lock();
            locked_count += room[i % 100];
            unlock();
        }
    }
}

static void count(void) {
    int tids[8];
    for (u32 i = 0; i < 8; i++) tids[i] = begin(i, counting);
    for (u32 i = 0; i < 8; i++) join(i);
    say("%u, %u\n", atomic_count, locked_count);
    u32 wrong = 0;
    for (u32 i = 0; i < 8; i++) {
        /* A number that is not that of another, and that the thread was told, too. */
        wrong += tids[i] <= 0 || tids[i] > 0x1fffffff || starts[i].tid != tids[i];
        for (u32 k = 0; k < i; k++) wrong += tids[i] == tids[k];
    }
    say("%u wrong numbers of threads\n", wrong);
}

/* A queue of one place between a producer and three consumers. */
static int place;
static u32 taken[4];

static void consuming(struct start *start) {
    for (;;) {
        int got = __atomic_exchange_n(&place, 0, __ATOMIC_SEQ_CST);
        if (got == -1) {
            __atomic_store_n(&place, -1, __ATOMIC_SEQ_CST);
            __builtin_wasm_memory_atomic_notify(&place, ~0u);
            return;
        }
        if (got) {
            taken[start->number] += (u32)got;
            __builtin_wasm_memory_atomic_notify(&place, ~0u);
        } else {
            __builtin_wasm_memory_atomic_wait32(&place, 0, -1);
        }
    }
}

static void put_in(int what) {
    int empty;
    while (empty = 0, !__atomic_compare_exchange_n(&place, &empty, what, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        __builtin_wasm_memory_atomic_wait32(&place, empty, 1000000);
    __builtin_wasm_memory_atomic_notify(&place, ~0u);
}

static void queue(void) {
    for (u32 i = 0; i < 3; i++) begin(i, consuming);
    for (int i = 1; i <= 2000; i++) put_in(i);
    put_in(-1);
    for (u32 i = 0; i < 3; i++) join(i);
    say("%u\n", taken[0] + taken[1] + taken[2]);
}

static void nesting(struct start *start) {
    __atomic_fetch_add(&atomic_count, 1, __ATOMIC_SEQ_CST);
    if (start->number < 9) {
        begin(start->number + 1, nesting);
        join(start->number + 1);
        locked_count++;
    }
}

static void adding(struct start *start) { __atomic_fetch_add(&atomic_count, start->number, __ATOMIC_SEQ_CST); }

static void leaving(struct start *start) { proc_exit(20 + start->number); }
static void trapping(struct start *start) { ((void (*)(void))(start->number + 0x10000000))(); }
static int never;
static void waiting(struct start *start) {
    starts[start->number + 1].done = 1;
    __builtin_wasm_memory_atomic_notify((int *)&starts[start->number + 1].done, 1);
    __builtin_wasm_memory_atomic_wait32(&never, 0, -1);
}

static u32 shared_fd;
static void writing(struct start *start) {
    char digit = (char)('0' + start->number);
    __wasi_ciovec_t part = {(const uint8_t *)&digit, 1};
    u32 n;
    for (u32 i = 0; i < 100; i++)
        if (fd_write(shared_fd, &part, 1, &n) || n != 1) __atomic_fetch_add(&atomic_count, 1, __ATOMIC_SEQ_CST);
    if (start->number == 3 && path_create_directory(DIR, P("by-a-thread"))) atomic_count += 1000;
}

static void files(void) {
    shared_fd = opened("f", O_CREATE, R_FILE, F_APPEND);
    for (u32 i = 0; i < 4; i++) begin(i, writing);
    for (u32 i = 0; i < 4; i++) join(i);
    static char bytes[500];
    u32 n, total = 0, digits[4] = {0};
    while (!fd_pread(shared_fd, &(__wasi_iovec_t){(uint8_t *)bytes, 500}, 1, total, &n) && n) {
        for (u32 i = 0; i < n; i++) digits[(bytes[i] - '0') & 3]++;
        total += n;
    }
    say("%u bytes, %u %u %u %u, %u failures\n", total, digits[0], digits[1], digits[2], digits[3], atomic_count);
    stat_of(0, "by-a-thread");
    T(fd_close(shared_fd));
}

static char *list[8];
static char bytes[256];

static void main_(void) {
    if (args_get(list, bytes)) proc_exit(90);
    const char *what = list[1] ? list[1] : "";
    say("%s\n", what);
    flush();
    if (same(what, "count", 6)) count();
    if (same(what, "queue", 6)) queue();
    if (same(what, "nested", 7)) {
        begin(0, nesting);
        join(0);
        say("%u begun, %u joined\n", atomic_count, locked_count);
    }
    if (same(what, "many", 5)) {
        for (u32 round = 0; round < 50; round++) {
            for (u32 i = 0; i < 10; i++) begin(i, adding);
            for (u32 i = 0; i < 10; i++) join(i);
        }
        say("%u\n", atomic_count);
    }
    if (same(what, "files", 6)) files();
    if (same(what, "exit", 5)) {
        begin(3, leaving);
        __builtin_wasm_memory_atomic_wait32(&never, 0, -1);
    }
    if (same(what, "trap", 5)) {
        begin(0, trapping);
        __builtin_wasm_memory_atomic_wait32(&never, 0, -1);
    }
    if (same(what, "returns", 8)) {
        begin(0, waiting);
        join(1);
    }
    say("the end\n");
}
