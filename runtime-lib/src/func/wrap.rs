//! Closures whose types are known at compile time as functions of the host: one C function per
//! closure that takes its arguments in registers, so a guest's call goes straight there.

use std::borrow::Cow;

use wasmaot_abi::calls::VmReturn;
use wasmaot_abi::context::{VmContext, VmHostContext};
use wasmaot_abi::value::ValRaw;

use crate::error::Error;
use crate::host::{Call, Caller, HostParts, drop_box};
use crate::types::ValType;
use crate::value::{Sealed, WasmParams, WasmResults, WasmTy, for_each_tuple};

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
        #[allow(non_snake_case, unused, reason = "any number of parameters")]
        const _: () = {
            /// With one result at most.
            unsafe extern "C" fn single<T, Fun, Ret, $($name),*>(
                callee: *mut VmHostContext,
                caller: *mut VmContext,
                $($name: $name::Abi,)*
            ) -> VmReturn
            where
                Fun: Fn($($marker,)? $($name),*) -> Ret,
                Ret: HostResult,
                $($name: WasmTy,)*
            {
                // SAFETY: a guest calls with the host context of its import or reference, its
                // own context and arguments of the function's types.
                unsafe {
                    let call = Call::<T>::new(callee, caller);
                    if call.is_due() {
                        return single_due::<T, Fun, Ret, $($name),*>(callee, caller, $($name,)*);
                    }
                    into_func!(@run single call callee [$($with)?] [] $($name)*)
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
            ) -> VmReturn
            where
                Fun: Fn($($marker,)? $($name),*) -> Ret,
                Ret: HostResult,
                $($name: WasmTy,)*
            {
                // SAFETY: as above.
                unsafe {
                    let call = Call::<T>::new(callee, caller);
                    into_func!(@run single call callee [$($with)?] [call.collect();] $($name)*)
                }
            }

            /// With results in slots.
            unsafe extern "C" fn many<T, Fun, Ret, $($name),*>(
                callee: *mut VmHostContext,
                caller: *mut VmContext,
                $($name: $name::Abi,)*
                slots: *mut ValRaw,
            ) -> VmReturn
            where
                Fun: Fn($($marker,)? $($name),*) -> Ret,
                Ret: HostResult,
                $($name: WasmTy,)*
            {
                // SAFETY: as above, and with slots for the results.
                unsafe {
                    let call = Call::<T>::new(callee, caller);
                    let inner = call.store.inner();
                    $(let $name = $name::from_abi($name, &*inner);)*
                    call.collect();
                    let func = &*(*callee).data.cast::<Fun>();
                    call.many(slots, |caller| {
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
                let callee = callee.cast();
                // SAFETY: as above; the slots hold the parameters and have room for the results.
                unsafe {
                    let mut next = values;
                    $(
                        let $name = $name::abi_from_raw(*next);
                        next = next.add(1);
                    )*
                    if <Ret::Values>::IN_SLOTS {
                        return many::<T, Fun, Ret, $($name),*>(callee, caller, $($name,)* values)
                            .status == 0;
                    }
                    let ret = single::<T, Fun, Ret, $($name),*>(callee, caller, $($name,)*);
                    if <Ret::Values>::TYPES.len() == 1 && ret.status == 0 {
                        *values = ValRaw::from_u64(ret.value);
                    }
                    ret.status == 0
                }
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
                        native_call: if params.contains(&ValType::V128) {
                            // A native call has a vector in two integers, which is not how this
                            // function would take one.
                            std::ptr::null()
                        } else if <Ret::Values>::IN_SLOTS {
                            many::<T, Fun, Ret, $($name),*> as *const u8
                        } else {
                            single::<T, Fun, Ret, $($name),*> as *const u8
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
    // The arguments are values of the host's before any of them are collected.
    (@run single $call:ident $callee:ident [$($with:ident)?] [$($collect:tt)*] $($name:ident)*) => {{
        let inner = $call.store.inner();
        $(let $name = $name::from_abi($name, &*inner);)*
        $($collect)*
        let func = &*(*$callee).data.cast::<Fun>();
        $call.single(|caller| func($(into_func!(@caller $with caller),)? $($name),*))
    }};
    (@caller with $caller:ident) => { $caller };
    ($($name:ident)*) => {
        into_func!(@one [] [] $($name)*);
        into_func!(@one [with] [Caller<'_, T>] $($name)*);
    };
}

into_func!();
into_func!(A);
for_each_tuple!(into_func!());
