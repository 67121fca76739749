//! What a guest is granted, on the command line; and as the text that the program reads, whose form
//! is told in the runtime's `wasi::program`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use clap::{Args, value_parser};

use wasmaot_build::cache::bytes;

use crate::guest::CompileOptions;

/// What a program lets its guest do, beyond its standard streams and its arguments.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "What the guest is granted")]
pub struct Grants {
    /// Let the guest use a folder, under a name of its own (default: the same), for reading only if
    /// `:ro` comes at the end. A path that is not absolute is looked for where the program runs
    #[arg(long, value_name = "HOST[::GUEST][:ro]", value_parser = value_parser!(OsString))]
    pub dir: Vec<OsString>,

    /// Set a variable of the guest's environment
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    pub env: Vec<(OsString, OsString)>,

    /// Give the guest the whole environment of the program
    #[arg(long)]
    pub inherit_env: bool,

    /// Pass an argument before those of the command line
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub arg: Vec<OsString>,

    /// Bytes that each memory of the guest can have at most (K, M, G: times 1024)
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub max_memory: Option<u64>,

    /// Bytes of the stack that the guest can use at most (K, M, G: times 1024)
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub max_stack: Option<u64>,

    /// How much fuel each thread of the guest has; without any left it traps. Exact, and the same
    /// everywhere
    #[arg(id = "fuel-given", long = "fuel", value_name = "UNITS")]
    pub fuel: Option<u64>,

    /// How long the guest may run, or wait: then it ends with exit code 124 (10, 1.5s, 200ms, 2m, 1h)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub timeout: Option<Duration>,
}

impl Grants {
    /// The options of compilation that are needed for these, too.
    pub fn compile_options(&self, options: &CompileOptions) -> CompileOptions {
        let mut options = options.clone();
        options.fuel |= self.fuel.is_some();
        options.epochs |= self.timeout.is_some();
        options
    }

    /// Everything as a text.
    pub fn text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut line = |words: &[&[u8]]| {
            for (index, word) in words.iter().enumerate() {
                if index > 0 {
                    out.push(b'\t');
                }
                escape(word, &mut out);
            }
            out.push(b'\n');
        };
        for dir in &self.dir {
            let Folder { host, guest, read_only } = Folder::parse(dir.as_bytes());
            line(&[b"dir", if read_only { b"ro" } else { b"rw" }, host, guest]);
        }
        for arg in &self.arg {
            line(&[b"arg", arg.as_bytes()]);
        }
        for (name, value) in &self.env {
            line(&[b"env", name.as_bytes(), value.as_bytes()]);
        }
        if self.inherit_env {
            line(&[b"inherit-env"]);
        }
        if let Some(bytes) = self.max_memory {
            line(&[b"max-memory", bytes.to_string().as_bytes()]);
        }
        if let Some(bytes) = self.max_stack {
            line(&[b"max-stack", bytes.to_string().as_bytes()]);
        }
        if let Some(units) = self.fuel {
            line(&[b"fuel", units.to_string().as_bytes()]);
        }
        if let Some(time) = self.timeout {
            line(&[b"timeout", time.as_millis().to_string().as_bytes()]);
        }
        out
    }
}

/// What `--dir` says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Folder<'a> {
    host: &'a [u8],
    guest: &'a [u8],
    read_only: bool,
}

impl<'a> Folder<'a> {
    fn parse(text: &'a [u8]) -> Self {
        let (text, read_only) = match text.strip_suffix(b":ro") {
            Some(text) => (text, true),
            None => (text.strip_suffix(b":rw").unwrap_or(text), false),
        };
        let colons = text.windows(2).position(|pair| pair == b"::");
        let (host, guest) = match colons {
            Some(at) => (&text[..at], &text[at + 2..]),
            None => (text, text),
        };
        Self { host, guest, read_only }
    }
}

fn escape(word: &[u8], out: &mut Vec<u8>) {
    for &byte in word {
        match byte {
            b'\t' => out.extend(b"\\t"),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            0 => out.extend(b"\\0"),
            b'\\' => out.extend(b"\\\\"),
            byte => out.push(byte),
        }
    }
}

/// `NAME=VALUE`.
fn variable(text: &str) -> Result<(OsString, OsString), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.into(), value.into())),
        _ => Err("expected NAME=VALUE".into()),
    }
}

/// A time: seconds, or with a unit.
fn time(text: &str) -> Result<Duration, String> {
    let wrong = "expected a number of seconds, or one with ms, s, m or h";
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let unit = units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)));
    let (number, factor) = unit.unwrap_or((text, 1.0));
    if !number.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Err(wrong.into());
    }
    let number: f64 = number.parse().map_err(|_| wrong)?;
    Duration::try_from_secs_f64(number * factor).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes("65536"), Ok(65536));
        assert_eq!(bytes("64K"), Ok(65536));
        assert_eq!(bytes("2g"), Ok(2 << 30));
        for wrong in ["", "K", "-1", "1T", "1.5M", "99999999999G"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn folders_have_names_and_access() {
        let parse = |text: &'static str| {
            let Folder { host, guest, read_only } = Folder::parse(text.as_bytes());
            let str = |bytes| std::str::from_utf8(bytes).unwrap();
            (str(host), str(guest), read_only)
        };
        assert_eq!(parse("."), (".", ".", false));
        assert_eq!(parse("/a:ro"), ("/a", "/a", true));
        assert_eq!(parse("a::/b"), ("a", "/b", false));
        assert_eq!(parse("a::b:ro"), ("a", "b", true));
        assert_eq!(parse("x:ro::y:rw"), ("x:ro", "y", false));
    }

    #[test]
    fn times_have_units() {
        for (text, ms) in [("10", 10_000), ("1.5s", 1500), ("200ms", 200), ("2m", 120_000)] {
            assert_eq!(time(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for wrong in ["", "s", "-1", "1d", "inf", "nan", "1e30"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_text_has_a_line_for_each() {
        let grants = Grants {
            dir: vec!["a::/b:ro".into(), "c".into()],
            max_stack: None,
            env: vec![("A".into(), "a\tb\n\\".into())],
            inherit_env: true,
            arg: vec!["-v".into()],
            max_memory: Some(65536),
            fuel: Some(7),
            timeout: time("1.5s").ok(),
        };
        let text = String::from_utf8(grants.text()).unwrap();
        assert_eq!(
            text,
            "dir\tro\ta\t/b\ndir\trw\tc\tc\narg\t-v\nenv\tA\ta\\tb\\n\\\\\ninherit-env\nmax-memory\t65536\nfuel\t7\ntimeout\t1500\n"
        );
        assert_eq!(variable("A=b=c"), Ok(("A".into(), "b=c".into())));
        assert!(variable("=b").is_err() && variable("A").is_err());
    }
}
