//! A module built for threads gives what the same package's module for one thread gives, of which
//! `cases.rs` knows that it is right.

use wasmaot_third_party_tests::case::{self, Result};
use wasmaot_third_party_tests::{checked, signals};

const WIDTH: i32 = 160;
const LEVEL: i32 = 2;

fn picture() -> Vec<u8> {
    case::picture(WIDTH, 120)
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
