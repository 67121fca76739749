// The smallest program that people write, in C: for what a program weighs, and how soon it has begun.
#include <stdio.h>

int main(void) {
    puts("hello, world");
    return 0;
}
