//! The host of tests/link/main.rs: calls guests through typed bindings alone and says what came of it,
//! a line each. It is built as a program, as a shared library and as a static library.

use wasmaot::{Caller, Error, HostError, Instance, Store};

wasmaot::include_guest!(mod a);
wasmaot::include_guest!(mod b);
wasmaot::include_guest!(mod xxhash);
wasmaot::include_guest!(mod yaml_to_json);
/// A guest of another package, which calls it `a` too.
#[allow(dead_code)]
mod other {
    include!(concat!(env!("OTHER"), "/a.rs"));
}
/// One with explicit checks.
#[allow(dead_code)]
mod checked {
    include!(concat!(env!("CHECKED"), "/c.rs"));
}

/// What the guests' imports see.
struct Host;

/// What the host refuses a guest.
#[derive(Debug, PartialEq)]
struct Refused(i32);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "refused: {}", self.0)
    }
}

impl std::error::Error for Refused {}

/// Implements the import of a guest, and the checks of one.
macro_rules! guest {
    ($module:ident, $Guest:ident) => {
        impl $module::Host for Host {
            fn call(mut caller: Caller<'_, Self>, x: i32) -> Result<i32, HostError> {
                match x {
                    0 => Ok(100),
                    1 => Err(Refused(x).into()),
                    2 => std::panic::panic_any(Refused(x)),
                    _ => {
                        let again = $module::$Guest::from_caller(&mut caller);
                        Ok(again.ok_or("another guest")?.quotient(x, 0)?)
                    }
                }
            }
        }

        impl $module::$Guest<&mut Store<Host>> {
            fn check(&mut self) -> Result<(), Error> {
                let name = stringify!($module);
                let mut text = [0; 7];
                self.read_memory(16, &mut text).expect("a readable memory");
                println!("{name}: {}", String::from_utf8_lossy(&text).trim_end_matches('\0'));
                println!("{name}: plus: {} {}", self.plus(10)?, self.plus_by_table(20)?);
                println!("{name}: through: {}", self.through(0)?);
                println!("{name}: quotient(1, 0): {}", outcome(self.quotient(1, 0)));
                println!("{name}: load(65533): {}", outcome(self.load(65533)));
                let error = self.deeper(0).expect_err("no end");
                let trap = error.trap().expect("a trap");
                let last = trap.frames()[0].func_name();
                println!("{name}: deeper: {:?} < {}", trap.code(), last.expect("a name"));
                println!("{name}: host error: {}", outcome(self.through(1)));
                #[cfg(panic = "unwind")]
                {
                    let panic = std::panic::AssertUnwindSafe(|| self.through(2));
                    let payload = std::panic::catch_unwind(panic).expect_err("a panic");
                    println!("{name}: panic: {:?}", payload.downcast_ref::<Refused>());
                }
                println!("{name}: trap in a call back: {}", outcome(self.through(3)));
                println!("{name}: quotient(7, 2): {}", self.quotient(7, 2)?);
                Ok(())
            }
        }
    };
}

guest!(a, A);
guest!(b, B);
guest!(other, A);
guest!(checked, C);

/// A result in words: why it trapped and where, innermost function first.
fn outcome(result: Result<i32, Error>) -> String {
    let error = match result {
        Ok(value) => return value.to_string(),
        Err(error) => error,
    };
    if let Some(refused) = error.downcast_ref::<Refused>() {
        return format!("{refused:?}");
    }
    let trap = error.trap().expect("a trap");
    let mut text = format!("{:?}", trap.code());
    for frame in trap.frames() {
        text += " < ";
        text += frame.func_name().expect("a name");
    }
    text
}

fn all() -> Result<(), Error> {
    let mut store = Store::new(Host);
    let a = a::A::with_store(&mut store)?.instance();
    let b = b::B::with_store(&mut store)?.instance();
    let other = other::A::with_store(&mut store)?.instance();
    let checked = checked::C::with_store(&mut store)?.instance();
    wrap(&mut store, a, a::A::from_instance).check()?;
    wrap(&mut store, b, b::B::from_instance).check()?;
    wrap(&mut store, other, other::A::from_instance).check()?;
    wrap(&mut store, checked, checked::C::from_instance).check()?;
    let is_other = other::A::from_instance(&mut store, a).is_some();
    println!("a is other: {is_other}");

    // Functions of each called by each.
    let functions = [
        wrap(&mut store, a, a::A::from_instance).get()?,
        wrap(&mut store, b, b::B::from_instance).get()?,
        wrap(&mut store, other, other::A::from_instance).get()?,
        wrap(&mut store, checked, checked::C::from_instance).get()?,
    ];
    for f in functions {
        println!(
            "apply: {} {} {} {}",
            wrap(&mut store, a, a::A::from_instance).apply(f, 1)?,
            wrap(&mut store, b, b::B::from_instance).apply(f, 2)?,
            wrap(&mut store, other, other::A::from_instance).apply(f, 3)?,
            wrap(&mut store, checked, checked::C::from_instance).apply(f, 4)?,
        );
    }

    let in_a_thread =
        std::thread::spawn(|| outcome(a::A::new(Host).and_then(|mut a| a.quotient(1, 0))));
    println!("in a thread: {}", in_a_thread.join().expect("no panic"));

    let mut xxhash = xxhash::Xxhash::new()?;
    println!("xxh32: {:08x}", xxhash.xxh32(0, 0, 0)?);
    println!("xxh64: {:016x}", xxhash.xxh64(0, 0, 0)?);
    println!("json: {}", to_json("{still: [alive, and, well]}")?);
    // One of its stacks overflows: that in its memory, or the native one.
    let error = to_json(&"[".repeat(100_000)).expect_err("a trap");
    let mut frames = error.trap().expect("a trap").frames().iter();
    let named = frames.any(|f| f.func_name().is_some_and(|name| name.contains("yaml_rust::")));
    println!("a trap in yaml_rust: {named}");
    println!("json: {}", to_json("[again]")?);
    Ok(())
}

/// The typed face of an instance in a store.
fn wrap<'a, G>(
    store: &'a mut Store<Host>,
    instance: Instance,
    from_instance: impl FnOnce(&'a mut Store<Host>, Instance) -> Option<G>,
) -> G {
    from_instance(store, instance).expect("an instance of this guest")
}

fn to_json(yaml: &str) -> Result<String, Error> {
    let mut guest = yaml_to_json::YamlToJson::new()?;
    let input = guest.alloc(yaml.len() as i32)?;
    guest.write_memory(input as u32, yaml.as_bytes()).expect("room for the input");
    guest.yaml_to_json(input, yaml.len() as i32)?;
    let mut output = vec![0; guest.output_len()? as usize];
    let at = guest.output_ptr()? as u32;
    guest.read_memory(at, &mut output).expect("an output");
    let json = String::from_utf8_lossy(&output);
    Ok(json.split_whitespace().collect())
}

/// What a program of another language calls.
#[unsafe(no_mangle)]
pub extern "C" fn run() {
    all().expect("calls that succeed");
}

/// Programs begin here.
pub fn main() {
    // A caught panic is nothing to report.
    std::panic::set_hook(Box::new(|_| {}));
    run();
}
