// A ray tracer: spheres over a plane, shadows and two mirrorings, n x n points. Structures by value, calls, roots.
#include "../workload.h"

typedef struct {
    double x, y, z;
} vector;

static inline vector add(vector a, vector b) { return (vector){a.x + b.x, a.y + b.y, a.z + b.z}; }
static inline vector sub(vector a, vector b) { return (vector){a.x - b.x, a.y - b.y, a.z - b.z}; }
static inline vector scale(vector a, double by) { return (vector){a.x * by, a.y * by, a.z * by}; }
static inline double dot(vector a, vector b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
static inline vector unit(vector a) { return scale(a, 1 / __builtin_sqrt(dot(a, a))); }

#define SPHERES 12
static struct sphere {
    vector centre, colour;
    double radius, mirror;
} spheres[SPHERES];

// The distance at which the ray meets a sphere first, or -1; which one.
static NOINLINE double meet(vector from, vector along, int *which) {
    double nearest = -1;
    for (int i = 0; i < SPHERES; i++) {
        vector to = sub(spheres[i].centre, from);
        double middle = dot(to, along);
        double square = spheres[i].radius * spheres[i].radius - dot(to, to) + middle * middle;
        if (square < 0) continue;
        double distance = middle - __builtin_sqrt(square);
        if (distance > 1e-6 && (nearest < 0 || distance < nearest)) nearest = distance, *which = i;
    }
    return nearest;
}

static vector colour(vector from, vector along, int depth) {
    static const vector light = {0.48, 0.64, -0.6};
    int which = 0;
    double distance = meet(from, along, &which);
    vector point, normal, own;
    double mirror;
    if (distance > 0) {
        point = add(from, scale(along, distance));
        normal = scale(sub(point, spheres[which].centre), 1 / spheres[which].radius);
        own = spheres[which].colour;
        mirror = spheres[which].mirror;
    } else if (along.y < -1e-6) {
        point = add(from, scale(along, -(from.y + 1) / along.y));
        normal = (vector){0, 1, 0};
        int odd = ((int)__builtin_floor(point.x) ^ (int)__builtin_floor(point.z)) & 1;
        if (__builtin_fabs(point.x) > 1e6 || __builtin_fabs(point.z) > 1e6) odd = 0;
        own = odd ? (vector){0.9, 0.9, 0.9} : (vector){0.2, 0.2, 0.3};
        mirror = 0.1;
    } else {
        return (vector){0.3, 0.5 + 0.3 * along.y, 0.9};
    }
    double bright = dot(normal, light);
    if (bright < 0 || meet(point, light, &which) > 0) bright = 0;
    vector result = scale(own, 0.2 + 0.8 * bright);
    if (depth > 0 && mirror > 0) {
        vector back = sub(along, scale(normal, 2 * dot(along, normal)));
        result = add(scale(result, 1 - mirror), scale(colour(point, back, depth - 1), mirror));
    }
    return result;
}

uint64_t run(uint32_t n) {
    uint32_t state = 11;
    for (int i = 0; i < SPHERES; i++) {
        vector centre = {random_float(&state) * 6 - 3, random_float(&state) * 2 - 0.5, 4 + random_float(&state) * 5};
        vector own = {random_float(&state), random_float(&state), random_float(&state)};
        spheres[i] = (struct sphere){centre, own, 0.3 + random_float(&state) * 0.7, random_float(&state) * 0.6};
    }
    uint64_t sum = 0;
    for (uint32_t y = 0; y < n; y++) {
        for (uint32_t x = 0; x < n; x++) {
            vector along = unit((vector){(2.0 * x - n) / n, (n - 2.0 * y) / n, 1.5});
            vector c = colour((vector){0, 0, 0}, along, 2);
            sum = mix_float(mix_float(mix_float(sum, c.x), c.y), c.z);
        }
    }
    return sum;
}
