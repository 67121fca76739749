//! The same in Rust.

fn main() {
    println!("hello, world");
}
