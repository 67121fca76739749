//! cargo-wasmaot
