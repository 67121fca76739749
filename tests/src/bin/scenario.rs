//! What cannot be tested among other tests: a program that does one thing, named by its
//! argument, in a process of its own, and says `done` if it gets to the end. The tests that run
//! it and say how it is to end are in `tests/runtime/`. To add one, add a line to [`SCENARIOS`].

use std::cell::UnsafeCell;
use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::mem::{self, MaybeUninit};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use wasmaot::{Caller, Error, Func, Imports, Instance, Module, Result, Store, TrapCode};
use wasmaot_compiler::{CONTEXT_ADDRESS, MEMORY_ADDRESS, TrapStyle};
use wasmaot_tests::ways::{WAYS, compiled, in_every_way, loaded};

const SCENARIOS: &[(&str, fn())] = &[
    ("exhaust_main_stack", exhaust_main_stack),
    ("exhaust_foreign_thread", exhaust_foreign_thread),
    ("handler_before", handler_before),
    ("handler_after_that_chains", handler_after_that_chains),
    ("handler_after_that_asks", handler_after_that_asks),
    ("handler_of_old_style", handler_of_old_style),
    ("handler_for_once", handler_for_once),
    ("foreign_fault", foreign_fault),
    ("foreign_fault_by_default", foreign_fault_by_default),
    ("foreign_fault_ignored", foreign_fault_ignored),
    ("foreign_illegal_instruction", foreign_illegal_instruction),
    ("sent_to_itself", sent_to_itself),
    ("sent_while_a_guest_runs", sent_while_a_guest_runs),
    ("host_recursion", host_recursion),
    ("host_recursion_below_a_guest", host_recursion_below_a_guest),
    ("explicit_installs_nothing", explicit_installs_nothing),
    ("mask_after_traps", mask_after_traps),
    ("churn", churn),
    ("address_taken", address_taken),
];

fn main() {
    let name = std::env::args().nth(1).unwrap_or_default();
    let Some((_, scenario)) = SCENARIOS.iter().find(|(known, _)| *known == name) else {
        let names: Vec<_> = SCENARIOS.iter().map(|(name, _)| *name).collect();
        eprintln!("no scenario `{name}`; there are {}", names.join(", "));
        std::process::exit(2);
    };
    scenario();
    println!("done");
}

/// Traps in all the ways that signals have, and works.
const GUEST: &str = r#"(module
    (import "host" "call" (func $call))
    (memory (export "memory") 1)
    (func $forever (export "forever") (param i64) (result i64)
      (i64.add (call $forever (i64.add (local.get 0) (i64.const 1))) (i64.const 1)))
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "divide") (param i32 i32) (result i32)
      (i32.div_s (local.get 0) (local.get 1)))
    (func (export "unreachable") unreachable)
    (func (export "call") (call $call))
    (func (export "spin") (param $n i32) (result i32) (local $sum i32)
      (loop $next
        (i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1)))
        (local.set $sum
          (i32.add (local.get $sum) (i32.div_u (local.get $n) (i32.load (i32.const 16)))))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $sum)))"#;

/// A guest that runs.
struct Running {
    store: Store<fn()>,
    instance: Instance,
}

fn guest(traps: TrapStyle) -> Module {
    let way = WAYS.into_iter().find(|way| way.traps == traps).expect("a way of each style");
    loaded(&[compiled(GUEST, &way.config("guest"))])[0]
}

