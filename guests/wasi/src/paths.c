/* Names of files and directories: made, opened in every way, linked, renamed, removed; odd spellings; errors. */
#include "wasi.h"

static char text[8192];
static u32 fd;

/* Opens, prints how that went, and closes again. */
static void open_as(const char *path, u32 dirflags, u32 oflags, u64 rights, u32 fdflags) {
    u32 got = HUGE_FD;
    u32 error = path_open(DIR, dirflags, path, length(path), oflags, rights, 0, fdflags, &got);
    say("  open %q%s%s%s%s%s%s: %e", path, dirflags & FOLLOW ? " follow" : "", oflags & O_CREATE ? " create" : "",
        oflags & O_DIR ? " directory" : "", oflags & O_EXCLUSIVE ? " exclusive" : "",
        oflags & O_TRUNCATE ? " truncate" : "", fdflags & F_APPEND ? " append" : "", error);
    if (!error) {
        __wasi_fdstat_t stat;
        u32 failed = fd_fdstat_get(got, &stat);
        say(", %t, flags %u%s", (u32)stat.fs_filetype, (u32)stat.fs_flags, failed || fd_close(got) ? " FAILED" : "");
    }
    say("\n");
}

static void directories(void) {
    T(path_create_directory(DIR, P("d")));
    T(path_create_directory(DIR, P("d")));
    T(path_create_directory(DIR, P("d/e/")));
    T(path_create_directory(DIR, P("d/e/f")));
    T(path_create_directory(DIR, P("no/e")));
    T(path_create_directory(DIR, P("d/./g")));
    T(path_create_directory(DIR, P("d/e/../h")));
    T(path_create_directory(DIR, P("d//i")));
    T(path_create_directory(DIR, P(".")));
    T(path_create_directory(DIR, P("")));
    stat_of(0, "d/e");
    stat_of(0, "d/e/");
    stat_of(0, "d/e/f/..");
    stat_of(0, "d/h");
    stat_of(0, "d/i");
    stat_of(0, ".");
    stat_of(0, "./d/.");
    stat_of(0, "");
    T(path_create_directory(NONE, P("x")));
    T(path_remove_directory(DIR, P("d/e")));
    T(path_remove_directory(DIR, P("d/e/f")));
    T(path_remove_directory(DIR, P("d/e")));
    T(path_remove_directory(DIR, P("d/e")));
    T(path_create_directory(DIR, P("d/e")));
    T(path_remove_directory(DIR, P("")));
    T(path_remove_directory(NONE, P("d")));
    file("plain", "plain");
    T(path_create_directory(DIR, P("plain")));
    T(path_create_directory(DIR, P("plain/x")));
    T(path_remove_directory(DIR, P("plain")));
    T(path_remove_directory(DIR, P("plain/")));
    T(path_remove_directory(DIR, P("d/g")));
    T(path_remove_directory(DIR, P("d/h")));
    T(path_remove_directory(DIR, P("d/i")));
}

