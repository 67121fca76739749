/* A directory that was given for reading only, with a file, a directory and a link in it: what reads works, and
 * whatever would change anything is refused. Which error that is is left open (`rofs`, `perm`, `notcapable`). */
#include "wasi.h"

#define REFUSED(call) say("%s: %s\n", #call, (call) ? "refused" : "DONE")

static char text[64];

static void main_(void) {
    u32 fd, n;
    contents("f");
    stat_of(0, "f");
    stat_of(0, "d");
    stat_of(0, "l");
    T(path_readlink(DIR, P("l"), text, 64, &n));
    T(fd_readdir(DIR, text, 64, 0, &n));

    REFUSED(path_open(DIR, 0, P("new"), O_CREATE, R_FILE, 0, 0, &fd));
    REFUSED(path_open(DIR, 0, P("new"), O_CREATE | O_EXCLUSIVE, R_READ, 0, 0, &fd));
    REFUSED(path_open(DIR, 0, P("f"), O_TRUNCATE, R_READ, 0, 0, &fd));
    REFUSED(path_open(DIR, 0, P("f"), O_TRUNCATE, R_FILE, 0, 0, &fd));
    REFUSED(path_open(DIR, FOLLOW, P("l"), O_TRUNCATE, R_FILE, 0, 0, &fd));
    REFUSED(path_create_directory(DIR, P("x")));
    REFUSED(path_create_directory(DIR, P("d/x")));
    REFUSED(path_remove_directory(DIR, P("d")));
    REFUSED(path_unlink_file(DIR, P("f")));
    REFUSED(path_unlink_file(DIR, P("l")));
    REFUSED(path_rename(DIR, P("f"), DIR, P("g")));
    REFUSED(path_link(DIR, 0, P("f"), DIR, P("g")));
    REFUSED(path_symlink(P("f"), DIR, P("g")));
    REFUSED(path_filestat_set_times(DIR, 0, P("f"), 5, 5, 5));
    if (!path_open(DIR, 0, P("f"), 0, R_FILE, 0, F_APPEND, &fd)) {
        REFUSED(fd_write(fd, &(__wasi_ciovec_t){(const uint8_t *)"x", 1}, 1, &n));
        REFUSED(fd_pwrite(fd, &(__wasi_ciovec_t){(const uint8_t *)"x", 1}, 1, 0, &n));
        REFUSED(fd_filestat_set_size(fd, 0));
        REFUSED(fd_allocate(fd, 0, 100));
    } else {
        say("fd_write(fd, &(__wasi_ciovec_t){(const uint8_t *)\"x\", 1}, 1, &n): refused\n");
        say("fd_pwrite(fd, &(__wasi_ciovec_t){(const uint8_t *)\"x\", 1}, 1, 0, &n): refused\n");
        say("fd_filestat_set_size(fd, 0): refused\nfd_allocate(fd, 0, 100): refused\n");
    }
    fd = opened("f", 0, R_READ, 0);
    REFUSED(fd_write(fd, &(__wasi_ciovec_t){(const uint8_t *)"x", 1}, 1, &n));
    REFUSED(fd_filestat_set_size(fd, 0));
    T(fd_close(fd));

    /* Below it is no different, and from it to another directory nothing goes either. */
    fd = opened("d", O_DIR, R_DIR, 0);
    REFUSED(path_create_directory(fd, P("x")));
    REFUSED(path_open(fd, 0, P("y"), O_CREATE, R_FILE, 0, 0, &n));
    T(fd_close(fd));
    REFUSED(path_rename(DIR, P("f"), 4, P("stolen")));
    REFUSED(path_rename(4, P("mine"), DIR, P("stored")));
    REFUSED(path_link(4, 0, P("mine"), DIR, P("stored")));
    T(path_create_directory(4, P("works")));
    contents("f");
}