impl Running {
    fn new(module: Module) -> Self {
        let mut store: Store<fn()> = Store::new(|| ());
        let call = Func::wrap(&mut store, |caller: Caller<'_, fn()>| caller.data()());
        let imports = Imports::new().define("host", "call", call).clone();
        let instance = Instance::new(&mut store, module, &imports).expect("an instance");
        Self { store, instance }
    }

    fn with_signals() -> Self {
        Self::new(guest(TrapStyle::Signals))
    }

    fn typed<P: wasmaot::WasmParams, R: wasmaot::WasmResults>(
        &mut self,
        name: &str,
        params: P,
    ) -> Result<R> {
        let func = self.instance.get_func(&self.store, name).expect("an export");
        func.typed::<P, R>(&self.store)?.call(&mut self.store, params)
    }

    /// Traps in every way and works in between.
    fn trap_in_every_way(&mut self) {
        fn code<T: std::fmt::Debug>(result: Result<T>) -> TrapCode {
            result.expect_err("a trap").trap().expect("a trap").code()
        }
        for _ in 0..3 {
            let load = |at| (at, TrapCode::MemoryOutOfBounds);
            for (at, expected) in [load(65536), load(-1), load(65533)] {
                assert_eq!(code(self.typed::<i32, i32>("load", at)), expected);
            }
            let result = self.typed::<(i32, i32), i32>("divide", (1, 0));
            assert_eq!(code(result), TrapCode::IntegerDivideByZero);
            let result = self.typed::<(i32, i32), i32>("divide", (i32::MIN, -1));
            assert_eq!(code(result), TrapCode::IntegerOverflow);
            assert_eq!(code(self.typed::<(), ()>("unreachable", ())), TrapCode::Unreachable);
            let result = self.typed::<i64, i64>("forever", 0);
            assert_eq!(code(result), TrapCode::StackOverflow);
            assert_eq!(self.typed::<i32, i32>("load", 65532).unwrap(), 0);
        }
    }

    /// Has the guest call a function of the host.
    fn call(&mut self, host: fn()) {
        *self.store.data_mut() = host;
        self.typed::<(), ()>("call", ()).expect("a call");
    }
}

fn exhaust_main_stack() {
    in_every_way(GUEST, |_, module| Running::new(module).trap_in_every_way());
}

/// A thread that Rust's library did not make: with nothing set up for signals.
fn exhaust_foreign_thread() {
    extern "C" fn body(module: *mut c_void) -> *mut c_void {
        // SAFETY: what is passed below.
        let module = unsafe { *module.cast::<Module>() };
        Running::new(module).trap_in_every_way();
        ptr::null_mut()
    }
    in_every_way(GUEST, |_, mut module| {
        for size in [128 << 10, 1 << 20] {
            // SAFETY: as the manual says; what is passed lives until the thread has ended.
            unsafe {
                let mut attributes = MaybeUninit::uninit();
                assert_eq!(libc::pthread_attr_init(attributes.as_mut_ptr()), 0);
                assert_eq!(libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), size), 0);
                let mut thread = MaybeUninit::uninit();
                let module = (&raw mut module).cast();
                let (thread_ptr, attributes) = (thread.as_mut_ptr(), attributes.as_ptr());
                assert_eq!(libc::pthread_create(thread_ptr, attributes, body, module), 0);
                assert_eq!(libc::pthread_join(thread.assume_init(), ptr::null_mut()), 0);
            }
        }
    });
}

/// A page that nobody may touch until a handler of ours calls [`Page::protect`].
struct Page(UnsafeCell<*mut u8>);

// SAFETY: set once, before there are other threads.
unsafe impl Sync for Page {}

static PAGE: Page = Page(UnsafeCell::new(ptr::null_mut()));

impl Page {
    fn address(&self) -> *mut u8 {
        // SAFETY: set once, before handlers are installed.
        unsafe { *self.0.get() }
    }

    fn protect(&self, access: c_int) {
        // SAFETY: our own page, used through this address only.
        let result = unsafe { libc::mprotect(self.address().cast(), 4096, access) };
        assert_eq!(result, 0);
    }

    fn make() {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: asks for a fresh page; nobody has the address yet.
        unsafe {
            let page = libc::mmap(ptr::null_mut(), 4096, libc::PROT_NONE, flags, -1, 0);
            assert_ne!(page, libc::MAP_FAILED);
            *PAGE.0.get() = page.cast();
        }
    }
}

/// A fault of the program's own, which its handler repairs, or else does not survive.
fn fault() {
    PAGE.protect(libc::PROT_NONE);
    // SAFETY: our own page: faults, and the handler makes it accessible.
    unsafe { PAGE.address().write_volatile(1) };
}

/// How often a handler of ours was called, for a fault of ours and for others.
static OURS: AtomicUsize = AtomicUsize::new(0);
static OTHERS: AtomicUsize = AtomicUsize::new(0);

