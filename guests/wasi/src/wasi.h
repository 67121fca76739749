/* What every test program here shares: the functions of wasi_snapshot_preview1 as they are imported, and
 * means to print what they did.
 *
 * The imports are declared here and not taken from wasi-libc, whose wrappers measure strings: tests need
 * lengths and pointers that no wrapper would pass. Types and constants are those of <wasi/api.h>. There is no
 * libc below, so that a program imports what it tests and nothing else: `main_` is called by `_start`.
 *
 * T(call) prints the text of the call and the name of the error that it returned; that text is the test's
 * name. Everything printed is the same on every machine. */
#ifndef WASI_TEST_H
#define WASI_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <wasi/api.h>

typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t i64;

#define IMPORT(name, ...) \
    __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) u32 name(__VA_ARGS__)

IMPORT(args_get, void *argv, void *buf);
IMPORT(args_sizes_get, void *count, void *size);
IMPORT(environ_get, void *env, void *buf);
IMPORT(environ_sizes_get, void *count, void *size);
IMPORT(clock_res_get, u32 id, void *out);
IMPORT(clock_time_get, u32 id, u64 precision, void *out);
IMPORT(fd_advise, u32 fd, u64 offset, u64 len, u32 advice);
IMPORT(fd_allocate, u32 fd, u64 offset, u64 len);
IMPORT(fd_close, u32 fd);
IMPORT(fd_datasync, u32 fd);
IMPORT(fd_fdstat_get, u32 fd, void *out);
IMPORT(fd_fdstat_set_flags, u32 fd, u32 flags);
IMPORT(fd_fdstat_set_rights, u32 fd, u64 base, u64 inheriting);
IMPORT(fd_filestat_get, u32 fd, void *out);
IMPORT(fd_filestat_set_size, u32 fd, u64 size);
IMPORT(fd_filestat_set_times, u32 fd, u64 atim, u64 mtim, u32 flags);
IMPORT(fd_pread, u32 fd, const void *iovs, u32 count, u64 offset, void *out);
IMPORT(fd_prestat_get, u32 fd, void *out);
IMPORT(fd_prestat_dir_name, u32 fd, void *path, u32 len);
IMPORT(fd_pwrite, u32 fd, const void *iovs, u32 count, u64 offset, void *out);
IMPORT(fd_read, u32 fd, const void *iovs, u32 count, void *out);
IMPORT(fd_readdir, u32 fd, void *buf, u32 len, u64 cookie, void *out);
IMPORT(fd_renumber, u32 fd, u32 to);
IMPORT(fd_seek, u32 fd, i64 offset, u32 whence, void *out);
IMPORT(fd_sync, u32 fd);
IMPORT(fd_tell, u32 fd, void *out);
IMPORT(fd_write, u32 fd, const void *iovs, u32 count, void *out);
IMPORT(path_create_directory, u32 fd, const void *path, u32 len);
IMPORT(path_filestat_get, u32 fd, u32 flags, const void *path, u32 len, void *out);
IMPORT(path_filestat_set_times, u32 fd, u32 flags, const void *path, u32 len, u64 atim, u64 mtim, u32 which);
IMPORT(path_link, u32 fd, u32 flags, const void *path, u32 len, u32 to, const void *path2, u32 len2);
IMPORT(path_open, u32 fd, u32 dirflags, const void *path, u32 len, u32 oflags, u64 base, u64 inheriting,
       u32 fdflags, void *out);
IMPORT(path_readlink, u32 fd, const void *path, u32 len, void *buf, u32 buf_len, void *out);
IMPORT(path_remove_directory, u32 fd, const void *path, u32 len);
IMPORT(path_rename, u32 fd, const void *path, u32 len, u32 to, const void *path2, u32 len2);
IMPORT(path_symlink, const void *target, u32 target_len, u32 fd, const void *path, u32 len);
IMPORT(path_unlink_file, u32 fd, const void *path, u32 len);
IMPORT(poll_oneoff, const void *in, void *out, u32 count, void *events);
IMPORT(random_get, void *buf, u32 len);
IMPORT(sched_yield, void);
IMPORT(sock_accept, u32 fd, u32 flags, void *out);
IMPORT(sock_recv, u32 fd, const void *iovs, u32 count, u32 flags, void *size, void *roflags);
IMPORT(sock_send, u32 fd, const void *iovs, u32 count, u32 flags, void *size);
IMPORT(sock_shutdown, u32 fd, u32 how);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_exit"))) _Noreturn void
proc_exit(u32 code);

