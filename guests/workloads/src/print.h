// Makes a program of a workload, by `-include`: it prints the result for the number given.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t run(uint32_t n);

int main(int count, char **arguments) {
    if (count != 2) return 1;
    printf("%llu\n", (unsigned long long)run((uint32_t)strtoul(arguments[1], 0, 10)));
    return 0;
}
