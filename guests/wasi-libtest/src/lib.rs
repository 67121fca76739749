//! What `cargo test` runs: tests that pass, one that fails, one that returns an error, one that is ignored.

/// What is tested.
pub fn add(left: u32, right: u32) -> u32 {
    left + right
}

#[cfg(test)]
mod tests {
    use super::add;

    #[test]
    fn adds() {
        println!("not shown, as this test passes");
        assert_eq!(add(20, 22), 42);
    }

    #[test]
    fn has_arguments() {
        assert!(std::env::args().count() >= 1);
    }

    #[test]
    fn fails() {
        assert_eq!(add(1, 1), 3, "arithmetic");
    }

    #[test]
    #[ignore = "for cases of ignored tests"]
    fn is_ignored() {
        unreachable!();
    }

    #[test]
    fn returns_an_error() -> Result<(), String> {
        Err("an error, not a panic".to_owned())
    }
}
