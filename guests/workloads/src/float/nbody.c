// Gravity between nine bodies, n steps: square roots, divisions, and more numbers than there are registers.
#include "../workload.h"

#define BODIES 9
struct body {
    double x, y, z, vx, vy, vz, mass;
};
static struct body bodies[BODIES];

static NOINLINE void advance(double step) {
    for (int i = 0; i < BODIES; i++) {
        struct body *a = &bodies[i];
        for (int j = i + 1; j < BODIES; j++) {
            struct body *b = &bodies[j];
            double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
            double square = dx * dx + dy * dy + dz * dz + 0.01;
            double force = step / (square * __builtin_sqrt(square));
            a->vx -= dx * b->mass * force, a->vy -= dy * b->mass * force, a->vz -= dz * b->mass * force;
            b->vx += dx * a->mass * force, b->vy += dy * a->mass * force, b->vz += dz * a->mass * force;
        }
    }
    for (int i = 0; i < BODIES; i++) {
        struct body *a = &bodies[i];
        a->x += step * a->vx, a->y += step * a->vy, a->z += step * a->vz;
    }
}

uint64_t run(uint32_t n) {
    uint32_t state = 9;
    for (int i = 0; i < BODIES; i++) {
        bodies[i] = (struct body){.x = random_float(&state) * 4,
                                  .y = random_float(&state) * 4,
                                  .z = random_float(&state) * 4,
                                  .vx = random_float(&state) - 0.5,
                                  .vy = random_float(&state) - 0.5,
                                  .vz = random_float(&state) - 0.5,
                                  .mass = random_float(&state) + 0.1};
    }
    for (uint32_t i = 0; i < n; i++) advance(0.001);
    uint64_t sum = 0;
    for (int i = 0; i < BODIES; i++) sum = mix_float(mix_float(sum, bodies[i].x), bodies[i].vz);
    return sum;
}
