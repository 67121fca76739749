//! No path, link, flag or race leads a guest out of its folder.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use wasmaot::wasi::{Access, WasiCtx};

use crate::calls::*;

/// What is outside, with all that could have been changed there.
fn outside(root: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for folder in [root, &root.join("outside")] {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let data = fs::symlink_metadata(entry.path()).unwrap();
            let text = fs::read(entry.path()).unwrap_or_default();
            // The guest's own folder changes.
            let modified = (entry.file_name() != "inside").then(|| data.modified().unwrap());
            all.push(format!("{:?} {modified:?} {:?} {text:?}", entry.path(), data.file_type()));
        }
    }
    all.sort();
    all
}

/// A folder of the guest's, beside things that are not.
fn prepare(root: &Path) {
    fs::create_dir_all(root.join("inside/dir/deep")).unwrap();
    fs::create_dir_all(root.join("outside/empty")).unwrap();
    fs::write(root.join("secret"), "secret").unwrap();
    fs::write(root.join("outside/secret"), "secret").unwrap();
    fs::write(root.join("inside/file"), "file").unwrap();
    let absolute = root.join("outside");
    let absolute_file = root.join("outside/secret");
    for (link, target) in [
        ("to_secret", "../secret"),
        ("to_outside", "../outside"),
        ("to_outside_slash", "../outside/"),
        ("to_dots", ".."),
        ("absolute", absolute.to_str().unwrap()),
        ("absolute_file", absolute_file.to_str().unwrap()),
        ("chain", "dir/chain"),
        ("dir/chain", "../to_dots/outside"),
        ("dir/deep/up", "../../.."),
        ("magic", "/proc/self/cwd"),
        ("magic_root", "/proc/self/root"),
        ("magic_fd", "/proc/self/fd/3"),
        ("dangling", "../created"),
        ("dangling_absolute", root.join("created").to_str().unwrap()),
        ("loop", "loop"),
    ] {
        symlink(target, root.join("inside").join(link)).unwrap();
    }
}

/// Paths that lead out, or nowhere.
fn paths(root: &Path) -> Vec<String> {
    let long = "../".repeat(1200) + "secret";
    let long_name = format!("{}/../../secret", "x".repeat(300));
    let absolute = root.join("secret").to_str().unwrap().to_owned();
    let mut paths: Vec<String> = [
        "..",
        "../",
        "../.",
        "../secret",
        "../outside",
        "../outside/secret",
        "./../secret",
        "dir/../../secret",
        "dir/deep/../../../secret",
        "dir//..//..//secret",
        "/",
        "//",
        "/etc",
        "/etc/passwd",
        "/../secret",
        "to_secret/",
        "to_outside/secret",
        "to_outside/empty",
        "to_outside/empty/",
        "to_outside/../secret",
        "to_outside_slash/secret",
        "to_dots/secret",
        "to_dots/outside/secret",
        "to_dots/inside/file",
        "absolute/secret",
        "chain/secret",
        "chain/empty",
        "dir/chain/secret",
        "dir/deep/up/secret",
        "dir/deep/up/inside/file",
        "magic/secret",
        "magic_root/etc/passwd",
        "magic_fd/../secret",
        "loop/x",
        "",
        "file/../../secret",
        "file/..",
        "to_outside/",
        "to_dots/",
        "absolute/",
        "magic/",
        "chain/",
        "dir/deep/up/.",
        "dir/deep/up/..",
        "dir/\0/../../secret",
        "\0",
    ]
    .map(str::to_owned)
    .into();
    paths.extend([long, long_name, absolute]);
    paths
}

/// What is a link out itself: it can be looked at, renamed and removed, but not followed.
const LINKS: &[&str] = &[
    "to_secret",
    "to_outside",
    "to_outside_slash",
    "to_dots",
    "absolute",
    "absolute_file",
    "chain",
    "dir/chain",
    "dir/deep/up",
    "magic",
    "magic_root",
    "magic_fd",
    "dangling",
    "dangling_absolute",
    "loop",
];

