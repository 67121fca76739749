//! Files and directories, by `std::fs`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

fn kind<T>(result: io::Result<T>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(error) => format!("{:?}", error.kind()),
    }
}

pub fn files() -> io::Result<()> {
    fs::write("/a.txt", "one\ntwo\nthree\n")?;
    print!("{}", fs::read_to_string("/a.txt")?);
    let mut file = OpenOptions::new().read(true).write(true).open("/a.txt")?;
    file.seek(SeekFrom::Start(4))?;
    file.write_all(b"TWO")?;
    println!("{} {}", file.stream_position()?, file.metadata()?.len());
    file.seek(SeekFrom::End(-6))?;
    let mut end = String::new();
    file.read_to_string(&mut end)?;
    println!("{end:?}");
    println!("{}", kind(file.seek(SeekFrom::Current(-1000))));
    file.set_len(5)?;
    file.sync_all()?;
    file.sync_data()?;
    drop(file);
    println!("{:?}", fs::read_to_string("/a.txt")?);
    let mut file = OpenOptions::new().append(true).create(true).open("/a.txt")?;
    writeln!(file, " and more")?;
    drop(file);
    for line in BufReader::new(File::open("/a.txt")?).lines() {
        println!("{:?}", line?);
    }
    println!("{}", kind(OpenOptions::new().write(true).create_new(true).open("/a.txt")));
    println!("{}", kind(File::open("/missing")));
    println!("{}", kind(File::open("/a.txt/x")));
    println!("{}", kind(File::open("/a.txt").and_then(|mut file| file.write_all(b"x"))));
    println!("{}", fs::copy("/a.txt", "/b.txt")?);
    fs::rename("/b.txt", "/c.txt")?;
    println!("{} {}", Path::new("/b.txt").exists(), Path::new("/c.txt").exists());
    fs::hard_link("/c.txt", "/d.txt")?;
    fs::remove_file("/c.txt")?;
    println!("{:?}", fs::read("/d.txt")?.len());
    println!("{}", kind(fs::remove_file("/c.txt")));
    println!("{}", kind(fs::remove_dir("/d.txt")));
    // Large enough for many calls of any buffer's size.
    let large: Vec<u8> = (0..1_000_003u32).map(|n| (n * n >> 7) as u8).collect();
    fs::write("/large", &large)?;
    println!("{} {}", fs::metadata("/large")?.len(), fs::read("/large")? == large);
    let modified = fs::metadata("/large")?.modified()?;
    println!("{}", modified.elapsed().map_or(0, |time| time.as_secs()) < 60);
    Ok(())
}

pub fn directories() -> io::Result<()> {
    fs::create_dir_all("/x/y/z")?;
    println!("{}", kind(fs::create_dir("/x")));
    println!("{}", kind(fs::remove_dir("/x")));
    for number in 0..300 {
        fs::write(format!("/x/y/file {number:03}"), vec![b'.'; number])?;
    }
    let mut names = Vec::new();
    let mut total = 0;
    for entry in fs::read_dir("/x/y")? {
        let entry = entry?;
        let kind = if entry.file_type()?.is_dir() { "directory" } else { "file" };
        total += if kind == "file" { entry.metadata()?.len() } else { 0 };
        names.push(format!("{} {kind}", entry.file_name().to_string_lossy()));
    }
    names.sort();
    println!("{} {total} {:?} {:?}", names.len(), names[0], names[300]);
    println!("{}", kind(fs::read_dir("/x/missing")));
    println!("{}", kind(fs::read_dir("/x/y/file 001")));
    println!("{} {}", Path::new("/x").is_dir(), Path::new("/x/y/file 001").is_file());
    fs::rename("/x/y", "/x/moved")?;
    println!("{}", fs::read_dir("/x/moved")?.count());
    fs::remove_dir_all("/x")?;
    println!("{}", fs::read_dir("/")?.count());
    println!("{}", kind(File::open("/../outside")));
    println!("{}", kind(File::create("relative").and_then(|mut file| file.write_all(b"x"))));
    println!("{}", Path::new("/relative").exists());
    Ok(())
}

/// Removes entries while their directory is being read: none may be missed.
pub fn removing() -> io::Result<()> {
    fs::create_dir("/full")?;
    for number in 0..500 {
        File::create(format!("/full/{number}"))?;
    }
    for entry in fs::read_dir("/full")? {
        fs::remove_file(entry?.path())?;
    }
    println!("{} left", fs::read_dir("/full")?.count());
    fs::remove_dir("/full")
}
