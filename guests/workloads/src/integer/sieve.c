// The sieve of Eratosthenes below n, a bit per odd number.
#include "../workload.h"

static uint32_t composite[(1 << 24) / 64];

uint64_t run(uint32_t n) {
    if (n > 1 << 24) n = 1 << 24;
    uint32_t odd = n / 2;
    for (uint32_t i = 0; i <= odd / 32 && i < sizeof composite / 4; i++) composite[i] = 0;
    uint64_t sum = 0, primes = 1;
    for (uint32_t i = 1; i < odd; i++) {
        if (composite[i / 32] >> i % 32 & 1) continue;
        uint32_t prime = 2 * i + 1;
        primes++;
        sum += prime;
        for (uint64_t multiple = (uint64_t)prime * prime / 2; multiple < odd; multiple += prime) {
            composite[multiple / 32] |= (uint32_t)1 << multiple % 32;
        }
    }
    return mix(sum, primes);
}
