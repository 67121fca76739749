//! Frames of guests: what a trap keeps of them, how they become a backtrace, and which host
//! values live in them.
//!
//! Guests' functions keep frame pointers: the word at a frame pointer is the caller's, the word
//! above it the return address. A walk starts at a fault, or where the guest last left for the
//! host ([`VmThread::exit`]), goes up to the frame of the entry ([`VmEntry::fp`]), and on from
//! where the guest further out had left.
//!
//! [`VmThread::exit`]: wasmaot_abi::context::VmThread::exit

use wasmaot_abi::context::{VmEntry, VmExit};
use wasmaot_abi::func_info::{FrameInfo, FuncInfoReader, INIT_INDEX};
use wasmaot_abi::traps::TrapCode;

use crate::error::{Error, Result};
use crate::externref::Marker;
use crate::images::{self, Function};
use crate::raw::ModuleRef;
use crate::thread::{self, Thread};
use crate::trap::{Frame, Trap};

/// How many frames a backtrace has at most.
const MAX_FRAMES: usize = 64;

/// A trap that no one has asked for yet. Written in signal handlers, so of a fixed size.
pub(crate) struct Captured {
    code: Option<TrapCode>,
    /// Whether the first of `pcs` is the trapping instruction, and no return address.
    fault: bool,
    /// The number of frames, of which the first are in `pcs`.
    frames: usize,
    pcs: [usize; MAX_FRAMES],
    /// The others, if there are any.
    further: Further,
}

impl Captured {
    pub(crate) const NONE: Self =
        Self { code: None, fault: false, frames: 0, pcs: [0; MAX_FRAMES], further: Further::NONE };
}

/// Frames by their return addresses, of which recursion leaves few different ones. How many functions
/// run in each is looked up when there is more stack than in a signal handler.
struct Further {
    /// Return addresses and how many frames have each; 0 where there is none.
    known: [(usize, usize); Self::PLACES],
    /// How many frames found no place.
    others: usize,
}

impl Further {
    const PLACES: usize = 128;
    const NONE: Self = Self { known: [(0, 0); Self::PLACES], others: 0 };

    fn add(&mut self, pc: usize) {
        const PROBES: usize = 8;
        let start = (pc ^ pc >> 7) % Self::PLACES;
        for probe in start..start + PROBES {
            let place = &mut self.known[probe % Self::PLACES];
            if place.0 == 0 || place.0 == pc {
                *place = (pc, place.1 + 1);
                return;
            }
        }
        self.others += 1;
    }

    /// How many functions run in all of them. A frame without a place counts as one.
    fn functions(&self) -> usize {
        let known = self.known.iter().filter(|&&(pc, _)| pc != 0);
        let functions = known.map(|&(pc, times)| {
            let mut functions = 0;
            describe(pc, false, &mut |_| functions += 1);
            times.saturating_mul(functions)
        });
        self.others + functions.sum::<usize>()
    }
}

/// Makes ready what a module needs to trap.
pub(crate) fn prepare(module: ModuleRef) -> Result<()> {
    let image = images::register(std::ptr::from_ref(module.0).addr());
    if module.explicit_checks() {
        return Ok(());
    }
    let name = module.name();
    #[cfg(feature = "signals")]
    {
        if !image.is_some_and(images::Image::has_records) {
            return Err(Error::refused(format_args!(
                "module `{name}` traps by faults, which cannot be told apart: its program or \
                 library has no searchable table of unwind entries. Link it with --eh-frame-hdr, \
                 or compile the module with explicit checks"
            )));
        }
        crate::platform::install();
        Ok(())
    }
    #[cfg(not(feature = "signals"))]
    {
        _ = image;
        Err(Error::refused(format_args!(
            "module `{name}` traps by faults, but wasmaot was built without its feature \
             `signals`: enable it, or compile the module with explicit checks"
        )))
    }
}

/// The reason if the instruction at this address is one of a guest that can trap. Safe in signal
/// handlers.
#[cfg(feature = "signals")]
pub(crate) fn trap_at(pc: usize) -> Option<TrapCode> {
    let function = images::function_at(pc)?;
    function.info.trap_at(offset(&function, pc))?.trap
}

fn offset(function: &Function, pc: usize) -> u32 {
    (pc - function.start) as u32
}

/// A frame of a guest on the present thread's stack.
#[derive(Clone, Copy)]
struct RawFrame {
    /// The trapping instruction, or the return address of the call that is under way.
    pc: usize,
    fp: usize,
}

impl RawFrame {
    /// The frame that a guest left from.
    ///
    /// # Safety
    /// The call that it left for is under way.
    unsafe fn at(VmExit { sp, fp }: VmExit) -> Self {
        if sp == 0 {
            // SAFETY: the caller's promise: the frame of the way out.
            return unsafe { Self::above(fp) };
        }
        let return_address = std::ptr::with_exposed_provenance::<usize>(sp);
        // SAFETY: the caller's promise.
        Self { fp, pc: unsafe { return_address.read() } }
    }

    /// The frame that a frame returns to.
    ///
    /// # Safety
    /// It is the frame pointer of a frame on the stack.
    unsafe fn above(fp: usize) -> Self {
        let frame = std::ptr::with_exposed_provenance::<usize>(fp);
        // SAFETY: the caller's promise.
        unsafe { Self { fp: frame.read(), pc: frame.add(1).read() } }
    }
}