static void opening(void) {
    open_as("new", 0, 0, R_FILE, 0);
    open_as("new", 0, O_CREATE | O_EXCLUSIVE, R_FILE, 0);
    open_as("new", 0, O_CREATE | O_EXCLUSIVE, R_FILE, 0);
    open_as("new", 0, O_CREATE, R_FILE, 0);
    open_as("new", 0, 0, R_FILE, F_APPEND);
    open_as("new", 0, 0, R_READ, 0);
    open_as("new", 0, O_DIR, R_DIR, 0);
    open_as("new/", 0, 0, R_READ, 0);
    open_as("new/.", 0, 0, R_READ, 0);
    open_as("new/..", 0, 0, R_READ, 0);
    open_as("new/x", 0, O_CREATE, R_FILE, 0);
    open_as("./new", 0, 0, R_READ, 0);
    open_as("d/../new", 0, 0, R_READ, 0);
    open_as("d", 0, 0, R_DIR, 0);
    open_as("d", 0, O_DIR, R_DIR, 0);
    open_as("d/", 0, O_DIR, R_DIR, 0);
    open_as("d/.", 0, O_DIR, R_DIR, 0);
    open_as(".", 0, O_DIR, R_DIR, 0);
    open_as("d", 0, O_CREATE, R_FILE, 0);
    open_as("d", 0, O_CREATE | O_EXCLUSIVE, R_FILE, 0);
    open_as("d", 0, O_TRUNCATE, R_FILE, 0);
    open_as("missing", 0, O_DIR, R_DIR, 0);
    open_as("missing/", 0, O_CREATE, R_FILE, 0);
    open_as("missing/x", 0, O_CREATE, R_FILE, 0);
    open_as("", 0, 0, R_READ, 0);
    file("cut", "to be cut");
    open_as("cut", 0, O_TRUNCATE, R_FILE, 0);
    contents("cut");
    T(path_open(NONE, 0, P("cut"), 0, R_READ, 0, 0, &fd));
    /* Opening below a directory that is not the first, and below a file. */
    u32 dir = opened("d", O_DIR, R_DIR, 0), cut = opened("cut", 0, R_FILE, 0);
    T(path_open(dir, 0, P("inner"), O_CREATE, R_FILE, 0, 0, &fd));
    T(fd_close(fd));
    stat_of(0, "d/inner");
    HOLDS(path_open(cut, 0, P("x"), O_CREATE, R_FILE, 0, 0, &fd) != 0);
    HOLDS(path_create_directory(cut, P("x")) != 0);
    HOLDS(path_open(1, 0, P("x"), O_CREATE, R_FILE, 0, 0, &fd) != 0);
    T(path_unlink_file(dir, P("inner")));
    if (fd_close(dir) || fd_close(cut)) say("close failed\n");
}

static void symlinks(void) {
    u32 n = 77;
    T(path_symlink(P("plain"), DIR, P("link")));
    T(path_symlink(P("plain"), DIR, P("link")));
    T(path_symlink(P("d"), DIR, P("to-d")));
    T(path_symlink(P("../plain"), DIR, P("d/up")));
    T(path_symlink(P("nowhere"), DIR, P("dangling")));
    T(path_symlink(P("loop-b"), DIR, P("loop-a")));
    T(path_symlink(P("loop-a"), DIR, P("loop-b")));
    T(path_symlink(P("self/x"), DIR, P("self")));
    T(path_symlink(P("x"), DIR, P("no/link")));
    T(path_symlink(P("x"), DIR, P("plain/link")));
    T(path_symlink(P(""), DIR, P("empty")));
    T(path_symlink(P("x"), DIR, P("")));
    T(path_symlink(P("x"), NONE, P("y")));

    memset(text, '-', 16);
    T(path_readlink(DIR, P("link"), text, 16, &n));
    say("  %b\n", text, n);
    T(path_readlink(DIR, P("d/up"), text, 16, &n));
    say("  %b\n", text, n);
    T(path_readlink(DIR, P("to-d/up"), text, 16, &n));
    say("  %b\n", text, n);
    T(path_readlink(DIR, P("dangling"), text, 7, &n));
    say("  %b\n", text, n);
    T(path_readlink(DIR, P("plain"), text, 16, &n));
    T(path_readlink(DIR, P("d"), text, 16, &n));
    T(path_readlink(DIR, P("missing"), text, 16, &n));
    T(path_readlink(DIR, P(""), text, 16, &n));
    T(path_readlink(NONE, P("link"), text, 16, &n));

    stat_of(0, "link");
    stat_of(FOLLOW, "link");
    stat_of(0, "to-d");
    stat_of(FOLLOW, "to-d");
    stat_of(0, "to-d/");
    stat_of(0, "d/up");
    stat_of(FOLLOW, "d/up");
    stat_of(FOLLOW, "to-d/up");
    stat_of(0, "dangling");
    stat_of(FOLLOW, "dangling");
    stat_of(0, "loop-a");
    stat_of(FOLLOW, "loop-a");
    stat_of(FOLLOW, "loop-a/x");
    stat_of(FOLLOW, "self");
    stat_of(0, "self/x");
    open_as("link", FOLLOW, 0, R_READ, 0);
    open_as("link", 0, 0, R_READ, 0);
    open_as("dangling", FOLLOW, 0, R_READ, 0);
    open_as("dangling", 0, 0, R_READ, 0);
    open_as("dangling", 0, O_CREATE | O_EXCLUSIVE, R_FILE, 0);
    open_as("dangling", FOLLOW, O_CREATE | O_EXCLUSIVE, R_FILE, 0);
    open_as("loop-a", FOLLOW, 0, R_READ, 0);
    open_as("loop-a", 0, 0, R_READ, 0);
    open_as("to-d", FOLLOW, O_DIR, R_DIR, 0);
    open_as("to-d/up", FOLLOW, 0, R_READ, 0);
    open_as("to-d/../plain", FOLLOW, 0, R_READ, 0);
    T(path_remove_directory(DIR, P("to-d")));
    T(path_create_directory(DIR, P("link")));
    T(path_create_directory(DIR, P("dangling")));
    T(path_unlink_file(DIR, P("to-d")));
    stat_of(0, "to-d");
    stat_of(0, "d");
    T(path_unlink_file(DIR, P("link")));
    T(path_unlink_file(DIR, P("dangling")));
    T(path_unlink_file(DIR, P("loop-a")));
    T(path_unlink_file(DIR, P("loop-b")));
    T(path_unlink_file(DIR, P("self")));
    T(path_unlink_file(DIR, P("d/up")));
    contents("plain");
}

