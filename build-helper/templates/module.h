/* The WebAssembly module __NAME__ as native code, compiled by wasmaot __VERSION__.
 * Do not edit: made with the module's object file.
 *
 * Calls need contexts, which only the runtime library makes. */
#ifndef __GUARD__
#define __GUARD__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef WASMAOT_ABI
#define WASMAOT_ABI __ABI__

/* An instance, or a function of the host. */
typedef struct VmContext VmContext;
/* A reference to a function. References to values of the host are numbers, 0 for null. */
typedef struct VmFuncRef VmFuncRef;
/* What instantiation needs to know of a module. */
typedef struct VmModule VmModule;
/* The same with the exports by name. */
typedef struct VmExports VmExports;

/* A value of any type: its bytes in little-endian order, first byte first. */
typedef struct {
#ifdef __cplusplus
    alignas(16)
#else
    _Alignas(16)
#endif
    uint8_t bytes[16];
} ValRaw;

/* What a typed call returns: `status` is 0 unless the call failed; `value` is the only result, a
 * floating-point one by its bits. Two results or more, or one that is a vector, are left in the
 * array given last. A vector as a parameter is two: its low half, then its high half. */
typedef struct {
    uint64_t value;
    uint64_t status;
} VmReturn;
#elif WASMAOT_ABI != __ABI__
#error "the headers of two modules are of different versions of wasmaot"
#endif

extern const VmModule __MODULE__;
extern const VmExports __EXPORTS__;

__DECLARATIONS__

#ifdef __cplusplus
}
#endif

#endif