/// Visits the frames of guests on the present thread's stack, innermost first. They start at the
/// given one, or where the innermost guest left for the host.
///
/// # Safety
/// The thread is the present one; `start` is a guest's frame within the innermost entry, or the
/// guest is in a call of the host or a builtin.
unsafe fn walk(thread: &Thread, start: Option<RawFrame>, mut visit: impl FnMut(RawFrame)) {
    // SAFETY: the caller's promise; entries and frames are those of calls under way.
    unsafe {
        let record = thread.record();
        let mut entry: *const VmEntry = (*record).entry;
        let mut start = start;
        let mut exit = (*record).exit;
        while !entry.is_null() {
            let VmEntry { outer, outer_exit, fp: end, .. } = entry.read();
            let mut frame = match start.take() {
                Some(frame) => frame,
                None => RawFrame::at(exit),
            };
            // An entry may have called the way out to the host directly: a re-exported import.
            while frame.fp != end {
                visit(frame);
                frame = RawFrame::above(frame.fp);
            }
            (entry, exit) = (outer, outer_exit);
        }
    }
}

/// Keeps a trap and its frames until [`take_trap`]. Safe in signal handlers.
///
/// # Safety
/// The thread is the present one; the fault's address and frame pointer are a guest's, or the
/// guest is in a call of a builtin.
pub(crate) unsafe fn capture(thread: &Thread, code: TrapCode, fault: Option<(usize, usize)>) {
    // SAFETY: nobody else looks at it between a trap and `take_trap`.
    let captured = unsafe { &mut *thread.captured.get() };
    captured.code = Some(code);
    captured.fault = fault.is_some();
    captured.frames = 0;
    let start = fault.map(|(pc, fp)| RawFrame { pc, fp });
    let keep = |frame: RawFrame| {
        match captured.pcs.get_mut(captured.frames) {
            Some(pc) => *pc = frame.pc,
            None => {
                if captured.frames == MAX_FRAMES {
                    captured.further = Further::NONE;
                }
                captured.further.add(frame.pc);
            }
        }
        captured.frames += 1;
    };
    // SAFETY: the caller's promise.
    unsafe { walk(thread, start, keep) };
}

/// Keeps a trap that a builtin found.
///
/// # Safety
/// A guest of the present thread is in a call of a builtin.
pub(crate) unsafe fn capture_in_builtin(code: TrapCode) {
    // SAFETY: the caller's promise.
    thread::with(|thread| unsafe { capture(thread, code, None) });
}

/// The trap that was kept, if there is one.
pub(crate) fn take_trap() -> Option<Trap> {
    thread::with(|thread| {
        // SAFETY: no trap happens now: no guest runs.
        let captured = unsafe { &mut *thread.captured.get() };
        let code = captured.code.take()?;
        let kept = captured.frames.min(MAX_FRAMES);
        let mut frames = Vec::new();
        for (i, &pc) in captured.pcs[..kept].iter().enumerate() {
            describe(pc, i == 0 && captured.fault, &mut |frame| frames.push(frame));
        }
        let further = if captured.frames > kept { captured.further.functions() } else { 0 };
        let left_out = further + frames.len().saturating_sub(MAX_FRAMES);
        frames.truncate(MAX_FRAMES);
        Some(Trap::new(code, frames.into(), left_out))
    })
}

/// Visits the functions that run in a frame, innermost first, by what its function says of itself.
#[inline(never)]
fn describe(pc: usize, fault: bool, visit: &mut dyn FnMut(Frame)) {
    // A return address may lie behind the end of a function that ends with a call.
    let Some(function) = images::function_at(if fault { pc } else { pc - 1 }) else { return };
    let at = offset(&function, pc);
    let info = function.info;
    let site = if fault { info.trap_at(at) } else { info.call_at(at) };
    let module = function.module_name().unwrap_or_default();
    match site {
        // What initialises stands for no instruction.
        Some(site) if info.func_index != INIT_INDEX => {
            for FrameInfo { func_index, name, wasm_offset } in info.frames(site) {
                visit(Frame { module, func_index, name, wasm_offset: Some(wasm_offset) });
            }
        }
        _ => {
            let FuncInfoReader { func_index, name, .. } = info;
            visit(Frame { module, func_index, name, wasm_offset: None });
        }
    }
}

/// Marks the host values in the frames of guests on this thread's stack. Returns whether all
/// frames could be read.
///
/// # Safety
/// No guest runs: each is in a call of the host or a builtin.
pub(crate) unsafe fn mark(marker: &mut Marker<'_>) -> bool {
    let mut complete = true;
    let mark = |frame: RawFrame| {
        let Some(function) = images::function_at(frame.pc - 1) else {
            complete = false;
            return;
        };
        let sp = frame.fp - function.info.frame_size as usize;
        function.info.live_at(offset(&function, frame.pc), |slot| {
            let slot = std::ptr::with_exposed_provenance::<u32>(sp + slot as usize);
            // SAFETY: a slot of a frame on the stack. A frame of another store's guest marks
            // what it does not mean, which keeps it until the next time at most.
            marker.mark(unsafe { slot.read() });
        });
    };
    // SAFETY: the caller's promise.
    thread::with(|thread| unsafe { walk(thread, None, mark) });
    complete
}
