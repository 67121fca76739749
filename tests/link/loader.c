/* Loads the shared libraries that it is given, one after the other, so that all see each other's
 * symbols, and runs each: a program of another language with guests in its plugins. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        void *library = dlopen(argv[i], RTLD_NOW | RTLD_GLOBAL);
        void (*run)(void) = library ? (void (*)(void))dlsym(library, "run") : 0;
        if (!run) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
        run();
    }
    return 0;
}
