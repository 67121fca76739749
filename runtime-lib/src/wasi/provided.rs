//! The functions as imports: one constant each, to which modules compiled with WASI refer by symbol.
//! The table in [`wasmaot_abi::wasi`] is turned into them; each calls the function of its name in
//! [`functions`], with the row's parameters, so a missing or mistyped one does not compile.

use wasmaot_abi::wasi::WasiFunction;

use super::guest::Guest;
use super::{Errno, functions};
use crate::bindings::HostError;
use crate::func::Func;
use crate::func::wrap::IntoFunc;
use crate::handle::Handle;
use crate::host::{Caller, HostFunc, HostParts, Provided};
use crate::store::StoreInner;

/// The data of any store: nobody looks at them through this.
enum Unknown {}

/// Calls a function for a guest, and makes what it returned the guest's result. Who was interrupted
/// while waiting ends, or waits again if its host says so.
fn errno(
    mut caller: Caller<'_, Unknown>,
    function: impl Fn(&mut Guest<'_>) -> Result<(), Errno>,
) -> Result<i32, HostError> {
    let mut began = None;
    loop {
        let mut guest = Guest::of(&caller, began)?;
        match function(&mut guest) {
            Ok(()) => return Ok(0),
            Err(Errno::Intr) if guest.interrupt.has_come() => began = guest.began.get(),
            Err(errno) => return Ok(i32::from(errno.code())),
        }
        caller.check_interrupt()?;
    }
}

fn thread(
    caller: Caller<'_, Unknown>,
    function: impl FnOnce(&mut Guest<'_>) -> Result<i32, HostError>,
) -> Result<i32, HostError> {
    function(&mut Guest::of(&caller, None)?)
}

fn never(
    caller: Caller<'_, Unknown>,
    function: impl FnOnce(&mut Guest<'_>) -> HostError,
) -> Result<(), HostError> {
    Err(function(&mut Guest::of(&caller, None)?))
}

/// Helps inference: what [`IntoFunc`] takes, for stores of any data.
fn parts<P, R>(function: impl IntoFunc<Unknown, P, R>) -> HostParts {
    function.into_parts()
}

macro_rules! define {
    (@value u32) => { i32 };
    (@value u64) => { i64 };
    (@one $name:ident($($param:ident: $ty:ident),*) -> $result:ident) => {
        #[unsafe(export_name = concat!("wasmaot_wasi_", stringify!($name)))]
        static $name: Provided = Provided {
            parts: || parts(|caller: Caller<'_, Unknown> $(, $param: define!(@value $ty))*| {
                $result(caller, |guest| functions::$name(guest $(, $param as $ty)*))
            }),
        };
    };
    ($($(#[$doc:meta])* $name:ident $params:tt -> $result:ident;)*) => {
        mod symbols {
            #![allow(non_upper_case_globals, reason = "the names are those of the functions")]

            use super::*;

            $(define!(@one $name $params -> $result);)*

            /// The constant for a function.
            pub(super) fn of(function: WasiFunction) -> &'static Provided {
                match function {
                    $(WasiFunction::$name => &$name,)*
                }
            }
        }
    };
}

wasmaot_abi::for_each_wasi_function!(define);

/// A function in a store.
pub(super) fn func(store: &mut StoreInner, function: WasiFunction) -> Func {
    // SAFETY: a constant of ours; the function lives as long as the store.
    unsafe {
        let func = HostFunc::provided(store, symbols::of(function));
        Func(Handle::new(store.id, func))
    }
}
