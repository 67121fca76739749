/* What Oniguruma's configure would have found out, where the target is WASI or 64-bit Linux. */
#define HAVE_STDINT_H 1
#define HAVE_INTTYPES_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_ALLOCA_H 1
#define HAVE_ALLOCA 1
#define HAVE_UNISTD_H 1
#define HAVE_SYS_TIME_H 1
#define SIZEOF_INT 4
#define SIZEOF_LONG_LONG 8
#define SIZEOF_SIZE_T __SIZEOF_SIZE_T__
#define SIZEOF_LONG __SIZEOF_LONG__
#define SIZEOF_VOIDP __SIZEOF_POINTER__
#define PACKAGE "onig"
#define PACKAGE_VERSION "6.9"
#define VERSION "6.9"
