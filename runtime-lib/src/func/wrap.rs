//! Closures whose types are known at compile time as functions of the host: one C function per
//! closure that takes its arguments in registers, so a guest's call goes straight there. Where
//! guests pass arguments and results in the same places, they call it through a few
//! instructions ([`arch::own_way_out`]) that record where they left.

use std::borrow::Cow;

use wasmaot_abi::context::{VmContext, VmHostContext};
use wasmaot_abi::value::ValRaw;

use crate::error::Error;
use crate::host::{Call, Caller, HostParts, WayOut, drop_box};
use crate::types::ValType;
use crate::value::{Sealed, WasmParams, WasmResults, WasmTy, for_each_tuple};
use crate::{arch, thread};

/// What a function of the host may return: [`WasmResults`] or a `Result` of those.
pub trait HostResult {
    /// What it returns when it succeeds.
    #[doc(hidden)]
    type Values: WasmResults;

    #[doc(hidden)]
    fn into_result(self) -> Result<Self::Values, Error>;
}

impl<R: WasmResults> HostResult for R {
    type Values = R;

    #[inline(always)]
    fn into_result(self) -> Result<R, Error> {
        Ok(self)
    }
}

impl<E> Sealed for Result<(), E> {}

impl<R: WasmResults, E> HostResult for Result<R, E>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Values = R;

    #[inline(always)]
    fn into_result(self) -> Result<R, Error> {
        self.map_err(Error::new)
    }
}

/// Closures that [`Func::wrap`](crate::Func::wrap) takes: of up to 16 [`WasmTy`]s, after a
/// [`Caller`] if they want one, that return a [`HostResult`].
pub trait IntoFunc<T, Params, Results> {
    #[doc(hidden)]
    fn into_parts(self) -> HostParts;
}

