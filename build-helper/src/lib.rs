//! wasmaot-build
