#!/bin/sh
# Compiles third-party programs in C: ./build.sh [NAME...]; with NATIVE=FOLDER natively, into that folder.
#
# The sources are those that crates of crates.io carry; sources/Cargo.toml names them, sources/Cargo.lock has their
# checksums, cargo fetches and compares them. Needs clang-19, lld-19, wasi-libc and libclang-rt-19-dev-wasm32.
# What is compiled how is below, a line or two each; src/ holds what is ours.
set -eu
cd "$(dirname "$0")"
here=$PWD
cargo fetch --locked --manifest-path sources/Cargo.toml
crates=$(cargo metadata --locked --offline --format-version 1 --manifest-path sources/Cargo.toml |
    tr ',' '\n' | sed -n 's|.*"manifest_path":"\(.*\)/onig_sys-[^/]*/Cargo.toml".*|\1|p' | head -1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# build NAME FLAG... -- SOURCE...
build() {
    name=$1 flags= objects=
    shift
    while [ "$1" != -- ]; do flags="$flags $1"; shift; done
    shift
    mkdir -p "$work/$name"
    for source; do
        object=$work/$name/$(echo "${source##*/}" | tr -c 'a-z0-9_.\n' '-').o
        if [ -n "${NATIVE:-}" ]; then
            clang-19 -O1 -w -include "$here/src/shim.h" $flags -c "$source" -o "$object"
        else
            clang-19 --target=wasm32-wasi -O2 -w -include "$here/src/shim.h" -D_WASI_EMULATED_SIGNAL \
                -D_WASI_EMULATED_PROCESS_CLOCKS -D_WASI_EMULATED_GETPID -D_WASI_EMULATED_MMAN $flags \
                -ffile-prefix-map="$crates"=crates -ffile-prefix-map="$here"=. -c "$source" -o "$object"
        fi
        objects="$objects $object"
    done
    if [ -n "${NATIVE:-}" ]; then
        clang-19 $objects -lm -lpthread -ldl -o "$NATIVE/$name"
    else
        clang-19 --target=wasm32-wasi $objects -lwasi-emulated-signal -lwasi-emulated-process-clocks \
            -lwasi-emulated-getpid -lwasi-emulated-mman -Wl,--strip-all -Wl,-z,stack-size=1048576 -o "$name.wasm"
    fi
}

bzip2() {
    at=$crates/bzip2-sys-0.1.13+1.0.8/bzip2-1.0.8
    build bzip2 -D_FILE_OFFSET_BITS=64 -- $(for part in blocksort huffman crctable randtable compress decompress \
        bzlib bzip2; do echo "$at/$part.c"; done)
}

lua() {
    at=$crates/lua-src-551.1.0/lua-5.4.9
    build lua -I"$here/src/no-setjmp" -I"$at" -D'LUAI_THROW(L,c)=lua_end(L)' -D'LUAI_TRY(L,c,a)={a}' -Dluai_jmpbuf=int \
        -DL_tmpnam=64 -include "$here/src/lua-end.h" -- src/lua.c $(ls "$at"/*.c)
}

# Oniguruma's own tests, a program each.
onig() {
    at=$crates/onig_sys-69.9.3/oniguruma
    cp src/onig-config.h "$work/config.h"
    library=$(ls "$at"/src/*.c | grep -v -e mktable -e gperf -e unicode_.*_data -e regposix -e regposerr)
    library="$library $at/src/unicode_fold1_key.c $at/src/unicode_fold2_key.c $at/src/unicode_fold3_key.c"
    library=$(echo $library | tr ' ' '\n' | sort -u)
    for test in utf8 regset; do
        build "onig-$test" -DHAVE_CONFIG_H -I"$work" -I"$at/src" -- "$at/test/test_$test.c" $library
    done
}

quickjs() {
    at=$crates/rquickjs-sys-0.14.0/quickjs
    build quickjs -D_GNU_SOURCE -I"$at" -- $(for part in qjs quickjs quickjs-libc libregexp libunicode dtoa \
        gen/repl gen/standalone; do echo "$at/$part.c"; done)
}

sqlite() {
    at=$crates/libsqlite3-sys-0.39.1/sqlite3
    build sqlite -I"$at" -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_DEFAULT_UNIX_VFS='"unix-none"' \
        -DSQLITE_ENABLE_FTS5 -DSQLITE_ENABLE_RTREE -DSQLITE_ENABLE_MATH_FUNCTIONS -DSQLITE_TEMP_STORE=2 -DSQLITE_OMIT_WAL -DSQLITE_MAX_MMAP_SIZE=0 \
        -DLONGDOUBLE_TYPE=double -- src/sqlite.c "$at/sqlite3.c"
}

zstd() {
    at=$crates/zstd-sys-2.1.2+zstd.1.5.7/zstd/lib
    build zstd -I"$at" -DZSTD_DISABLE_ASM -DXXH_NAMESPACE=ZSTD_ -- src/zstd.c "$at"/common/*.c "$at"/compress/*.c \
        "$at"/decompress/*.c
}

[ $# -gt 0 ] || set -- bzip2 lua onig quickjs sqlite zstd
for program; do "$program"; done
[ -n "${NATIVE:-}" ] || find *.sh src sources *.wasm -type f | LC_ALL=C sort | xargs sha256sum > SHA256SUMS
