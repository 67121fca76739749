// A machine with 16 registers and three-address instructions, and programs for it; vm_switch and vm_calls run them.
#ifndef VM_H
#define VM_H

#include "workload.h"

enum op { LOAD, MOVE, ADD, SUB, MUL, AND, XOR, SHIFT, GET, PUT, JUMP, JUMP_LESS, JUMP_ZERO, CALL, RETURN, HALT, OPS };

struct instruction {
    uint8_t op, to, a, b;
    int32_t value;
};

struct machine {
    int64_t registers[16];
    uint32_t at, depth;
    uint32_t stack[64];
    int64_t memory[1024];
};

// Counts primes below r1 by a sieve, then sums a pseudo-random walk through memory; the answer is in r0.
static const struct instruction program[] = {
    // r2 = 2; while r2 < r1: if memory[r2] == 0: r0++, mark multiples.
    {LOAD, 0, 0, 0, 0}, {LOAD, 2, 0, 0, 2}, {LOAD, 9, 0, 0, 1}, {LOAD, 10, 0, 0, 1023}, {LOAD, 11, 0, 0, 0},
    // 5: clear memory
    {MOVE, 3, 11, 0, 0}, {PUT, 11, 3, 0, 0}, {ADD, 3, 3, 9, 0}, {JUMP_LESS, 0, 3, 1, 6},
    // 9: the sieve
    {GET, 4, 2, 0, 0}, {JUMP_ZERO, 0, 4, 0, 12}, {JUMP, 0, 0, 0, 17},
    // 12: a prime
    {ADD, 0, 0, 9, 0}, {ADD, 5, 2, 2, 0}, {JUMP, 0, 0, 0, 16}, {CALL, 0, 0, 0, 29}, {JUMP_LESS, 0, 5, 1, 15},
    // 17: the next number
    {ADD, 2, 2, 9, 0}, {JUMP_LESS, 0, 2, 1, 9},
    // 19: the walk
    {LOAD, 6, 0, 0, 12345}, {LOAD, 7, 0, 0, 0}, {LOAD, 8, 0, 0, 1103515245},
    // 22: r6 = r6 * r8 + 1, r3 = r6 >> 16 & 1023; memory[r3] += r6; r0 ^= memory[r3]
    {MUL, 6, 6, 8, 0}, {ADD, 6, 6, 9, 0}, {CALL, 0, 0, 0, 32}, {ADD, 7, 7, 9, 0}, {JUMP_LESS, 0, 7, 1, 22},
    // 27: the end
    {XOR, 0, 0, 6, 0}, {HALT, 0, 0, 0, 0},
    // 29: memory[r5] = 1, r5 += r2
    {PUT, 9, 5, 0, 0}, {ADD, 5, 5, 2, 0}, {RETURN, 0, 0, 0, 0},
    // 32
    {LOAD, 12, 0, 0, 16}, {SHIFT, 3, 6, 12, 0}, {AND, 3, 3, 10, 0}, {GET, 4, 3, 0, 0}, {SUB, 4, 6, 4, 0},
    {PUT, 4, 3, 0, 0}, {XOR, 0, 0, 4, 0}, {RETURN, 0, 0, 0, 0},
};

#endif
