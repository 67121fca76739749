// An interpreter: a loop around a switch. The program is run n times.
#include "../vm.h"

static struct machine machine;

static NOINLINE void interpret(struct machine *m) {
    for (;;) {
        const struct instruction *i = &program[m->at++];
        int64_t *r = m->registers;
        switch ((enum op)i->op) {
        case LOAD: r[i->to] = i->value; break;
        case MOVE: r[i->to] = r[i->a]; break;
        case ADD: r[i->to] = (int64_t)((uint64_t)r[i->a] + (uint64_t)r[i->b]); break;
        case SUB: r[i->to] = (int64_t)((uint64_t)r[i->a] - (uint64_t)r[i->b]); break;
        case MUL: r[i->to] = (int64_t)((uint64_t)r[i->a] * (uint64_t)r[i->b]); break;
        case AND: r[i->to] = r[i->a] & r[i->b]; break;
        case XOR: r[i->to] = r[i->a] ^ r[i->b]; break;
        case SHIFT: r[i->to] = (int64_t)((uint64_t)r[i->a] >> (r[i->b] & 63)); break;
        case GET: r[i->to] = m->memory[r[i->a] & 1023]; break;
        case PUT: m->memory[r[i->a] & 1023] = r[i->to]; break;
        case JUMP: m->at = (uint32_t)i->value; break;
        case JUMP_LESS: m->at = r[i->a] < r[i->b] ? (uint32_t)i->value : m->at; break;
        case JUMP_ZERO:
            if (r[i->a] == 0) m->at = (uint32_t)i->value;
            break;
        case CALL: m->stack[m->depth++ & 63] = m->at, m->at = (uint32_t)i->value; break;
        case RETURN: m->at = m->stack[--m->depth & 63]; break;
        default: return;
        }
    }
}

uint64_t run(uint32_t n) {
    __builtin_memset(&machine, 0, sizeof machine);
    uint64_t sum = 0;
    for (uint32_t turn = 0; turn < n; turn++) {
        machine.at = machine.depth = 0;
        machine.registers[1] = 1000 - turn % 16;
        interpret(&machine);
        sum = mix(sum, (uint64_t)machine.registers[0]);
    }
    return sum;
}
