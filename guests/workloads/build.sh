#!/bin/sh
# Compiles the workloads and records what they are: ./build.sh [NAME...]
#
# Needs clang-19, lld-19 and, for products of 128 bits, libclang-rt-19-dev-wasm32; Debian has all three. What comes
# out at each line of expected.txt is then computed natively, from the same sources, by clang-19 -O0.
set -eu
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- $(cd src && ls integer/*.c float/*.c | sed 's|.*/||; s|\.c$||')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for name; do
    source=$(ls src/*/"$name".c)
    clang-19 --target=wasm32 -O3 -mbulk-memory -mnontrapping-fptoint -Wall -Wextra -c "$source" -o "$work/$name.o"
    wasm-ld-19 --strip-all --no-entry -z stack-size=65536 "$work/$name.o" \
        /usr/lib/llvm-19/lib/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a -o "$name.wasm"
    clang-19 -O0 -ffp-contract=off -include src/print.h "$source" -lm -o "$work/$name"
done
while read -r name n result; do
    [ ! -x "$work/$name" ] || result=$("$work/$name" "$n")
    echo "$name $n $result"
done < expected.txt > "$work/expected.txt"
cp "$work/expected.txt" expected.txt
ls build.sh src/*.h src/*/*.c *.wasm | LC_ALL=C sort | xargs sha256sum > SHA256SUMS
