//! Which stacks guests may run on.
#![cfg(all(target_env = "gnu", not(miri)))]

use std::panic::catch_unwind;
use std::sync::Mutex;
use std::{mem, ptr};

use wasmaot::{Func, Store};

/// What became of a call.
static RESULT: Mutex<Option<Result<i32, String>>> = Mutex::new(None);

fn call() -> i32 {
    let mut store = Store::new(());
    let func = Func::wrap(&mut store, || 7).typed::<(), i32>(&store).unwrap();
    func.call(&mut store, ()).unwrap()
}

extern "C" fn call_here() {
    let result = catch_unwind(call).map_err(|panic| *panic.downcast::<&str>().unwrap());
    *RESULT.lock().unwrap() = Some(result.map_err(str::to_owned));
}

#[test]
fn a_stack_above_the_threads_own_is_refused() {
    const LEN: usize = 1 << 20;
    let (access, flags) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: asks for fresh pages.
    let stack = unsafe { libc::mmap(ptr::null_mut(), LEN, access, flags, -1, 0) };
    assert_ne!(stack, libc::MAP_FAILED);
    let stack = stack as usize;
    // What is mapped later is usually below; a stack as large as this finds no gap above.
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(move || {
        assert_eq!(call(), 7);
        let own = &raw const stack as usize;
        // SAFETY: goes to the other stack, which nobody else uses, and back from there.
        unsafe {
            let (mut here, mut there): (libc::ucontext_t, libc::ucontext_t) =
                (mem::zeroed(), mem::zeroed());
            assert_eq!(libc::getcontext(&mut there), 0);
            there.uc_stack.ss_sp = stack as *mut _;
            there.uc_stack.ss_size = LEN;
            there.uc_link = &mut here;
            libc::makecontext(&mut there, call_here, 0);
            assert_eq!(libc::swapcontext(&mut here, &there), 0);
        }
        assert_eq!(call(), 7);
        own < stack
    });
    let above = thread.unwrap().join().unwrap();
    let result = RESULT.lock().unwrap().take().unwrap();
    match above {
        true => assert!(result.unwrap_err().contains("the thread's own stack")),
        // No guest's code runs here, which would trap.
        false => assert_eq!(result, Ok(7)),
    }
}
