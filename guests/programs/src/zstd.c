/* `zstd LEVEL IN OUT` compresses a file, `zstd -d IN OUT` decompresses one, as streams, with checksums; `zstd -t SIZE`
 * makes data of its own, compresses it at every level from -5 to 19 and back, and prints sizes and what it hashed to. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zstd.h"

static void check(size_t code) {
    if (ZSTD_isError(code)) {
        fprintf(stderr, "zstd: %s\n", ZSTD_getErrorName(code));
        exit(1);
    }
}

static FILE *file(const char *name, const char *how) {
    FILE *out = fopen(name, how);
    if (!out) {
        perror(name);
        exit(1);
    }
    return out;
}

static void compress(int level, FILE *in, FILE *out) {
    static char from[1 << 16], to[1 << 16];
    ZSTD_CCtx *context = ZSTD_createCCtx();
    check(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level));
    check(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1));
    for (int last = 0; !last;) {
        ZSTD_inBuffer input = {from, fread(from, 1, sizeof from, in), 0};
        last = input.size < sizeof from;
        size_t left;
        do {
            ZSTD_outBuffer output = {to, sizeof to, 0};
            left = ZSTD_compressStream2(context, &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
            check(left);
            fwrite(to, 1, output.pos, out);
        } while (last ? left != 0 : input.pos != input.size);
    }
    ZSTD_freeCCtx(context);
}

static void decompress(FILE *in, FILE *out) {
    static char from[1 << 16], to[1 << 16];
    ZSTD_DCtx *context = ZSTD_createDCtx();
    size_t left = 0, got;
    while ((got = fread(from, 1, sizeof from, in))) {
        ZSTD_inBuffer input = {from, got, 0};
        while (input.pos < input.size) {
            ZSTD_outBuffer output = {to, sizeof to, 0};
            left = ZSTD_decompressStream(context, &output, &input);
            check(left);
            fwrite(to, 1, output.pos, out);
        }
    }
    if (left) {
        fprintf(stderr, "zstd: cut short\n");
        exit(1);
    }
    ZSTD_freeDCtx(context);
}

static void levels(size_t size) {
    unsigned char *data = malloc(size), *back = malloc(size), *small = malloc(ZSTD_compressBound(size));
    uint32_t state = 1;
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525 + 1013904223;
        data[i] = (i & 4096) ? "the quick brown fox "[state >> 28] : (unsigned char)(state >> 24 & i >> 3);
    }
    for (int level = -5; level <= 19; level++) {
        size_t length = ZSTD_compress(small, ZSTD_compressBound(size), data, size, level);
        check(length);
        uint64_t hash = 14695981039346656037u;
        for (size_t i = 0; i < length; i++) hash = (hash ^ small[i]) * 1099511628211u;
        memset(back, 0, size);
        size_t again = ZSTD_decompress(back, size, small, length);
        check(again);
        printf("%3d: %zu of %zu bytes, %016llx, %s\n", level, length, size, (unsigned long long)hash,
               again == size && !memcmp(data, back, size) ? "same again" : "DIFFERENT");
    }
    small[20] ^= 1;
    printf("spoilt: %s\n", ZSTD_isError(ZSTD_decompress(back, size, small, 100)) ? "error" : "no error");
}

int main(int argc, char **argv) {
    if (argc == 3 && !strcmp(argv[1], "-t")) {
        levels((size_t)atol(argv[2]));
    } else if (argc == 4) {
        FILE *in = file(argv[2], "rb"), *out = file(argv[3], "wb");
        if (strcmp(argv[1], "-d")) compress(atoi(argv[1]), in, out);
        else decompress(in, out);
        printf("%ld bytes became %ld\n", ftell(in), ftell(out));
        if (ferror(in) || fclose(in) || fclose(out)) return 1;
    } else {
        fprintf(stderr, "usage: zstd LEVEL IN OUT | zstd -d IN OUT | zstd -t SIZE\n");
        return 2;
    }
    return 0;
}
