//! wasmaot-benches