/* The first preopened directory, and descriptors that are certainly none. */
#define DIR 3
#define NONE 999
#define HUGE_FD 0xffffffffu
/* A place that no memory of these programs has, and one whose first bytes only are in it (see EDGE). */
#define OUTSIDE ((void *)0xfffffff0u)
#define FOLLOW __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW
#define O_CREATE __WASI_OFLAGS_CREAT
#define O_DIR __WASI_OFLAGS_DIRECTORY
#define O_EXCLUSIVE __WASI_OFLAGS_EXCL
#define O_TRUNCATE __WASI_OFLAGS_TRUNC
#define F_APPEND __WASI_FDFLAGS_APPEND
#define F_DSYNC __WASI_FDFLAGS_DSYNC
#define F_NONBLOCK __WASI_FDFLAGS_NONBLOCK
#define F_RSYNC __WASI_FDFLAGS_RSYNC
#define F_SYNC __WASI_FDFLAGS_SYNC
/* All rights there are, and those that open a file for reading only. */
#define R_ALL 0x3fffffffull
#define R_READ (__WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_TELL | __WASI_RIGHTS_FD_FILESTAT_GET)
#define R_WRITE (__WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_TELL | __WASI_RIGHTS_FD_FILESTAT_GET)
/* Rights for a file that is read and written, and for a directory. */
#define R_FILE                                                                                                     \
    (R_READ | R_WRITE | __WASI_RIGHTS_FD_ADVISE | __WASI_RIGHTS_FD_ALLOCATE | __WASI_RIGHTS_FD_DATASYNC |           \
     __WASI_RIGHTS_FD_SYNC | __WASI_RIGHTS_FD_FDSTAT_SET_FLAGS | __WASI_RIGHTS_FD_FILESTAT_SET_SIZE |               \
     __WASI_RIGHTS_FD_FILESTAT_SET_TIMES | __WASI_RIGHTS_POLL_FD_READWRITE)
#define R_DIR                                                                                                      \
    (R_ALL & ~(__WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_TELL |     \
               __WASI_RIGHTS_FD_DATASYNC | __WASI_RIGHTS_FD_ALLOCATE | __WASI_RIGHTS_FD_FILESTAT_SET_SIZE |         \
               __WASI_RIGHTS_SOCK_SHUTDOWN | __WASI_RIGHTS_SOCK_ACCEPT))

/* A path's pointer and length. */
#define P(text) text, (u32)(sizeof(text) - 1)

static u32 length(const char *text) {
    u32 n = 0;
    while (text[n]) n++;
    return n;
}

static __attribute__((unused)) int same(const void *a, const void *b, u32 n) {
    const char *x = a, *y = b;
    while (n--)
        if (*x++ != *y++) return 0;
    return 1;
}

void *memset(void *to, int byte, size_t n) {
    unsigned char *out = to;
    while (n--) *out++ = (unsigned char)byte;
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n) {
    unsigned char *out = to;
    const unsigned char *in = from;
    while (n--) *out++ = *in++;
    return to;
}

static const char *const ERRNO[] = {
    "success", "2big", "acces", "addrinuse", "addrnotavail", "afnosupport", "again", "already", "badf", "badmsg",
    "busy", "canceled", "child", "connaborted", "connrefused", "connreset", "deadlk", "destaddrreq", "dom", "dquot",
    "exist", "fault", "fbig", "hostunreach", "idrm", "ilseq", "inprogress", "intr", "inval", "io", "isconn", "isdir",
    "loop", "mfile", "mlink", "msgsize", "multihop", "nametoolong", "netdown", "netreset", "netunreach", "nfile",
    "nobufs", "nodev", "noent", "noexec", "nolck", "nolink", "nomem", "nomsg", "noprotoopt", "nospc", "nosys",
    "notconn", "notdir", "notempty", "notrecoverable", "notsock", "notsup", "notty", "nxio", "overflow",
    "ownerdead", "perm", "pipe", "proto", "protonosupport", "prototype", "range", "rofs", "spipe", "srch", "stale",
    "timedout", "txtbsy", "xdev", "notcapable"};

static const char *const FILETYPE[] = {"unknown",      "block device",  "character device", "directory",
                                       "regular file", "socket (dgram)", "socket (stream)", "symbolic link"};

/* What say() has made and flush() not yet written. */
static char pending[4096];
static u32 pending_len;

/* Writes all that was said to standard output. */
static void flush(void) {
    u32 done = 0;
    while (done < pending_len) {
        __wasi_ciovec_t part = {(const uint8_t *)pending + done, pending_len - done};
        u32 written;
        if (fd_write(1, &part, 1, &written)) proc_exit(99);
        done += written;
    }
    pending_len = 0;
}

static void put(char byte) {
    if (pending_len == sizeof pending) flush();
    pending[pending_len++] = byte;
}

static void put_text(const char *text) {
    while (*text) put(*text++);
}

