//! Modules that packages have a second time, compiled for vectors: they are called as the first is,
//! by the same drivers around other bindings.

mod guests {
    use super::super::guests;

    pub mod argon2 {
        pub use super::guests::argon2_simd::{A, Argon2Simd as Argon2};
    }

    pub mod llhttp {
        pub use super::guests::llhttp_simd::{Env, LlhttpSimd as Llhttp};
    }
}

#[allow(clippy::duplicate_mod, reason = "the same driver, around other bindings")]
#[path = "argon2.rs"]
pub mod argon2;

#[allow(clippy::duplicate_mod, reason = "the same driver, around other bindings")]
#[path = "llhttp.rs"]
pub mod llhttp;