/// Repairs what [`fault`] did, if it was that.
unsafe fn repair(info: *mut libc::siginfo_t) -> bool {
    // SAFETY: a handler's argument, for a fault.
    let address = unsafe { (*info).si_addr() };
    if address != PAGE.address().cast() {
        OTHERS.fetch_add(1, Relaxed);
        return false;
    }
    OURS.fetch_add(1, Relaxed);
    PAGE.protect(libc::PROT_READ | libc::PROT_WRITE);
    true
}

type Handler = unsafe extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

fn install(signum: c_int, handler: usize, flags: c_int) -> libc::sigaction {
    // SAFETY: a handler that keeps to what is allowed in one, or a constant.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = flags;
        let mut old = MaybeUninit::uninit();
        assert_eq!(libc::sigaction(signum, &action, old.as_mut_ptr()), 0);
        old.assume_init()
    }
}

fn installed(signum: c_int) -> libc::sigaction {
    let mut action = MaybeUninit::uninit();
    // SAFETY: only asks.
    unsafe {
        assert_eq!(libc::sigaction(signum, ptr::null(), action.as_mut_ptr()), 0);
        action.assume_init()
    }
}

fn install_handler(handler: Handler) -> libc::sigaction {
    install(libc::SIGSEGV, handler as usize, libc::SA_SIGINFO | libc::SA_ONSTACK)
}

/// Faults of ours, between and within guests' traps; our handler must have repaired each.
fn mixed_faults(guest: &mut Running) {
    for _ in 0..10 {
        let before = OURS.load(Relaxed);
        fault();
        guest.trap_in_every_way();
        guest.call(fault);
        guest.call(|| {
            let mut inner = Running::with_signals();
            inner.trap_in_every_way();
            inner.call(fault);
        });
        assert_eq!(OURS.load(Relaxed), before + 3);
    }
}

/// The program's handler was there first: gets what is not a guest's trap, and nothing else.
fn handler_before() {
    unsafe extern "C" fn handler(_: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
        // SAFETY: a handler's argument.
        if !unsafe { repair(info) } {
            std::process::abort();
        }
    }
    Page::make();
    install_handler(handler);
    fault();
    assert_eq!(OURS.load(Relaxed), 1);
    mixed_faults(&mut Running::with_signals());
    assert_eq!(OTHERS.load(Relaxed), 0);
}

/// As one does: keeps who was there, and passes on what is not its own.
fn handler_after_that_chains() {
    static OLD: AtomicUsize = AtomicUsize::new(0);
    unsafe extern "C" fn handler(n: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
        // SAFETY: a handler's arguments; what was installed before takes the same.
        unsafe {
            if !repair(info) {
                mem::transmute::<usize, Handler>(OLD.load(Relaxed))(n, info, context);
            }
        }
    }
    Page::make();
    let mut guest = Running::with_signals();
    guest.trap_in_every_way();
    let old = install_handler(handler);
    assert_ne!(old.sa_flags & libc::SA_SIGINFO, 0);
    OLD.store(old.sa_sigaction, Relaxed);
    mixed_faults(&mut guest);
    assert!(OTHERS.load(Relaxed) > 0);
    // A new guest does not push the program's handler away.
    assert_eq!(installed(libc::SIGSEGV).sa_sigaction, handler as *const () as usize);
}

/// Knows nobody before it, but asks the runtime.
fn handler_after_that_asks() {
    unsafe extern "C" fn handler(n: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
        // SAFETY: a handler's arguments.
        unsafe {
            if !wasmaot::signals::handle(n, info.cast(), context) && !repair(info) {
                std::process::abort();
            }
        }
    }
    Page::make();
    let mut guest = Running::with_signals();
    let flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    for signum in [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE] {
        install(signum, handler as *const () as usize, flags);
    }
    mixed_faults(&mut guest);
    assert_eq!(OTHERS.load(Relaxed), 0);
}

/// A handler without `SA_SIGINFO`.
fn handler_of_old_style() {
    extern "C" fn handler(signum: c_int) {
        assert_eq!(signum, libc::SIGSEGV);
        OURS.fetch_add(1, Relaxed);
        PAGE.protect(libc::PROT_READ | libc::PROT_WRITE);
    }
    Page::make();
    install(libc::SIGSEGV, handler as *const () as usize, 0);
    mixed_faults(&mut Running::with_signals());
}

