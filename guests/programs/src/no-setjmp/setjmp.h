/* In place of the system's: wasi-libc has none. See lua.c for what is done instead. */
