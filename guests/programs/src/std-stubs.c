/* What Rust's standard library may call that wasi-libc of 2022 has not: there are no threads, and no real paths. */
#include <errno.h>
#include <stddef.h>

char *realpath(const char *path, char *out) {
    (void)path, (void)out;
    errno = ENOSYS;
    return NULL;
}

int pthread_attr_init(void *attributes) { return attributes == NULL; }
int pthread_attr_destroy(void *attributes) { return attributes == NULL; }
int pthread_attr_setstacksize(void *attributes, size_t size) { return attributes == NULL && size; }
int pthread_join(unsigned thread, void **value) { return (void)thread, (void)value, EINVAL; }
int pthread_detach(unsigned thread) { return (void)thread, EINVAL; }
int pthread_create(void *thread, const void *attributes, void *(*start)(void *), void *argument) {
    return (void)thread, (void)attributes, (void)start, (void)argument, EAGAIN;
}