/// A handler that is to be called once; then the default applies.
fn handler_for_once() {
    extern "C" fn handler(_: c_int) {
        OURS.fetch_add(1, Relaxed);
        PAGE.protect(libc::PROT_READ | libc::PROT_WRITE);
    }
    Page::make();
    install(libc::SIGSEGV, handler as *const () as usize, libc::SA_RESETHAND);
    let mut guest = Running::with_signals();
    guest.trap_in_every_way();
    fault();
    guest.trap_in_every_way();
    assert_eq!(OURS.load(Relaxed), 1);
    println!("once");
    fault();
}

/// Nobody repairs it: the program must die as it would have without guests.
fn foreign_fault() {
    Page::make();
    let mut guest = Running::with_signals();
    guest.trap_in_every_way();
    guest.call(fault);
}

fn foreign_fault_by_default() {
    install(libc::SIGSEGV, libc::SIG_DFL, 0);
    foreign_fault();
}

/// Faults cannot be ignored, or they would happen for ever.
fn foreign_fault_ignored() {
    install(libc::SIGSEGV, libc::SIG_IGN, 0);
    foreign_fault();
}

fn foreign_illegal_instruction() {
    let mut guest = Running::with_signals();
    guest.trap_in_every_way();
    #[cfg(target_arch = "x86_64")]
    // SAFETY: stops the program, which is wanted.
    guest.call(|| unsafe { std::arch::asm!("ud2") });
    #[cfg(target_arch = "aarch64")]
    // SAFETY: stops the program, which is wanted.
    guest.call(|| unsafe { std::arch::asm!("udf #0") });
}

/// Signals that somebody sends are no traps: a handler of the program's gets them, and those
/// that it ignores are ignored.
fn sent_to_itself() {
    extern "C" fn handler(_: c_int) {
        OURS.fetch_add(1, Relaxed);
    }
    install(libc::SIGFPE, handler as *const () as usize, 0);
    install(libc::SIGBUS, libc::SIG_IGN, 0);
    let mut guest = Running::with_signals();
    guest.trap_in_every_way();
    guest.call(|| {
        for signum in [libc::SIGFPE, libc::SIGBUS, libc::SIGFPE] {
            // SAFETY: asks for a signal.
            unsafe { libc::raise(signum) };
        }
    });
    assert_eq!(OURS.load(Relaxed), 2);
    guest.trap_in_every_way();
    // The default for this one.
    // SAFETY: asks for a signal.
    guest.call(|| unsafe { _ = libc::raise(libc::SIGILL) });
}

/// Signals that hit a guest at instructions that could trap, but did not.
fn sent_while_a_guest_runs() {
    extern "C" fn handler(_: c_int) {
        OURS.fetch_add(1, Relaxed);
    }
    let signals = [libc::SIGSEGV, libc::SIGFPE, libc::SIGILL];
    for signum in signals {
        install(signum, handler as *const () as usize, libc::SA_ONSTACK);
    }
    let mut guest = Running::with_signals();
    guest.trap_in_every_way();
    for signum in signals {
        run_while_sent(&mut guest, signum);
    }
    guest.trap_in_every_way();
}

fn run_while_sent(guest: &mut Running, signum: c_int) {
    OURS.store(0, Relaxed);
    // SAFETY: asks.
    let main = unsafe { libc::pthread_self() };
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (stop, main) = (&stop, &main);
        scope.spawn(move || {
            while !stop.load(Relaxed) {
                // SAFETY: the thread lives until after this one.
                unsafe { libc::pthread_kill(*main, signum) };
                std::thread::yield_now();
            }
        });
        while OURS.load(Relaxed) < 1_000 {
            let n = 20_000;
            let memory = guest.instance.get_memory(&guest.store, "memory").expect("a memory");
            memory.write(&mut guest.store, 16, &[0; 4]).expect("within");
            let expected: i32 = (1..=n).map(|i| (n + 1 - i) / i).sum();
            assert_eq!(guest.typed::<i32, i32>("spin", n).expect("no trap"), expected);
        }
        stop.store(true, Relaxed);
    });
}

