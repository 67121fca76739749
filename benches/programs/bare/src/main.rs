//! A program that adds two numbers. The others of its kind have a guest do it; what they are
//! bigger and slower to start than this is the price of the guest.

fn main() {
    let one = std::env::args().count() as i32;
    println!("{}", 41 + one);
}
