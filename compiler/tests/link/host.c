/* A host in C with the smallest runtime that the guest gets along with, to see that our objects
 * link and work in any kind of program. Prints nothing if all is well. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unwind.h>

static int failures;
#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);           \
      failures++;                                                               \
    }                                                                           \
  } while (0)

/* As in abi/src. */
struct left { uintptr_t sp, fp; };
struct entry { struct entry *outer; struct left outer_exit; uintptr_t handler, sp, fp; };
struct thread { struct entry *entry; struct left exit; };
struct context { uint64_t magic; void *store; struct thread *thread; uintptr_t stack_limit; const void *limits; const void *module; void *instance; };
struct host_context { uint64_t magic; void *store; void *native_call; void *array_call; void *data; };
struct result { uint64_t value, status; };
struct slot { uint64_t low, high; };
struct slice { const void *start; size_t len; };
struct val_type { const struct func_type *func; uint8_t kind, nullable; };
struct func_type { void *enter, *exit_native, *exit_array; uint32_t params, results; struct slice name; struct val_type types[]; };
struct extern_type { uint8_t kind, mutable, has_max, shared, index64, page_size_log2; struct val_type value; uint64_t min, max; const struct func_type *func; };
struct import { struct slice module, name; struct extern_type type; const void *provided; };
struct func_ref_init { void *wasm_call; const struct func_type *type; };
struct func_ref { void *wasm_call; const struct func_type *type; void *callee; };
struct func_import { void *wasm_call; void *callee; void *func_ref; };
struct layout { uint32_t imported_memories, memories, imported_globals, globals, imported_tables, tables, imported_functions, func_refs, size; };
struct module {
  const void *abi; struct slice name; struct layout layout; uint32_t flags; uint64_t reservation, guard;
  uint64_t context_address, memory_address;
  struct slice imports, types, tables, memories, globals, func_refs, data, elems, images;
  uint8_t (*init)(void *, void *); uint8_t (*start)(void *, void *);
};
struct exported { struct slice name; struct extern_type type; uint32_t index, func_ref; void *wasm_call; };
struct exports { const struct module *module; struct slice exports; };

char wasmaot_abi_v1;
static struct thread thread;
static struct context *instance;
static int log_fails, log_reenters, frames_seen, main_seen;
static void *main_start;

