#!/bin/sh
# Compiles the programs of this folder and records what they are: ./build.sh [NAME...]
#
# Needs clang-19, lld-19 and wasi-libc (for the header <wasi/api.h> only); Debian has all three. No libc is
# linked, so a module imports what its program calls and nothing else.
set -eu
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- $(cd src && ls *.c | sed 's/\.c$//')
for name; do
    compile= link=
    if [ "$name" = threads ]; then
        compile="-matomics -mbulk-memory"
        link="--shared-memory --import-memory --export-memory --max-memory=1048576"
    fi
    clang-19 --target=wasm32-wasi -Os -fno-builtin -Wall -Wextra $compile -c "src/$name.c" -o "/tmp/$name.$$.o"
    wasm-ld-19 --strip-all --entry=_start -z stack-size=65536 $link "/tmp/$name.$$.o" -o "$name.wasm"
    rm "/tmp/$name.$$.o"
done
ls build.sh src/* *.wasm | LC_ALL=C sort | xargs sha256sum > SHA256SUMS