static void unlinking(void) {
    T(path_unlink_file(DIR, P("missing")));
    T(path_unlink_file(DIR, P("missing/x")));
    T(path_unlink_file(DIR, P("plain/x")));
    T(path_unlink_file(DIR, P("plain/")));
    T(path_unlink_file(DIR, P("")));
    T(path_unlink_file(NONE, P("plain")));
    T(path_unlink_file(DIR, P("d")));
    /* An unlinked file is there while it is open. */
    file("gone", "still here");
    u32 n, open = opened("gone", 0, R_FILE, 0);
    T(path_unlink_file(DIR, P("gone")));
    stat_of(0, "gone");
    __wasi_filestat_t stat;
    T(fd_filestat_get(open, &stat));
    say("  %l links, %l bytes\n", stat.nlink, stat.size);
    T(fd_read(open, &(__wasi_iovec_t){(uint8_t *)text, 64}, 1, &n));
    say("  %b\n", text, n);
    T(fd_close(open));
}

static void hard_links(void) {
    T(path_link(DIR, 0, P("plain"), DIR, P("second")));
    stat_of(0, "plain");
    stat_of(0, "second");
    __wasi_filestat_t a, b;
    HOLDS(!path_filestat_get(DIR, 0, P("plain"), &a) && !path_filestat_get(DIR, 0, P("second"), &b));
    HOLDS(a.ino == b.ino && a.dev == b.dev);
    T(path_link(DIR, 0, P("plain"), DIR, P("second")));
    T(path_link(DIR, 0, P("plain"), DIR, P("d/third")));
    T(path_link(DIR, 0, P("missing"), DIR, P("x")));
    T(path_link(DIR, 0, P("plain"), DIR, P("no/x")));
    T(path_link(DIR, 0, P("plain"), DIR, P("plain/x")));
    T(path_link(DIR, 0, P("d"), DIR, P("e")));
    T(path_link(DIR, 0, P("plain"), DIR, P("")));
    T(path_link(DIR, 0, P(""), DIR, P("x")));
    T(path_link(NONE, 0, P("plain"), DIR, P("x")));
    T(path_link(DIR, 0, P("plain"), NONE, P("x")));
    /* The link itself is linked, not what it names. */
    T(path_symlink(P("plain"), DIR, P("link")));
    T(path_link(DIR, 0, P("link"), DIR, P("link2")));
    stat_of(0, "link2");
    T(path_unlink_file(DIR, P("link")));
    T(path_unlink_file(DIR, P("link2")));
    T(path_unlink_file(DIR, P("second")));
    T(path_unlink_file(DIR, P("d/third")));
    stat_of(0, "plain");
}