#[test]
fn nothing_leads_out() {
    let root = tempfile::tempdir().unwrap();
    prepare(root.path());
    let before = outside(root.path());
    let inside = root.path().join("inside");
    let mut guest = Guest::new(WasiCtx::builder().folder(inside, "/", Access::ReadWrite));
    let mut refused = 0;
    let mut refuse = |what: &str, path: &str, errno: i32| {
        assert_ne!(errno, OK, "{what} {path:?}");
        refused += 1;
    };
    let open = |guest: &mut Guest, path: &str, flags, oflags, access| {
        guest.open(3, path, flags, oflags, access).err().unwrap_or(OK)
    };
    for path in &paths(root.path()) {
        for flags in [0, FOLLOW] {
            for oflags in [0, DIRECTORY, CREAT, CREAT | EXCL, TRUNC, CREAT | TRUNC] {
                for access in [READ, WRITE, READ | WRITE, 0] {
                    let errno = open(&mut guest, path, flags, oflags, access);
                    refuse("path_open", path, errno);
                }
            }
            refuse("path_filestat_get", path, guest.stat_at(3, flags, path));
            refuse("path_filestat_set_times", path, guest.set_times_at(3, flags, path));
        }
        for call in ["path_create_directory", "path_remove_directory", "path_unlink_file"] {
            refuse(call, path, guest.at(call, 3, path));
        }
        refuse("path_readlink", path, guest.readlink(3, path));
        refuse("path_rename from", path, guest.rename(path, "taken"));
        refuse("path_rename to", path, guest.rename("file", path));
        refuse("path_link from", path, guest.link(path, "taken"));
        refuse("path_link to", path, guest.link("file", path));
        refuse("path_symlink", path, guest.symlink("file", path));
    }
    for path in LINKS {
        for oflags in [0, DIRECTORY, CREAT, TRUNC, CREAT | EXCL, CREAT | TRUNC] {
            for access in [READ, READ | WRITE] {
                for flags in [0, FOLLOW] {
                    refuse("path_open", path, open(&mut guest, path, flags, oflags, access));
                }
            }
        }
        refuse("path_filestat_get", path, guest.stat_at(3, FOLLOW, path));
        refuse("path_filestat_set_times", path, guest.set_times_at(3, FOLLOW, path));
        refuse("path_create_directory", path, guest.at("path_create_directory", 3, path));
        refuse("path_remove_directory", path, guest.at("path_remove_directory", 3, path));
        // A hard link to it is another link out, no more.
        assert_eq!(guest.link(path, "hard"), OK, "{path}");
        refuse("path_open", "hard", open(&mut guest, "hard", FOLLOW, 0, READ));
        assert_eq!(guest.at("path_unlink_file", 3, "hard"), OK);
        assert_eq!(guest.stat_at(3, 0, path), OK);
    }
    for target in ["/etc/passwd", "/", ""] {
        refuse("path_symlink", target, guest.symlink(target, "made"));
    }
    // What a guest makes itself leads out no more than what others have made.
    for target in ["..", "../secret", "../outside", "dir/../../secret"] {
        assert_eq!(guest.symlink(target, "own"), OK);
        for flags in [0, FOLLOW] {
            for path in ["own", "own/secret", "own/", "own/outside/secret"] {
                refuse("path_open", path, open(&mut guest, path, flags, 0, READ));
                refuse("path_open", path, open(&mut guest, path, flags, CREAT, WRITE));
            }
        }
        assert_eq!(guest.at("path_unlink_file", 3, "own"), OK);
    }
    // A folder below is no way to what is beside it either.
    let deep = guest.open(3, "dir/deep", 0, DIRECTORY, READ).unwrap();
    for path in ["..", "../chain", "up", "up/secret", "../../file", "../deep"] {
        for flags in [0, FOLLOW] {
            let errno = guest.open(deep, path, flags, 0, READ).err().unwrap_or(OK);
            refuse("path_open", path, errno);
        }
    }
    assert!(refused > 3000, "{refused}");
    assert_eq!(outside(root.path()), before);
    assert!(!root.path().join("created").exists());
    assert_eq!(fs::read(root.path().join("inside/file")).unwrap(), b"file");
}

/// Folders become links that lead out, and come back, while a guest goes through them.
#[test]
fn nothing_leads_out_while_others_rename() {
    let root = tempfile::tempdir().unwrap();
    prepare(root.path());
    let inside = root.path().join("inside");
    for name in ["real", "real/below"] {
        fs::create_dir(inside.join(name)).unwrap();
        fs::write(inside.join(name).join("secret"), "harmless").unwrap();
    }
    symlink("../outside", inside.join("trap")).unwrap();
    fs::create_dir(root.path().join("outside/below")).unwrap();
    fs::write(root.path().join("outside/below/secret"), "secret").unwrap();
    let before = outside(root.path());
    let done = AtomicBool::new(false);
    let (mut seen, mut failed) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let at = |name: &str| inside.join(name);
            while !done.load(Ordering::Relaxed) {
                // The name is a folder, then a link out, then a folder that is outside now and then.
                fs::rename(at("real"), at("name")).unwrap();
                fs::rename(at("name"), at("real")).unwrap();
                fs::rename(at("trap"), at("name")).unwrap();
                fs::rename(at("name"), at("trap")).unwrap();
                fs::rename(at("real"), at("name")).unwrap();
                fs::rename(at("name/below"), root.path().join("moved")).unwrap();
                fs::rename(root.path().join("moved"), at("name/below")).unwrap();
                fs::rename(at("name"), at("real")).unwrap();
            }
        });
        let wasi = WasiCtx::builder().folder(&inside, "/", Access::ReadWrite);
        let mut guest = Guest::new(wasi);
        for round in 0..5_000 {
            let paths = [
                "name/secret",
                "name/below/secret",
                "name/below/../secret",
                "name/below/../../name/secret",
            ];
            let path = paths[round % paths.len()];
            match guest.open(3, path, FOLLOW, 0, READ) {
                Ok(fd) => {
                    assert_eq!(guest.read(fd, 100).unwrap(), b"harmless", "{path}");
                    guest.close(fd);
                    seen += 1;
                }
                Err(_) => failed += 1,
            }
            let _ = guest.open(3, "name/created", FOLLOW, CREAT, WRITE).map(|fd| guest.close(fd));
            let _ = guest.open(3, "name/secret", FOLLOW, TRUNC, WRITE).map(|fd| {
                guest.write(fd, b"harmless").unwrap();
                guest.close(fd);
            });
            guest.at("path_create_directory", 3, "name/made");
            guest.at("path_remove_directory", 3, "name/made");
            guest.at("path_unlink_file", 3, "name/created");
            guest.at("path_remove_directory", 3, "name/empty");
            guest.rename("name/empty", "stolen");
            guest.link("name/below/secret", "stolen");
            guest.at("path_unlink_file", 3, "stolen");
            guest.set_times_at(3, FOLLOW, "name/secret");
            guest.set_times_at(3, 0, "name/secret");
            if outside_has(root.path(), "created") || outside_has(root.path(), "made") {
                break;
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(seen > 20 && failed > 20, "{seen} {failed}");
    let after: Vec<_> =
        outside(root.path()).into_iter().filter(|line| !line.contains("/moved")).collect();
    // Its time of modification changes as `moved` comes and goes.
    assert_eq!(after, before);
}

fn outside_has(root: &Path, name: &str) -> bool {
    root.join(name).exists() || root.join("outside").join(name).exists()
}
