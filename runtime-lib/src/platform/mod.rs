//! The only place that names an operating system. Porting means writing one more folder with:
//!
//! | item | what |
//! |---|---|
//! | `Reservation` | address space of which parts can be made usable, by memory or by a file's bytes |
//! | `stack_bounds` | the present thread's stack |
//! | `find_image`, `open_image` | the executable or shared object that an address is in, and its file |
//! | `start_program`, `end_program` | what a process needs whose program is a guest (feature `wasi`) |
//! | `Event` | a descriptor that is readable while something is the case |
//! | `io` | reading and writing a guest's memory (feature `wasi`, which uses rustix otherwise) |
//! | `install`, `Fault` | handlers for faults (feature `signals`), and what is in their arguments |

use std::ops::Range;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::*;

#[cfg(not(target_os = "linux"))]
compile_error!("wasmaot runs on Linux only, so far");

/// An executable or shared object in memory.
#[derive(Debug)]
pub(crate) struct ImageInfo {
    /// What was loaded of it.
    pub(crate) segments: Vec<Segment>,
    /// Its table of unwind entries, `.eh_frame_hdr`.
    pub(crate) eh_frame_hdr: Option<usize>,
    /// Its file; empty for the program itself.
    pub(crate) path: Box<[u8]>,
}

/// A part of an image's file in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Where it is in memory.
    pub(crate) memory: Range<usize>,
    /// Where those bytes that come from the file start there.
    pub(crate) offset: u64,
    /// How many of the bytes come from the file.
    pub(crate) from_file: usize,
    pub(crate) executable: bool,
}
