//! Signals. The handlers are installed once, and pass on every signal that is no guest's trap to
//! whoever was there before, as nearly as possible as if they were not there.

use std::cell::UnsafeCell;
use std::ffi::{c_int, c_void};
use std::mem::{self, MaybeUninit};
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::signals;

const SIGNALS: [c_int; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE];

/// Who was there before, for a signal.
struct Previous {
    action: UnsafeCell<MaybeUninit<libc::sigaction>>,
    /// Whether that one asked to be removed at the first signal, and was called.
    spent: AtomicBool,
}

// SAFETY: `action` is written before its handler is installed, and read only by that.
unsafe impl Sync for Previous {}

static PREVIOUS: [Previous; SIGNALS.len()] = [const {
    Previous { action: UnsafeCell::new(MaybeUninit::uninit()), spent: AtomicBool::new(false) }
}; SIGNALS.len()];

static INSTALLED: Once = Once::new();

/// Installs the handlers, once.
pub(crate) fn install() {
    INSTALLED.call_once(|| SIGNALS.iter().zip(&PREVIOUS).for_each(install_one));
}

#[cold]
#[inline(never)]
fn install_one((&signum, previous): (&c_int, &Previous)) {
    // SAFETY: the handler keeps to what is allowed in one. It finds who was there before from the first
    // moment on.
    unsafe {
        libc::sigaction(signum, ptr::null(), (*previous.action.get()).as_mut_ptr());
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigemptyset(&mut action.sa_mask);
        libc::sigaction(signum, &action, ptr::null_mut());
    }
}

unsafe extern "C" fn handler(signum: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the arguments of a signal handler.
    unsafe {
        if !signals::handle(signum, info.cast(), context) {
            pass_on(signum, info, context);
        }
    }
}

/// Does what would have happened without our handler.
unsafe fn pass_on(signum: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let Some(at) = SIGNALS.iter().position(|&known| known == signum) else { return };
    let previous = &PREVIOUS[at];
    // SAFETY: written before the handler was installed; functions that are allowed in handlers.
    unsafe {
        let action = (*previous.action.get()).assume_init_ref();
        let by_kernel = (*info).si_code > 0;
        let once = action.sa_flags & libc::SA_RESETHAND != 0;
        let default = action.sa_sigaction == libc::SIG_DFL
            || once && previous.spent.swap(true, Ordering::Relaxed);
        match action.sa_sigaction {
            // Faults cannot be ignored: the system stops the program as if by default.
            libc::SIG_IGN if !by_kernel => {}
            address if !default && address != libc::SIG_IGN => {
                let mut mask = MaybeUninit::uninit();
                libc::pthread_sigmask(libc::SIG_BLOCK, &action.sa_mask, mask.as_mut_ptr());
                if action.sa_flags & libc::SA_NODEFER != 0 {
                    let mut this = MaybeUninit::uninit();
                    libc::sigemptyset(this.as_mut_ptr());
                    libc::sigaddset(this.as_mut_ptr(), signum);
                    libc::pthread_sigmask(libc::SIG_UNBLOCK, this.as_ptr(), ptr::null_mut());
                }
                if action.sa_flags & libc::SA_SIGINFO != 0 {
                    let call: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) =
                        mem::transmute(address);
                    call(signum, info, context);
                } else {
                    let call: extern "C" fn(c_int) = mem::transmute(address);
                    call(signum);
                }
                libc::pthread_sigmask(libc::SIG_SETMASK, mask.as_ptr(), ptr::null_mut());
            }
            _ => {
                let mut action: libc::sigaction = mem::zeroed();
                action.sa_sigaction = libc::SIG_DFL;
                libc::sigaction(signum, &action, ptr::null_mut());
                // A fault happens again on return; what somebody sent is sent again.
                if !by_kernel {
                    libc::raise(signum);
                }
            }
        }
    }
}

/// What a handler's arguments say of a fault.
pub(crate) struct Fault {
    context: *mut libc::ucontext_t,
}

impl Fault {
    /// The fault, if it is one, and no signal that somebody sent.
    ///
    /// # Safety
    /// The arguments of a signal handler.
    pub(crate) unsafe fn new(
        signum: c_int,
        info: *mut c_void,
        context: *mut c_void,
    ) -> Option<Self> {
        // SAFETY: the caller's promise.
        let by_kernel = unsafe { (*info.cast::<libc::siginfo_t>()).si_code > 0 };
        (by_kernel && SIGNALS.contains(&signum)).then_some(Self { context: context.cast() })
    }
}

#[cfg(target_arch = "x86_64")]
impl Fault {
    fn register(&self, register: c_int) -> *mut libc::greg_t {
        // SAFETY: the context of a signal handler that has not returned.
        unsafe { &raw mut (*self.context).uc_mcontext.gregs[register as usize] }
    }

    /// Where it happened, and the frame pointer there.
    pub(crate) fn pc_and_fp(&self) -> (usize, usize) {
        // SAFETY: as in `register`.
        unsafe { (*self.register(libc::REG_RIP) as usize, *self.register(libc::REG_RBP) as usize) }
    }

    /// Makes the thread go on elsewhere when the handler returns.
    pub(crate) fn resume_at(&self, sp: usize, fp: usize, pc: usize) {
        let registers = [(libc::REG_RSP, sp), (libc::REG_RBP, fp), (libc::REG_RIP, pc)];
        for (register, value) in registers {
            // SAFETY: as in `register`.
            unsafe { *self.register(register) = value as libc::greg_t };
        }
    }
}

#[cfg(target_arch = "aarch64")]
impl Fault {
    /// Where it happened, and the frame pointer there.
    pub(crate) fn pc_and_fp(&self) -> (usize, usize) {
        // SAFETY: the context of a signal handler that has not returned.
        let registers = unsafe { &(*self.context).uc_mcontext };
        (registers.pc as usize, registers.regs[29] as usize)
    }

    /// Makes the thread go on elsewhere when the handler returns.
    pub(crate) fn resume_at(&self, sp: usize, fp: usize, pc: usize) {
        // SAFETY: the context of a signal handler that has not returned.
        let registers = unsafe { &mut (*self.context).uc_mcontext };
        registers.sp = sp as u64;
        registers.regs[29] = fp as u64;
        registers.pc = pc as u64;
    }
}
