// The interpreter of vm_switch with a function per instruction, called through a table.
#include "../vm.h"

static struct machine machine;

typedef void handler(struct machine *m, const struct instruction *i);

static void do_load(struct machine *m, const struct instruction *i) { m->registers[i->to] = i->value; }
static void do_move(struct machine *m, const struct instruction *i) { m->registers[i->to] = m->registers[i->a]; }
#define BINARY(name, operator)                                                                                      \
    static void name(struct machine *m, const struct instruction *i) {                                             \
        m->registers[i->to] = (int64_t)((uint64_t)m->registers[i->a] operator(uint64_t) m->registers[i->b]);       \
    }
BINARY(do_add, +)
BINARY(do_sub, -)
BINARY(do_mul, *)
BINARY(do_and, &)
BINARY(do_xor, ^)
static void do_shift(struct machine *m, const struct instruction *i) {
    m->registers[i->to] = (int64_t)((uint64_t)m->registers[i->a] >> (m->registers[i->b] & 63));
}
static void do_get(struct machine *m, const struct instruction *i) {
    m->registers[i->to] = m->memory[m->registers[i->a] & 1023];
}
static void do_put(struct machine *m, const struct instruction *i) {
    m->memory[m->registers[i->a] & 1023] = m->registers[i->to];
}
static void do_jump(struct machine *m, const struct instruction *i) { m->at = (uint32_t)i->value; }
static void do_jump_less(struct machine *m, const struct instruction *i) {
    if (m->registers[i->a] < m->registers[i->b]) m->at = (uint32_t)i->value;
}
static void do_jump_zero(struct machine *m, const struct instruction *i) {
    if (m->registers[i->a] == 0) m->at = (uint32_t)i->value;
}
static void do_call(struct machine *m, const struct instruction *i) {
    m->stack[m->depth++ & 63] = m->at;
    m->at = (uint32_t)i->value;
}
static void do_return(struct machine *m, const struct instruction *i) {
    (void)i;
    m->at = m->stack[--m->depth & 63];
}

static handler *const handlers[OPS] = {do_load, do_move, do_add,  do_sub,       do_mul,       do_and,  do_xor,   do_shift,
                                       do_get,  do_put,  do_jump, do_jump_less, do_jump_zero, do_call, do_return};

uint64_t run(uint32_t n) {
    __builtin_memset(&machine, 0, sizeof machine);
    uint64_t sum = 0;
    for (uint32_t turn = 0; turn < n; turn++) {
        machine.at = machine.depth = 0;
        machine.registers[1] = 1000 - turn % 16;
        for (;;) {
            const struct instruction *i = &program[machine.at++];
            if (i->op == HALT) break;
            handlers[i->op](&machine, i);
        }
        sum = mix(sum, (uint64_t)machine.registers[0]);
    }
    return sum;
}