static void renaming(void) {
    file("a", "a");
    file("b", "bb");
    T(path_rename(DIR, P("a"), DIR, P("c")));
    stat_of(0, "a");
    contents("c");
    T(path_rename(DIR, P("c"), DIR, P("b")));
    stat_of(0, "c");
    contents("b");
    T(path_rename(DIR, P("b"), DIR, P("b")));
    T(path_rename(DIR, P("b"), DIR, P("d/b")));
    contents("d/b");
    T(path_rename(DIR, P("d/b"), DIR, P("b")));
    T(path_rename(DIR, P("missing"), DIR, P("x")));
    T(path_rename(DIR, P("b"), DIR, P("no/x")));
    T(path_rename(DIR, P("b"), DIR, P("b/x")));
    T(path_rename(DIR, P("b"), DIR, P("d")));
    T(path_rename(DIR, P("b"), DIR, P("new-name/")));
    T(path_rename(DIR, P("b/"), DIR, P("x")));
    T(path_rename(DIR, P("d"), DIR, P("b")));
    T(path_rename(DIR, P("d"), DIR, P("d/inside")));
    T(path_rename(DIR, P(""), DIR, P("x")));
    T(path_rename(DIR, P("b"), DIR, P("")));
    T(path_rename(NONE, P("b"), DIR, P("x")));
    T(path_rename(DIR, P("b"), NONE, P("x")));
    T(path_create_directory(DIR, P("e")));
    T(path_rename(DIR, P("d"), DIR, P("e")));
    stat_of(0, "d");
    stat_of(0, "e");
    T(path_create_directory(DIR, P("full")));
    T(path_create_directory(DIR, P("full/x")));
    T(path_rename(DIR, P("e"), DIR, P("full")));
    T(path_rename(DIR, P("full"), DIR, P("e/")));
    stat_of(0, "e/x");
    /* Between two directories, by descriptors; and a link is renamed itself. */
    T(path_create_directory(DIR, P("one")));
    T(path_create_directory(DIR, P("two")));
    u32 one = opened("one", O_DIR, R_DIR, 0), two = opened("two", O_DIR, R_DIR, 0);
    file("one/f", "moved");
    T(path_rename(one, P("f"), two, P("g")));
    contents("two/g");
    T(path_symlink(P("g"), two, P("l")));
    T(path_rename(two, P("l"), one, P("l")));
    stat_of(0, "one/l");
    if (fd_close(one) || fd_close(two)) say("close failed\n");
}

static void names(void) {
    memset(text, 'n', sizeof text);
    T(path_open(DIR, 0, text, 255, O_CREATE, R_FILE, 0, 0, &fd));
    T(fd_close(fd));
    T(path_unlink_file(DIR, text, 255));
    T(path_open(DIR, 0, text, 256, O_CREATE, R_FILE, 0, 0, &fd));
    T(path_create_directory(DIR, text, 256));
    T(path_create_directory(DIR, text, 8192));
    T(path_symlink(P("x"), DIR, text, 256));
    T(path_unlink_file(DIR, text, 256));
    __wasi_filestat_t stat;
    T(path_filestat_get(DIR, 0, text, 256, &stat));
    T(path_rename(DIR, P("plain"), DIR, text, 256));
    for (u32 i = 1; i < sizeof text; i += 2) text[i] = '/', text[i - 1] = '.';
    T(path_filestat_get(DIR, 0, text, 2000, &stat));
    T(path_create_directory(DIR, P("sp ace\nline \xe2\x98\x83 *?<>|:\"\\")));
    T(path_remove_directory(DIR, P("sp ace\nline \xe2\x98\x83 *?<>|:\"\\")));
    T(path_create_directory(DIR, P("no utf-8 \xff")));
    T(path_create_directory(DIR, P("zero\0inside")));
    stat_of(0, "zero");
    T(path_open(DIR, 0, P("..."), O_CREATE, R_FILE, 0, 0, &fd));
    T(fd_close(fd));
    stat_of(0, "...");
    stat_of(0, "plain\\x");
}

static void main_(void) {
    directories();
    opening();
    symlinks();
    unlinking();
    hard_links();
    renaming();
    names();
}