#[expect(unconditional_recursion, reason = "it is to run out of stack")]
fn recurse(n: usize) -> usize {
    let block = black_box([n; 64]);
    recurse(n + 1) + block[n % 64]
}

/// Rust's own message for a program that runs out of stack.
fn host_recursion() {
    Running::with_signals().trap_in_every_way();
    recurse(0);
}

fn host_recursion_below_a_guest() {
    Running::with_signals().call(|| _ = recurse(0));
}

/// Guests with explicit checks leave signals alone.
fn explicit_installs_nothing() {
    let signals = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP];
    let all = || signals.map(|signum| installed(signum).sa_sigaction);
    let before = all();
    let mut guest = Running::new(guest(TrapStyle::Explicit));
    guest.trap_in_every_way();
    assert_eq!(all(), before);
    // While the others do not.
    Running::with_signals();
    let after = all();
    assert!((0..4).all(|i| after[i] != before[i]) && after[4] == before[4]);
    guest.trap_in_every_way();
}

/// A trap leaves no signal blocked.
fn mask_after_traps() {
    let mask = || {
        // SAFETY: only asks.
        unsafe {
            let mut mask = MaybeUninit::uninit();
            libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), mask.as_mut_ptr());
            let mask = mask.assume_init();
            (1..65).filter(|&signum| libc::sigismember(&mask, signum) == 1).collect::<Vec<_>>()
        }
    };
    let mut guest = Running::with_signals();
    let before = mask();
    guest.trap_in_every_way();
    assert_eq!(mask(), before);
    assert!(!before.contains(&libc::SIGSEGV));
}

/// Much of everything, for a look at what is left: `MAPPINGS` lines and the peak of memory.
fn churn() {
    in_every_way(GUEST, |_, module| {
        let mappings = || {
            let maps = std::fs::read_to_string("/proc/self/maps").expect("a list of mappings");
            maps.lines().count()
        };
        let round = || {
            let mut guest = Running::new(module);
            guest.trap_in_every_way();
            guest.call(|| ());
            let error = guest.typed::<(), i32>("call", ()).expect_err("another type");
            assert!(error.to_string().contains("func()"), "{error}");
            drop::<Error>(error);
        };
        round();
        let before = mappings();
        for _ in 0..50 {
            round();
        }
        let after = mappings();
        // The allocator may split or join a mapping of its own.
        assert!(after <= before + 4, "{before} mappings before, {after} after");
    });
}

/// A host with pages of its own in the place of a single instance's memory.
fn address_taken() {
    const PAGE: usize = 4096;
    const START: usize = MEMORY_ADDRESS as usize;
    let mut config = WAYS[0].config("guest");
    config.single_instance = true;
    let module = loaded(&[compiled(GUEST, &config)])[0];
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_ANONYMOUS);
    let flags = flags | libc::MAP_PRIVATE | libc::MAP_FIXED_NOREPLACE;
    let context = CONTEXT_ADDRESS as usize;
    // Where the context is; at the memory's start, within it, and in its guard.
    for place in [context, START, START + (70 << 20), START + (4 << 30) + PAGE] {
        let wanted = ptr::without_provenance_mut(place);
        // SAFETY: takes nobody's place.
        let page = unsafe { libc::mmap(wanted, PAGE, protection, flags, -1, 0) };
        assert_eq!(page, wanted, "{:?}", std::io::Error::last_os_error());
        // SAFETY: the page.
        unsafe { page.cast::<u8>().write(0x5a) };
        for _ in 0..3 {
            let mut store: Store<fn()> = Store::new(|| ());
            let call = Func::wrap(&mut store, || ());
            let imports = Imports::new().define("host", "call", call).clone();
            let error = Instance::new(&mut store, module, &imports).expect_err("no instance");
            let error = error.to_string();
            assert!(error.contains("something else of the program"), "{error}");
        }
        // SAFETY: the page.
        unsafe {
            assert_eq!(page.cast::<u8>().read(), 0x5a);
            assert_eq!(libc::munmap(page, PAGE), 0);
        }
    }
    Running::new(module).trap_in_every_way();
    Running::new(module).trap_in_every_way();
}