static void put_bytes(const char *bytes, u32 n) {
    put('"');
    for (u32 i = 0; i < n; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (byte == '\n') {
            put_text("\\n");
        } else if (byte < 32 || byte > 126 || byte == '"' || byte == '\\') {
            put_text("\\x");
            put("0123456789abcdef"[byte >> 4]);
            put("0123456789abcdef"[byte & 15]);
        } else {
            put((char)byte);
        }
    }
    put('"');
}

static void put_number(u64 value, int negative) {
    char digits[20];
    u32 n = 0;
    do digits[n++] = (char)('0' + value % 10);
    while (value /= 10);
    if (negative) put('-');
    while (n) put(digits[--n]);
}

/* Prints: %s text, %q text quoted, %b bytes and their u32 count quoted, %u u32, %l u64, %i i64, %e an error,
 * %t a file type. */
static void say(const char *format, ...) {
    va_list rest;
    va_start(rest, format);
    for (; *format; format++) {
        if (*format != '%') {
            put(*format);
            continue;
        }
        switch (*++format) {
        case 's': put_text(va_arg(rest, const char *)); break;
        case 'q': {
            const char *text = va_arg(rest, const char *);
            put_bytes(text, length(text));
            break;
        }
        case 'b': {
            const char *bytes = va_arg(rest, const char *);
            put_bytes(bytes, va_arg(rest, u32));
            break;
        }
        case 'u': put_number(va_arg(rest, u32), 0); break;
        case 'l': put_number(va_arg(rest, u64), 0); break;
        case 'i': {
            i64 value = va_arg(rest, i64);
            put_number(value < 0 ? 0 - (u64)value : (u64)value, value < 0);
            break;
        }
        case 'e': {
            u32 error = va_arg(rest, u32);
            if (error < sizeof ERRNO / sizeof *ERRNO) put_text(ERRNO[error]);
            else put_number(error, 0);
            break;
        }
        case 't': {
            u32 type = va_arg(rest, u32);
            if (type < sizeof FILETYPE / sizeof *FILETYPE) put_text(FILETYPE[type]);
            else put_number(type, 0);
            break;
        }
        default: put('%');
        }
    }
    va_end(rest);
}

static __attribute__((unused)) u32 told(const char *call, u32 error) {
    say("%s = %e\n", call, error);
    return error;
}

/* Makes the call, prints it and its error, and has the error as its value. */
#define T(call) told(#call, call)
/* Prints whether something holds. */
#define HOLDS(what) say("%s: %s\n", #what, (what) ? "yes" : "no")

/* Opens a file or directory without printing; ends the program where that fails. */
static __attribute__((unused)) u32 opened(const char *path, u32 oflags, u64 rights, u32 fdflags) {
    u32 fd;
    u32 error = path_open(DIR, FOLLOW, path, length(path), oflags, rights, R_ALL, fdflags, &fd);
    if (error) {
        say("cannot open %q: %e\n", path, error);
        flush();
        proc_exit(98);
    }
    return fd;
}

/* Makes a file with the text in it. */
static __attribute__((unused)) void file(const char *path, const char *text) {
    u32 fd = opened(path, O_CREATE | O_TRUNCATE, R_FILE, 0);
    __wasi_ciovec_t part = {(const uint8_t *)text, length(text)};
    u32 written;
    if (fd_write(fd, &part, 1, &written) || written != part.buf_len || fd_close(fd)) proc_exit(97);
}

/* Prints the contents of a file. */
static __attribute__((unused)) void contents(const char *path) {
    static char bytes[256];
    u32 fd, got = 0;
    u32 error = path_open(DIR, FOLLOW, path, length(path), 0, R_READ, 0, 0, &fd);
    if (!error) {
        __wasi_iovec_t part = {(uint8_t *)bytes, sizeof bytes};
        error = fd_read(fd, &part, 1, &got);
        if (fd_close(fd)) proc_exit(96);
    }
    if (error) say("  %q: %e\n", path, error);
    else say("  %q has %b\n", path, bytes, got);
}

/* Prints type, links and (of files and links) size of what a path names. */
static __attribute__((unused)) void stat_of(u32 flags, const char *path) {
    __wasi_filestat_t stat;
    u32 error = path_filestat_get(DIR, flags, path, length(path), &stat);
    if (error) {
        say("  %q: %e\n", path, error);
    } else if (stat.filetype == __WASI_FILETYPE_DIRECTORY) {
        say("  %q: directory\n", path);
    } else {
        say("  %q: %t, %l links, %l bytes\n", path, (u32)stat.filetype, stat.nlink, stat.size);
    }
}

static void main_(void);

__attribute__((export_name("_start"))) void _start(void) {
    main_();
    flush();
}

#endif
