//! A module built for threads gives what the same package's module for one thread gives, of which
//! `cases.rs` knows that it is right.

use wasmaot_third_party_tests::case::Result;
use wasmaot_third_party_tests::{checked, signals};

const WIDTH: i32 = 160;
const LEVEL: i32 = 2;

/// A picture with something of everything: a gradient, noise, and an area of one colour.
fn picture() -> Vec<u8> {
    let mut noise = 1u32;
    let pixel = |i: i32| {
        let (x, y) = (i % WIDTH, i / WIDTH);
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match x * 3 / WIDTH {
            0 => [x as u8, y as u8, (x + y) as u8, 255],
            1 => [(noise >> 24) as u8, 0, (noise >> 27) as u8, 255],
            _ => [200, 100, 50, 255],
        }
    };
    (0..WIDTH * 120).flat_map(pixel).collect()
}

fn same(one: Result<Vec<u8>>, many: impl Fn(&[u8], i32, i32, i32) -> Result<Vec<u8>>) {
    let one = one.unwrap();
    assert!(one.starts_with(b"\x89PNG") && one.len() > 1000);
    for threads in [1, 2, 4] {
        assert!(many(&picture(), WIDTH, LEVEL, threads).unwrap() == one, "{threads} threads");
    }
}

#[test]
fn oxipng_on_many_threads() {
    use signals::drivers::{oxipng, oxipng_parallel};
    same(oxipng::encode(&picture(), WIDTH, LEVEL), oxipng_parallel::encode);
}

#[test]
fn oxipng_on_many_threads_with_explicit_checks() {
    use checked::drivers::{oxipng, oxipng_parallel};
    same(oxipng::encode(&picture(), WIDTH, LEVEL), oxipng_parallel::encode);
}
