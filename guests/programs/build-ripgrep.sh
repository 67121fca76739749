#!/bin/sh
# Compiles ripgrep for WASI as crates.io has it: ./build-ripgrep.sh; with NATIVE=FOLDER natively, into that folder.
#
# Needs what `cargo xtask guests build` needs for WASI (see ../README.md), and clang-19 for src/std-stubs.c. cargo compares
# the checksums; those of the dependencies are in the Cargo.lock that the crate carries (--locked).
set -eu
cd "$(dirname "$0")"
here=$PWD
bin=${GUEST_TOOLCHAIN:-/usr/bin}
target=$here/../../target/guests
crates=${CARGO_HOME:-$HOME/.cargo}/registry/src
export CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_STRIP=true CARGO_PROFILE_RELEASE_PANIC=abort
if [ -n "${NATIVE:-}" ]; then
    cargo install --locked --version 15.2.0 --root "$target/ripgrep-native" --target-dir "$target" ripgrep
    cp "$target/ripgrep-native/bin/rg" "$NATIVE/ripgrep"
    exit
fi
mkdir -p "$target"
clang-19 --target=wasm32-wasi -Os -c src/std-stubs.c -o "$target/std-stubs.o"
std=$("$bin/rustc" --print sysroot)/lib/rustlib/src/rust
export RUSTC="$bin/rustc" RUSTC_BOOTSTRAP=1 CARGO_PROFILE_RELEASE_OPT_LEVEL=s
export CARGO_TARGET_WASM32_WASIP1_LINKER=wasm-ld-19
export CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="-Clink-self-contained=no -Clink-arg=-L/usr/lib/wasm32-wasi \
    -Clink-arg=/usr/lib/wasm32-wasi/crt1-command.o -Clink-arg=$target/std-stubs.o -Csymbol-mangling-version=v0 \
    --remap-path-prefix=$crates=crates --remap-path-prefix=$(realpath "$std")=rust --remap-path-prefix=$std=rust"
"$bin/cargo" install --locked --version 15.2.0 --target wasm32-wasip1 -Zbuild-std=std,panic_abort \
    --root "$target/ripgrep" --target-dir "$target" --force ripgrep
cp "$target/ripgrep/bin/rg.wasm" ripgrep.wasm
chmod 644 ripgrep.wasm
