//! Traps as users see them: the reason and the guest's functions that were running.

use std::fmt;

use wasmaot_abi::func_info::INIT_INDEX;
use wasmaot_abi::traps::TrapCode;

/// Why and where a guest was stopped.
#[derive(Clone, Debug)]
pub struct Trap {
    code: TrapCode,
    frames: Box<[Frame]>,
    left_out: usize,
}

/// A function of a guest that was running, from a backtrace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub(crate) module: &'static str,
    pub(crate) func_index: u32,
    pub(crate) name: &'static str,
    pub(crate) wasm_offset: Option<u32>,
}

impl Trap {
    pub(crate) fn new(code: TrapCode, frames: Box<[Frame]>, left_out: usize) -> Self {
        Self { code, frames, left_out }
    }

    /// The reason.
    pub fn code(&self) -> TrapCode {
        self.code
    }

    /// The offset in the wasm file of the instruction that trapped, if it is known.
    pub fn wasm_offset(&self) -> Option<u32> {
        self.frames.first()?.wasm_offset
    }

    /// The innermost functions that were running, innermost first. Functions of guests further
    /// out, around calls of the host in between, follow.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// How many more functions there were further out.
    pub fn frames_left_out(&self) -> usize {
        self.left_out
    }
}

impl Frame {
    /// The module's name.
    pub fn module(&self) -> &str {
        self.module
    }

    /// The function's index in its module; `u32::MAX` for what fills memories and tables when an
    /// instance is made.
    pub fn func_index(&self) -> u32 {
        self.func_index
    }

    /// The function's name, if the module gives one, readable: names that Rust's compiler encoded were
    /// decoded when the guest was compiled.
    pub fn func_name(&self) -> Option<&'static str> {
        if self.name.is_empty() { None } else { Some(self.name) }
    }

    /// The offset in the wasm file of the instruction that trapped or called, if it is known.
    pub fn wasm_offset(&self) -> Option<u32> {
        self.wasm_offset
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { module, func_index, .. } = self;
        match self.func_name() {
            Some(name) => write!(f, "{module}!{name}")?,
            None if *func_index == INIT_INDEX => return write!(f, "{module}!(initialisation)"),
            None => write!(f, "{module}!function[{func_index}]")?,
        }
        match self.wasm_offset {
            Some(offset) => write!(f, " at {offset:#x}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wasm trap: {}", self.code)?;
        let mut i = 0;
        while i < self.frames.len() {
            let (period, times) = repetition(&self.frames[i..]);
            for (i, frame) in (i..).zip(&self.frames[i..i + period]) {
                write!(f, "\n  {i:>2}: {frame}")?;
            }
            match (times, period) {
                (1, _) => {}
                (_, 1) => write!(f, "\n      this one {} times more", times - 1)?,
                _ => write!(f, "\n      these {period} {} times more", times - 1)?,
            }
            i += period * times;
        }
        match self.left_out {
            0 => Ok(()),
            1 => f.write_str("\n  and 1 function further out"),
            n => write!(f, "\n  and {n} functions further out"),
        }
    }
}

impl std::error::Error for Trap {}

/// How frames begin: with so many that come so many times in a row, as recursion leaves them.
/// What would not make the list shorter is no repetition.
fn repetition(frames: &[Frame]) -> (usize, usize) {
    const LONGEST: usize = 8;
    for period in 1..=LONGEST.min(frames.len() / 2) {
        let (first, rest) = frames.split_at(period);
        let times = 1 + rest.chunks(period).take_while(|next| *next == first).count();
        if times > 2 {
            return (period, times);
        }
    }
    (1, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recursion_is_told_once() {
        let frame = |func_index| Frame { module: "m", func_index, name: "", wasm_offset: None };
        let frames: Vec<_> = [1, 2, 3, 2, 3, 2, 3, 4, 4, 5, 5, 5].map(frame).into();
        let trap = Trap::new(TrapCode::StackOverflow, frames.into(), 0);
        let lines = [
            "wasm trap: call stack exhausted",
            "   0: m!function[1]",
            "   1: m!function[2]",
            "   2: m!function[3]",
            "      these 2 2 times more",
            "   7: m!function[4]",
            "   8: m!function[4]",
            "   9: m!function[5]",
            "      this one 2 times more",
        ];
        assert_eq!(trap.to_string(), lines.join("\n"));
    }

    #[test]
    fn a_trap_reads_well() {
        let frames = [
            Frame {
                module: "m",
                func_index: 3,
                name: "core::panicking::panic",
                wasm_offset: Some(0x1f),
            },
            Frame { module: "m", func_index: 7, name: "", wasm_offset: None },
            Frame { module: "m", func_index: INIT_INDEX, name: "", wasm_offset: None },
        ];
        let trap = Trap::new(TrapCode::Unreachable, frames.into(), 2);
        assert_eq!(
            trap.to_string(),
            format!(
                "wasm trap: unreachable\n   0: m!core::panicking::panic at 0x1f\n   1: m!function[7]\n   \
                 2: m!(initialisation)\n  and 2 functions further out"
            )
        );
    }
}