/// The C functions for closures of one number of parameters; with or without a `Caller`.
macro_rules! into_func {
    (@one [$($with:ident)?] [$($marker:ty)?] $($name:ident)*) => {
        #[allow(
            non_snake_case,
            unused,
            clippy::too_many_arguments,
            reason = "any number of parameters"
        )]
        const _: () = {
            /// A native call with one result at most, and that no vector.
            unsafe extern "C" fn single<T, Fun, Ret, $($name),*>(
                callee: *mut VmHostContext,
                caller: *mut VmContext,
                $($name: $name::Abi,)*
            ) -> <Ret::Values as WasmResults>::Native
            where
                Fun: Fn($($marker,)? $($name),*) -> Ret,
                Ret: HostResult,
                $($name: WasmTy,)*
            {
                // SAFETY: a guest calls with the host context of its import or reference, its
                // own context and arguments of the function's types. The closure takes along all
                // that needs to be dropped.
                unsafe {
                    let call = Call::<T>::new(callee, caller);
                    if call.is_due() {
                        return single_due::<T, Fun, Ret, $($name),*>(callee, caller, $($name,)*);
                    }
                    let inner = call.store.inner();
                    $(let $name = $name::from_abi($name, &*inner);)*
                    let func = &*(*callee).data.cast::<Fun>();
                    call.native(move |caller| {
                        func($(into_func!(@caller $with caller),)? $($name),*)
                    })
                }
            }

            /// [`single`] when host values are to be collected. The same signature makes it a jump,
            /// so that in all other cases no register is saved for its sake.
            #[cold]
            #[inline(never)]
            unsafe extern "C" fn single_due<T, Fun, Ret, $($name),*>(
                callee: *mut VmHostContext,
                caller: *mut VmContext,
                $($name: $name::Abi,)*
            ) -> <Ret::Values as WasmResults>::Native
            where
                Fun: Fn($($marker,)? $($name),*) -> Ret,
                Ret: HostResult,
                $($name: WasmTy,)*
            {
                let mut slot = ValRaw::default();
                let slots = &raw mut slot;
                // SAFETY: as above.
                unsafe { many::<T, Fun, Ret, $($name),*>(callee, caller, $($name,)* slots) };
                <Ret::Values>::native_from_slot(slot)
            }

            /// A native call with results in slots.
            unsafe extern "C" fn many<T, Fun, Ret, $($name),*>(
                callee: *mut VmHostContext,
                caller: *mut VmContext,
                $($name: $name::Abi,)*
                slots: *mut ValRaw,
            )
            where
                Fun: Fn($($marker,)? $($name),*) -> Ret,
                Ret: HostResult,
                $($name: WasmTy,)*
            {
                // SAFETY: as above, and with slots for the results; there is nothing here to drop.
                unsafe {
                    if !in_slots::<T, Fun, Ret, $($name),*>(callee, caller, $($name,)* slots) {
                        thread::raise()
                    }
                }
            }

            /// Collects host values if that is due, and calls. Returns whether it succeeded.
            unsafe fn in_slots<T, Fun, Ret, $($name),*>(
                callee: *mut VmHostContext,
                caller: *mut VmContext,
                $($name: $name::Abi,)*
                slots: *mut ValRaw,
            ) -> bool
            where
                Fun: Fn($($marker,)? $($name),*) -> Ret,
                Ret: HostResult,
                $($name: WasmTy,)*
            {
                // SAFETY: as above, and with slots for the results.
                unsafe {
                    let call = Call::<T>::new(callee, caller);
                    let inner = call.store.inner();
                    // The arguments are values of the host's before any of them are collected.
                    $(let $name = $name::from_abi($name, &*inner);)*
                    call.collect();
                    let func = &*(*callee).data.cast::<Fun>();
                    call.in_slots(slots, move |caller| {
                        func($(into_func!(@caller $with caller),)? $($name),*)
                    })
                }
            }

            unsafe extern "C" fn array<T, Fun, Ret, $($name),*>(
                callee: *mut VmContext,
                caller: *mut VmContext,
                values: *mut ValRaw,
                len: usize,
            ) -> bool
            where
                Fun: Fn($($marker,)? $($name),*) -> Ret,
                Ret: HostResult,
                $($name: WasmTy,)*
            {
                // SAFETY: as above, or the host itself calls, with no caller; the slots hold the
                // parameters and have room for the results.
                unsafe {
                    let mut next = values;
                    $(
                        let $name = $name::abi_from_raw(*next);
                        next = next.add(1);
                    )*
                    in_slots::<T, Fun, Ret, $($name),*>(callee.cast(), caller, $($name,)* values)
                }
            }

            arch::own_way_out! {
                [T, Fun, Ret, $($name),*]
                [
                    Fun: Fn($($marker,)? $($name),*) -> Ret,
                    Ret: HostResult,
                    $($name: WasmTy,)*
                ]
                single::<T, Fun, Ret, $($name),*>,
                <($($name,)*) as WasmParams>::TYPES
            }

            impl<T, Fun, Ret, $($name),*> IntoFunc<T, ($($marker,)? $($name,)*), Ret> for Fun
            where
                Fun: Fn($($marker,)? $($name),*) -> Ret + Send + 'static,
                Ret: HostResult,
                $($name: WasmTy,)*
            {
                fn into_parts(self) -> HostParts {
                    let params = <($($name,)*) as WasmParams>::TYPES;
                    HostParts {
                        way_out: if params.contains(&ValType::V128) {
                            // A native call has a vector in two integers, which is not how this
                            // function would take one.
                            WayOut::Array
                        } else if <Ret::Values>::IN_SLOTS {
                            WayOut::Native(many::<T, Fun, Ret, $($name),*> as *const u8)
                        } else if const {
                            arch::has_own_way_out(
                                <($($name,)*) as WasmParams>::TYPES,
                                <Ret::Values>::TYPES,
                            )
                        } {
                            WayOut::Own(own_way_out::<T, Fun, Ret, $($name),*> as *const u8)
                        } else {
                            WayOut::Native(single::<T, Fun, Ret, $($name),*> as *const u8)
                        },
                        array_call: array::<T, Fun, Ret, $($name),*>,
                        params: Cow::Borrowed(params),
                        results: Cow::Borrowed(<Ret::Values>::TYPES),
                        data: Box::into_raw(Box::new(self)).cast(),
                        drop_data: drop_box::<Fun>,
                    }
                }
            }
        };
    };
    (@caller with $caller:ident) => { $caller };
    ($($name:ident)*) => {
        into_func!(@one [] [] $($name)*);
        into_func!(@one [with] [Caller<'_, T>] $($name)*);
    };
}

into_func!();
into_func!(A);
for_each_tuple!(into_func!());