extern const struct module wasm_guest_module;
extern struct result wasm_guest_add_wasm_call(void *, void *, uint32_t, uint32_t);
extern uint8_t wasm_guest_add_array_call(void *, void *, struct slot *, size_t);
extern struct result wasm_guest_through_two_wasm_call(void *, void *, uint32_t);
extern struct result wasm_guest_trap_wasm_call(void *, void *);
extern struct result wasm_guest_trap_deep_wasm_call(void *, void *, uint64_t);
extern uint8_t wasm_guest_trap_deep_array_call(void *, void *, struct slot *, size_t);
extern struct result wasm_guest_sum_wasm_call(void *, void *, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
extern uint8_t wasm_guest_sum_array_call(void *, void *, struct slot *, size_t);
extern struct result wasm_guest_two_wasm_call(void *, void *, struct slot *);
extern struct result wasm_guest_single_wasm_call(void *, void *, float);
extern struct result wasm_guest_indirect_wasm_call(void *, void *, uint32_t, uint32_t, uint32_t);
extern struct result wasm_guest_constant_wasm_call(void *, void *, uint32_t, uint32_t, uint32_t);
extern struct result wasm_guest_call_many_wasm_call(void *, void *, uint64_t);
extern struct result wasm_guest_references_wasm_call(void *, void *, uint32_t, uint32_t, uint32_t);
extern struct result wasm_guest_spread_wasm_call(void *, void *, uint64_t, struct slot *);
extern uint8_t wasm_guest_spread_array_call(void *, void *, struct slot *, size_t);
#ifdef ALL
extern const struct exports wasm_guest_exports;
#endif
#ifdef OTHER
extern const struct module wasm_other_module;
extern struct result wasm_other_add_wasm_call(void *, void *, uint32_t, uint32_t);
#endif

/* Takes the innermost entry out of the thread. */
static struct entry *give_up(void) {
  struct entry *entry = thread.entry;
  thread.entry = entry->outer;
  if (entry->outer) thread.exit = entry->outer_exit;
  return entry;
}

/* Resumes there. */
void wasmaot_builtin_raise(void) {
  struct entry *entry = give_up();
  __asm__ volatile("mov %0, %%rsp\n mov %1, %%rbp\n jmp *%2"
                   : : "a"(entry->sp), "c"(entry->fp), "d"(entry->handler) : "memory");
  __builtin_unreachable();
}

/* The rest of typed entries: the code to call is in rax, its parameters are in place. */
#define ENTER(name, result)                                                     \
  __asm__(".text\n.globl " name "\n.type " name ", @function\n" name ":\n"     \
    ".cfi_startproc\n push %rbp\n .cfi_def_cfa_offset 16\n"                     \
    ".cfi_offset rbp, -16\n mov %rsp, %rbp\n .cfi_def_cfa_register rbp\n"       \
    "push %rbx\n push %r12\n push %r13\n push %r14\n push %r15\n"              \
    "sub $56, %rsp\n mov 16(%rdi), %rbx\n"                                      \
    "mov (%rbx), %r10\n mov %r10, (%rsp)\n"                                     \
    "mov 8(%rbx), %r10\n mov %r10, 8(%rsp)\n"                                   \
    "mov 16(%rbx), %r10\n mov %r10, 16(%rsp)\n"                                 \
    "lea 1f(%rip), %r10\n mov %r10, 24(%rsp)\n"                                 \
    "mov %rsp, 32(%rsp)\n mov %rbp, 40(%rsp)\n mov %rsp, (%rbx)\n"              \
    "call *%rax\n"                                                              \
    "mov (%rsp), %r10\n mov %r10, (%rbx)\n"                                     \
    "mov 8(%rsp), %r10\n mov %r10, 8(%rbx)\n"                                   \
    "mov 16(%rsp), %r10\n mov %r10, 16(%rbx)\n"                                 \
    "xor %edx, %edx\n" result "jmp 2f\n 1: mov $1, %edx\n"                      \
    "2: mov -40(%rbp), %r15\n mov -32(%rbp), %r14\n mov -24(%rbp), %r13\n"      \
    "mov -16(%rbp), %r12\n mov -8(%rbp), %rbx\n leave\n"                        \
    ".cfi_def_cfa rsp, 8\n ret\n .cfi_endproc\n.size " name ", .-" name "\n")
ENTER("wasmaot_builtin_enter_int", "");
ENTER("wasmaot_builtin_enter_float", "movq %xmm0, %rax\n");

static void on_signal(int signal, siginfo_t *info, void *context) {
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  if (!thread.entry) abort();
  struct entry *entry = give_up();
  registers[REG_RSP] = entry->sp;
  registers[REG_RBP] = entry->fp;
  registers[REG_RIP] = entry->handler;
}

uint32_t wasmaot_builtin_table_init(struct context *context, uint32_t table, uint32_t segment, uint64_t dst, uint32_t src, uint32_t len) {
  const struct module *module = context->module;
  char *base = (char *)context;
  struct func_ref **elements = *(struct func_ref ***)(base + module->layout.tables);
  const struct slice *segments = module->elems.start;
  const uint32_t *items = segments[segment].start;
  CHECK(table == 0 && dst == 0 && src == 0 && len == 1 && items[0] < module->func_refs.len);
  elements[0] = (struct func_ref *)(base + module->layout.func_refs) + items[0];
  return 0;
}
void wasmaot_builtin_elem_drop(struct context *context, uint32_t segment) { CHECK(segment == 0); }
/* For guests with explicit checks. */
uint32_t wasmaot_builtin_trap(struct context *context, uint32_t code) { return 1; }

static uint32_t uleb(const uint8_t **at) {
  uint32_t value = 0, shift = 0;
  uint8_t byte;
  do {
    byte = *(*at)++;
    value |= (uint32_t)(byte & 0x7f) << shift;
    shift += 7;
  } while (byte & 0x80);
  return value;
}

/* Checks a guest frame against its function's record; the number of live references, or -1 if
 * there is no site for the return address. */
static int check_frame(const uint8_t *record, uint32_t code_offset, uintptr_t sp, uintptr_t fp, uint32_t *live) {
  CHECK(memcmp(record, "wao2", 4) == 0);
  const uint8_t *name = record + 4 + *(const int32_t *)(record + 4);
  CHECK(*(const uint32_t *)name == 5 && memcmp(name + 4, "guest", 5) == 0);
  const uint8_t *at = record + 8;
  uleb(&at);
  at += uleb(&at);
  CHECK(uleb(&at) == fp - sp);
  /* Functions whose code stands in place of calls, and those calls. */
  for (uint32_t count = uleb(&at); count; count--) {
    uleb(&at);
    at += uleb(&at);
  }
  uint32_t inlined = uleb(&at);
  for (uint32_t numbers = 3 * inlined; numbers; numbers--) uleb(&at);
  int found = 0;
  uint32_t code = 0;
  for (uint32_t count = uleb(&at); count; count--) {
    code += uleb(&at);
    while (*at++ & 0x80) {}
    if (*at++ == 0 && code == code_offset) found = 1;
    if (inlined) uleb(&at);
  }
  int references = 0;
  code = 0;
  for (uint32_t count = uleb(&at); count; count--) {
    code += uleb(&at);
    for (uint32_t slots = uleb(&at); slots; slots--) {
      uint32_t slot = uleb(&at) * 4;
      if (code == code_offset) live[references++] = *(uint32_t *)(sp + slot);
    }
  }
  return found ? references : -1;
}

/* Where guest frames are: the walk by frame pointers must agree with the platform's unwinder. */
static struct { uintptr_t pc, sp, fp; } guests[16];
static int guest_count;
static int live_count;
static uint32_t live[16];

static _Unwind_Reason_Code on_frame(struct _Unwind_Context *context, void *data) {
  uintptr_t pc = _Unwind_GetIP(context);
  const uint8_t *record = _Unwind_GetLanguageSpecificData(context);
  frames_seen++;
  if (_Unwind_FindEnclosingFunction((void *)pc) == main_start) main_seen = 1;
  for (int i = 0; i < guest_count; i++) {
    if (pc && guests[i].pc == pc) {
      CHECK(record != NULL);
      if (!record) continue;
      int count = check_frame(record, pc - _Unwind_GetRegionStart(context), guests[i].sp, guests[i].fp, live + live_count);
      CHECK(count >= 0);
      live_count += count;
      guests[i].pc = 0;
    }
  }
  return _URC_NO_REASON;
}

static void look_around(int expected_guests) {
  /* Of each frame: where its return address is, and the frame pointer of who is returned to. */
  struct left left = thread.exit;
  if (!left.sp) left = (struct left){left.fp + 8, *(uintptr_t *)left.fp};
  guest_count = live_count = frames_seen = main_seen = 0;
  while (left.fp != thread.entry->fp) {
    guests[guest_count].pc = *(uintptr_t *)left.sp;
    guests[guest_count].sp = left.sp + 8;
    guests[guest_count].fp = left.fp;
    guest_count++;
    left = (struct left){left.fp + 8, *(uintptr_t *)left.fp};
  }
  CHECK(guest_count == expected_guests);
  _Unwind_Backtrace(on_frame, NULL);
  for (int i = 0; i < guest_count; i++) CHECK(guests[i].pc == 0);
  CHECK(main_seen);
}

static uint64_t host_log(struct host_context *callee, struct context *caller, uint32_t value) {
  CHECK(caller == instance && callee->data == (void *)host_log);
  look_around(2);
  if (log_reenters) {
    log_reenters = 0;
    struct thread before = thread;
    struct result inner = wasm_guest_through_two_wasm_call(instance, instance, 1000);
    CHECK(inner.status == 0 && inner.value == 2001);
    CHECK(wasm_guest_trap_wasm_call(instance, instance).status == 1);
    CHECK(memcmp(&before, &thread, sizeof before) == 0);
    look_around(2);
  }
  if (log_fails) wasmaot_builtin_raise();
  return (uint64_t)value * 2 | 0xffffffffull << 32;
}

/* The same as its own way out: what guests call records where they left, and has no frame. */
void own_log(void);
__asm__(".text\n.type own_log, @function\nown_log:\n .cfi_startproc\n"
  "mov 16(%rsi), %rax\n mov %rsp, 8(%rax)\n mov %rbp, 16(%rax)\n"
  "jmp *16(%rdi)\n .cfi_endproc\n.size own_log, .-own_log\n");

static uint8_t host_many(struct host_context *callee, struct context *caller, struct slot *values, size_t len) {
  CHECK(caller == instance && len == 12);
  look_around(1);
  for (int i = 1; i < 10; i++) CHECK(values[i].low == (uint64_t)i);
  double half;
  memcpy(&half, &values[10].low, 8);
  CHECK(half == 0.5 || half == 0);
  if (values[0].low == 13) return 0;
  values[0].low += 5;
  return 1;
}

static void host_spread(struct host_context *callee, struct context *caller, uint64_t first, struct slot *results) {
  look_around(1);
  for (int i = 0; i < 24; i++) {
    float single = (float)(first + i);
    double number = (double)(first + i);
    results[i].low = first + i;
    if (i % 4 == 1) memcpy(&results[i].low, &single, 4);
    if (i % 4 == 3) memcpy(&results[i].low, &number, 8);
  }
  if (first == 13) wasmaot_builtin_raise();
}

static int spread_is(const struct slot *slots, uint64_t first) {
  for (int i = 0; i < 24; i++) {
    float single;
    double number;
    memcpy(&single, &slots[i].low, 4);
    memcpy(&number, &slots[i].low, 8);
    if (i % 4 == 0 && slots[i].low != first + i) return 0;
    if (i % 4 == 1 && single != (float)(first + i)) return 0;
    if (i % 4 == 2 && (uint32_t)slots[i].low != (uint32_t)(first + i)) return 0;
    if (i % 4 == 3 && number != (double)(first + i)) return 0;
  }
  return 1;
}

static void instantiate(void) {
  const struct module *module = &wasm_guest_module;
  CHECK(module->abi == &wasmaot_abi_v1);
  CHECK(module->name.len == 5 && memcmp(module->name.start, "guest", 5) == 0);
  CHECK(module->context_address == 0 && module->memory_address == 0);
  CHECK(module->reservation == 4ull << 30 || module->flags == 1);
  char *base = aligned_alloc(16, (module->layout.size + 15) / 16 * 16);
  memset(base, 0, module->layout.size);
  instance = (struct context *)base;
  instance->thread = &thread;
  instance->stack_limit = (uintptr_t)&base - (256 << 10);
  instance->module = module;

  static struct host_context hosts[3];
  const struct import *imports = module->imports.start;
  struct func_import *functions = (void *)(base + module->layout.imported_functions);
  CHECK(module->imports.len == 3 && imports[0].name.len == 3 && memcmp(imports[0].name.start, "log", 3) == 0);
  CHECK(imports[0].type.func->params == 1 && imports[0].type.func->types[0].kind == 0x7f);
  hosts[0].native_call = (void *)host_log;
  hosts[0].data = (void *)host_log;
  functions[0].wasm_call = imports[0].type.func->exit_native;
  functions[0].callee = &hosts[0];
  hosts[1].array_call = (void *)host_many;
  functions[1].wasm_call = imports[1].type.func->exit_array;
  functions[1].callee = &hosts[1];
  hosts[2].native_call = (void *)host_spread;
  functions[2].wasm_call = imports[2].type.func->exit_native;
  functions[2].callee = &hosts[2];

  struct func_ref *refs = (void *)(base + module->layout.func_refs);
  const struct func_ref_init *inits = module->func_refs.start;
  for (size_t i = 0; i < module->func_refs.len; i++) {
    refs[i].wasm_call = inits[i].wasm_call;
    refs[i].type = inits[i].type;
    refs[i].callee = base;
  }
  static struct func_ref *elements[2];
  uintptr_t *table = (uintptr_t *)(base + module->layout.tables);
  table[0] = (uintptr_t)elements;
  table[1] = 2;
  CHECK(module->init && module->init(instance, instance) == 1);
  CHECK(*(uint32_t *)(base + module->layout.globals) == 5 || module->globals.len == 1);
  CHECK(module->start == NULL);

  const struct { uint32_t memory, mappable; uint64_t offset; struct slice bytes; } *images = module->images.start;
  CHECK(module->images.len == 1 && memmem(images[0].bytes.start, images[0].bytes.len, "hello", 5));
  CHECK(!images[0].mappable || (uintptr_t)images[0].bytes.start % 4096 == 0);
}

static void calls(void) {
  struct context *c = instance;
  struct result result = wasm_guest_add_wasm_call(c, c, 2, 40);
  CHECK(result.value == 42 && result.status == 0);
  struct slot slots[12] = {{1ull << 40 | 3, 9}, {4, 9}};
  CHECK(wasm_guest_add_array_call(c, c, slots, 2) == 1 && (uint32_t)slots[0].low == 7);

  result = wasm_guest_through_two_wasm_call(c, c, 7);
  CHECK(result.value == 15 && result.status == 0);
  log_reenters = 1;
  result = wasm_guest_through_two_wasm_call(c, c, 8);
  CHECK(result.value == 17 && result.status == 0);
  log_fails = 1;
  CHECK(wasm_guest_through_two_wasm_call(c, c, 7).status == 1);
  log_fails = 0;
  CHECK(thread.entry == NULL);

  for (int i = 0; i < 1000; i++) CHECK(wasm_guest_trap_wasm_call(c, c).status == 1);
  CHECK(wasm_guest_trap_deep_wasm_call(c, c, 0).status == 1);
  slots[0].low = 0;
  CHECK(wasm_guest_trap_deep_array_call(c, c, slots, 1) == 0);
  result = wasm_guest_trap_deep_wasm_call(c, c, 1);
  double one;
  memcpy(&one, &result.value, 8);
  CHECK(result.status == 0 && one == 1.0);
  result = wasm_guest_sum_wasm_call(c, c, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
  CHECK(result.status == 0 && result.value == 101);
  for (int i = 0; i < 10; i++) slots[i].low = i + 1;
  CHECK(wasm_guest_sum_array_call(c, c, slots, 10) == 1 && slots[0].low == 101);

  CHECK(wasm_guest_two_wasm_call(c, c, slots).status == 0 && (uint32_t)slots[0].low == 3);
  double half;
  memcpy(&half, &slots[1].low, 8);
  CHECK(half == 2.5);
  result = wasm_guest_single_wasm_call(c, c, 1.0f);
  CHECK(result.status == 0 && result.value == 0xbf800000);

  CHECK(wasm_guest_indirect_wasm_call(c, c, 20, 30, 0).value == 50);
  CHECK(wasm_guest_indirect_wasm_call(c, c, 20, 30, 1).status == 1);
  CHECK(wasm_guest_indirect_wasm_call(c, c, 20, 30, 2).status == 1);
  CHECK(wasm_guest_constant_wasm_call(c, c, 20, 30, 1).value == 50);
  CHECK(wasm_guest_constant_wasm_call(c, c, 20, 30, 0).status == 1);
  CHECK(wasm_guest_constant_wasm_call(c, c, 20, 30, 3).status == 1);

  CHECK(wasm_guest_call_many_wasm_call(c, c, 100).value == 105);
  CHECK(wasm_guest_call_many_wasm_call(c, c, 13).status == 1);

  struct slot spread[24];
  CHECK(wasm_guest_spread_wasm_call(c, c, 1000, spread).status == 0 && spread_is(spread, 1000));
  spread[0].low = 5;
  CHECK(wasm_guest_spread_array_call(c, c, spread, 24) == 1 && spread_is(spread, 5));
  CHECK(wasm_guest_spread_wasm_call(c, c, 13, spread).status == 1);

  result = wasm_guest_references_wasm_call(c, c, 111, 222, 333);
  CHECK(result.status == 0 && result.value == 222);
  /* At the last call both that can be the result were live, each at least once. */
  int first = 0, second = 0, others = 0;
  for (int i = 0; i < live_count; i++) {
    if (live[i] == 111) first = 1;
    else if (live[i] == 222) second = 1;
    else others = 1;
  }
  CHECK(first && second && !others);
  CHECK(thread.entry == NULL);
}

int main(void) {
  main_start = (void *)main;
  struct sigaction action = {0};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGILL, &action, NULL);
  sigaction(SIGSEGV, &action, NULL);
  instantiate();
  calls();
  ((struct func_import *)((char *)instance + wasm_guest_module.layout.imported_functions))[0].wasm_call = own_log;
  calls();
#ifdef ALL
  CHECK(wasm_guest_exports.module == &wasm_guest_module);
  const struct exported *exports = wasm_guest_exports.exports.start;
  int functions = 0;
  for (size_t i = 0; i < wasm_guest_exports.exports.len; i++) {
    if (exports[i].type.kind == 0) {
      CHECK(exports[i].wasm_call && exports[i].type.func);
      functions++;
    }
  }
  CHECK(functions == 13);
  /* The way in for callers who learn the type late. */
  const struct exported *add = &exports[1];
  CHECK(add->name.len == 3 && add->type.func->params == 2 && add->func_ref == 0);
  struct slot slots[2] = {{5, 0}, {6, 0}};
  uint8_t (*enter)(void *, void *, struct slot *, void *) = (void *)add->type.func->enter;
  CHECK(enter(instance, instance, slots, add->wasm_call) == 1 && (uint32_t)slots[0].low == 11);
#endif
#ifdef OTHER
  CHECK(wasm_other_add_wasm_call(instance, instance, 1, 2).value == 3);
  const struct func_ref_init *ours = wasm_guest_module.func_refs.start;
  const struct func_ref_init *others = wasm_other_module.func_refs.start;
  CHECK(ours[0].type == others[0].type && ours[0].wasm_call != others[0].wasm_call);
#endif
  return failures != 0;
}
