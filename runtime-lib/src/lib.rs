//! wasmaot
