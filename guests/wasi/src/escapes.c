/* Ways out of a directory, each refused. The folder that holds `dir` also holds `secret` and `out/secret`; `dir`
 * was given links that lead out, absolute and relative, which a host may have left there.
 *
 * Every line has to be an error; where it matters which, the line is expected to say `perm`. */
#include "wasi.h"

static char text[256];
static u32 fd, n;
static __wasi_filestat_t stat;

static void try(const char *path) {
    u32 len = length(path);
    say("%q:", path);
    say(" stat %e", path_filestat_get(DIR, 0, path, len, &stat));
    say(", followed %e", path_filestat_get(DIR, FOLLOW, path, len, &stat));
    say(", open %e", path_open(DIR, 0, path, len, 0, R_READ, 0, 0, &fd));
    say(", followed %e", path_open(DIR, FOLLOW, path, len, 0, R_READ, 0, 0, &fd));
    say(", create %e", path_open(DIR, FOLLOW, path, len, O_CREATE, R_FILE, 0, 0, &fd));
    say(", mkdir %e", path_create_directory(DIR, path, len));
    say(", rmdir %e", path_remove_directory(DIR, path, len));
    say(", times %e", path_filestat_set_times(DIR, FOLLOW, path, len, 0, 0, 5));
    say(", rename %e", path_rename(DIR, P("mine"), DIR, path, len));
    say(", link %e", path_link(DIR, 0, P("mine"), DIR, path, len));
    say(", symlink %e", path_symlink(P("mine"), DIR, path, len));
    say("\n");
}

/* The same, of paths whose last part is a link that may be looked at and removed itself. */
static void try_link(const char *path) {
    u32 len = length(path);
    say("%q:", path);
    say(" stat %e", path_filestat_get(DIR, 0, path, len, &stat));
    say(", followed %e", path_filestat_get(DIR, FOLLOW, path, len, &stat));
    say(", open %e", path_open(DIR, 0, path, len, 0, R_READ, 0, 0, &fd));
    say(", followed %e", path_open(DIR, FOLLOW, path, len, 0, R_READ, 0, 0, &fd));
    say(", directory %e", path_open(DIR, FOLLOW, path, len, O_DIR, R_DIR, R_ALL, 0, &fd));
    say(", create %e", path_open(DIR, FOLLOW, path, len, O_CREATE, R_FILE, 0, 0, &fd));
    say(", truncate %e", path_open(DIR, FOLLOW, path, len, O_TRUNCATE, R_FILE, 0, 0, &fd));
    say(", times %e", path_filestat_set_times(DIR, FOLLOW, path, len, 0, 0, 5));
    say("\n");
}

static void main_(void) {
    file("mine", "mine");
    if (path_create_directory(DIR, P("d")) || path_create_directory(DIR, P("d/e"))) say("failed\n");
    try("..");
    try("../secret");
    try("./../secret");
    try("d/../../secret");
    try("d/e/../../../secret");
    try("../dir/mine");
    try("d/../../dir/mine");
    try("/");
    try("/secret");
    try("/etc/passwd");
    try("//etc/passwd");
    try("/../secret");
    try("link-out/secret");
    try("link-root/etc/passwd");
    try("link-out/../dir/mine");
    try("d/../link-out/secret");
    try_link("link-out");
    try_link("link-secret");
    try_link("link-root");
    try_link("link-absolute");
    try_link("link-link");
    try_link("link-new");

    /* Links that the guest makes itself. */
    T(path_symlink(P("/etc/passwd"), DIR, P("made-absolute")));
    T(path_symlink(P("../../secret"), DIR, P("d/made-relative")));
    T(path_symlink(P(".."), DIR, P("made-up")));
    try_link("d/made-relative");
    try("made-up/secret");
    /* A link that was harmless where it was made is not where it is moved. */
    T(path_symlink(P("../secret"), DIR, P("d/harmless")));
    T(path_filestat_get(DIR, FOLLOW, P("d/harmless"), &stat));
    T(path_rename(DIR, P("d/harmless"), DIR, P("harmful")));
    try_link("harmful");

    /* From a directory further down its parent is outside, too. */
    u32 d = opened("d", O_DIR, R_DIR, 0);
    T(path_open(d, 0, P("../mine"), 0, R_READ, 0, 0, &fd));
    T(path_open(d, 0, P("e/../../mine"), 0, R_READ, 0, 0, &fd));
    T(path_rename(d, P("e"), d, P("../e")));
    T(path_rename(DIR, P("mine"), d, P("../moved")));
    T(path_link(DIR, 0, P("../secret"), DIR, P("stolen")));
    T(path_link(DIR, 0, P("link-out/secret"), DIR, P("stolen")));
    T(path_rename(DIR, P("../secret"), DIR, P("stolen")));
    T(path_unlink_file(DIR, P("../secret")));
    T(path_unlink_file(DIR, P("link-out/secret")));
    T(path_readlink(DIR, P("../dir/link-out"), text, 64, &n));
    T(path_readlink(DIR, P("link-out/link"), text, 64, &n));
    contents("mine");
    stat_of(0, "stolen");
}
