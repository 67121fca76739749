//! wasmaot-tests
