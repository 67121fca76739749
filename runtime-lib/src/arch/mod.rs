//! What must be said in a machine's own words. One short file per machine.

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
pub(crate) use aarch64::{
    enter_float, enter_int, has_own_way_out, own_way_out, resume, stack_pointer, way_in,
};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::{
    enter_float, enter_int, has_own_way_out, own_way_out, resume, stack_pointer, taken_off_stack,
    way_in,
};

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("wasmaot runs on x86-64 and aarch64 only, so far");

/// A way from the host into functions, whatever its parameters are.
pub(crate) type WayIn = unsafe extern "C" fn();
