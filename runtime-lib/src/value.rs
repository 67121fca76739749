//! Values as the host has them: [`Val`] when types are known at run time only, [`WasmTy`] and
//! the tuples of them when they are known at compile time.

use std::ptr::NonNull;

use wasmaot_abi::calls::VmReturn;
use wasmaot_abi::context::{VmContext, VmFuncRef};
use wasmaot_abi::value::ValRaw;

use crate::externref::ExternRef;
use crate::func::Func;
use crate::func::typed::TypedFunc;
use crate::handle::Handle;
use crate::store::StoreInner;
use crate::types::{Concrete, ConcreteFuncType, HeapType, RefType, ValType};
use crate::vector::V128;

/// A WebAssembly value. Floating-point numbers are kept by their bits.
#[derive(Clone, Debug)]
pub enum Val {
    /// 32-bit integer.
    I32(i32),
    /// 64-bit integer.
    I64(i64),
    /// The bits of an `f32`.
    F32(u32),
    /// The bits of an `f64`.
    F64(u64),
    /// The bits of a [`V128`].
    V128(u128),
    /// A reference to a function, or null.
    FuncRef(Option<Func>),
    /// A reference to a value of the host, or null.
    ExternRef(Option<ExternRef>),
}

impl Val {
    /// The value's type, of a reference the widest.
    pub fn ty(&self) -> ValType {
        match self {
            Self::I32(_) => ValType::I32,
            Self::I64(_) => ValType::I64,
            Self::F32(_) => ValType::F32,
            Self::F64(_) => ValType::F64,
            Self::V128(_) => ValType::V128,
            Self::FuncRef(_) => ValType::FUNCREF,
            Self::ExternRef(_) => ValType::EXTERNREF,
        }
    }

    /// Whether the value is one of a type. If it is a function for a typed reference, guests can
    /// call it by that type from now on.
    pub(crate) fn fits(&self, ty: ValType, store: &StoreInner) -> bool {
        let ValType::Ref(RefType { nullable, heap }) = ty else { return self.ty() == ty };
        match (self, heap) {
            (Self::FuncRef(None), HeapType::Func | HeapType::Concrete(_)) => nullable,
            (Self::ExternRef(None), HeapType::Extern) => nullable,
            (Self::FuncRef(Some(func)), HeapType::Concrete(ty)) => func.is_of(ty, store),
            (Self::FuncRef(Some(_)), HeapType::Func) => true,
            (Self::ExternRef(Some(_)), HeapType::Extern) => true,
            _ => false,
        }
    }

    /// Zero or null. (Of a reference that may not be null, there is no default: null it is.)
    pub fn default_of(ty: ValType) -> Self {
        match ty {
            ValType::I32 => Self::I32(0),
            ValType::I64 => Self::I64(0),
            ValType::F32 => Self::F32(0),
            ValType::F64 => Self::F64(0),
            ValType::V128 => Self::V128(0),
            ValType::Ref(RefType { heap: HeapType::Extern, .. }) => Self::ExternRef(None),
            ValType::Ref(_) => Self::FuncRef(None),
        }
    }

    /// The `i32`, if it is one.
    pub fn i32(&self) -> Option<i32> {
        if let Self::I32(value) = self { Some(*value) } else { None }
    }

    /// The `i64`, if it is one.
    pub fn i64(&self) -> Option<i64> {
        if let Self::I64(value) = self { Some(*value) } else { None }
    }

    /// The `f32`, if it is one.
    pub fn f32(&self) -> Option<f32> {
        if let Self::F32(bits) = self { Some(f32::from_bits(*bits)) } else { None }
    }

    /// The `f64`, if it is one.
    pub fn f64(&self) -> Option<f64> {
        if let Self::F64(bits) = self { Some(f64::from_bits(*bits)) } else { None }
    }

    /// The vector, if it is one.
    pub fn v128(&self) -> Option<V128> {
        if let Self::V128(bits) = self { Some((*bits).into()) } else { None }
    }

    /// The value as compiled code has it. Takes a place for a value of the host.
    ///
    /// # Panics
    /// If it is a function of another store.
    pub(crate) fn to_raw(&self, store: &mut StoreInner) -> ValRaw {
        match self {
            Self::I32(value) => ValRaw::from_i32(*value),
            Self::I64(value) => ValRaw::from_i64(*value),
            Self::F32(bits) => ValRaw::from_u32(*bits),
            Self::F64(bits) => ValRaw::from_u64(*bits),
            Self::V128(bits) => ValRaw::from_u128(*bits),
            Self::FuncRef(func) => func.into_raw(store),
            Self::ExternRef(value) => value.clone().into_raw(store),
        }
    }

    /// # Safety
    /// Compiled code of this store left this value of this type.
    pub(crate) unsafe fn from_raw(raw: ValRaw, ty: ValType, store: &StoreInner) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            match ty {
                ValType::I32 => Self::I32(raw.to_i32()),
                ValType::I64 => Self::I64(raw.to_i64()),
                ValType::F32 => Self::F32(raw.to_u32()),
                ValType::F64 => Self::F64(raw.to_u64()),
                ValType::V128 => Self::V128(raw.to_u128()),
                ValType::Ref(RefType { heap: HeapType::Extern, .. }) => {
                    Self::ExternRef(WasmTy::from_raw(raw, store))
                }
                ValType::Ref(_) => Self::FuncRef(WasmTy::from_raw(raw, store)),
            }
        }
    }
}

macro_rules! val_from {
    ($($ty:ty => $variant:ident($conv:expr);)*) => {
        $(impl From<$ty> for Val {
            fn from(value: $ty) -> Self {
                Self::$variant($conv(value))
            }
        })*
    };
}

val_from! {
    i32 => I32(|v| v);
    u32 => I32(|v| v as i32);
    i64 => I64(|v| v);
    u64 => I64(|v| v as i64);
    f32 => F32(f32::to_bits);
    f64 => F64(f64::to_bits);
    V128 => V128(u128::from);
    Func => FuncRef(Some);
    Option<Func> => FuncRef(|v| v);
    ExternRef => ExternRef(Some);
    Option<ExternRef> => ExternRef(|v| v);
}

mod sealed {
    pub trait Sealed {}
}
pub(crate) use sealed::Sealed;

/// The Rust types of WebAssembly values: `i32` and `u32`, `i64` and `u64`, `f32`, `f64`,
/// [`V128`], [`Option<Func>`](Func), [`Option<ExternRef>`](ExternRef), and an option of a
/// [`TypedFunc`], for references to functions of its type. Without the option they are references
/// that are never null.
pub trait WasmTy: Sealed + Sized {
    /// The type in WebAssembly.
    const TYPE: ValType;

    /// The type in the platform's C convention.
    #[doc(hidden)]
    type Abi: Copy;

    #[doc(hidden)]
    fn into_abi(self, store: &mut StoreInner) -> Self::Abi;

    /// # Safety
    /// Compiled code of this store left this value of this type.
    #[doc(hidden)]
    unsafe fn from_abi(abi: Self::Abi, store: &StoreInner) -> Self;

    #[doc(hidden)]
    fn abi_to_raw(abi: Self::Abi) -> ValRaw;

    #[doc(hidden)]
    fn abi_from_raw(raw: ValRaw) -> Self::Abi;

    #[doc(hidden)]
    #[inline]
    fn into_raw(self, store: &mut StoreInner) -> ValRaw {
        Self::abi_to_raw(self.into_abi(store))
    }

    /// # Safety
    /// As [`from_abi`](Self::from_abi).
    #[doc(hidden)]
    #[inline]
    unsafe fn from_raw(raw: ValRaw, store: &StoreInner) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Self::from_abi(Self::abi_from_raw(raw), store) }
    }
}

macro_rules! numbers {
    ($($ty:ty: $val:ident, $to:expr, $from:expr;)*) => {
        $(
            impl Sealed for $ty {}

            impl WasmTy for $ty {
                const TYPE: ValType = ValType::$val;
                type Abi = Self;

                #[inline]
                fn into_abi(self, _: &mut StoreInner) -> Self {
                    self
                }

                #[inline]
                unsafe fn from_abi(abi: Self, _: &StoreInner) -> Self {
                    abi
                }

                #[inline]
                fn abi_to_raw(abi: Self) -> ValRaw {
                    $to(abi)
                }

                #[inline]
                fn abi_from_raw(raw: ValRaw) -> Self {
                    $from(raw)
                }
            }
        )*
    };
}

numbers! {
    i32: I32, ValRaw::from_i32, ValRaw::to_i32;
    u32: I32, ValRaw::from_u32, ValRaw::to_u32;
    i64: I64, ValRaw::from_i64, ValRaw::to_i64;
    u64: I64, ValRaw::from_u64, ValRaw::to_u64;
    f32: F32, ValRaw::from_f32, ValRaw::to_f32;
    f64: F64, ValRaw::from_f64, ValRaw::to_f64;
    V128: V128, |v| ValRaw::from_u128(u128::from(v)), |v| V128::from(ValRaw::to_u128(v));
}

impl Sealed for Option<Func> {}

impl WasmTy for Option<Func> {
    const TYPE: ValType = ValType::FUNCREF;
    type Abi = *mut VmFuncRef;

    #[inline]
    fn into_abi(self, store: &mut StoreInner) -> *mut VmFuncRef {
        match self {
            Some(func) => func.0.get(store.id).as_ptr(),
            None => std::ptr::null_mut(),
        }
    }

    #[inline]
    unsafe fn from_abi(abi: *mut VmFuncRef, store: &StoreInner) -> Self {
        // SAFETY: the caller's promise: a guest's references are null or live as long as it.
        NonNull::new(abi).map(|func| Func(unsafe { Handle::new(store.id, func) }))
    }

    #[inline]
    fn abi_to_raw(abi: *mut VmFuncRef) -> ValRaw {
        ValRaw::from_u64(abi.expose_provenance() as u64)
    }

    #[inline]
    fn abi_from_raw(raw: ValRaw) -> *mut VmFuncRef {
        std::ptr::with_exposed_provenance_mut(raw.to_u64() as usize)
    }
}

impl Sealed for Option<ExternRef> {}

impl WasmTy for Option<ExternRef> {
    const TYPE: ValType = ValType::EXTERNREF;
    type Abi = u32;

    #[inline]
    fn into_abi(self, store: &mut StoreInner) -> u32 {
        match self {
            Some(value) => {
                let index = store.externs.insert(value);
                store.update_attention();
                index
            }
            None => 0,
        }
    }

    #[inline]
    unsafe fn from_abi(abi: u32, store: &StoreInner) -> Self {
        store.externs.get(abi).cloned()
    }

    #[inline]
    fn abi_to_raw(abi: u32) -> ValRaw {
        ValRaw::from_u32(abi)
    }

    #[inline]
    fn abi_from_raw(raw: ValRaw) -> u32 {
        raw.to_u32()
    }
}

/// Types whose option is that of a reference that may be null: the type without is one that may
/// not.
macro_rules! never_null {
    ($([$($of:ident: $bound:ident),*] $ty:ty: $wasm:expr;)*) => {
        $(
            impl<$($of: $bound),*> Sealed for $ty {}

            impl<$($of: $bound),*> WasmTy for $ty {
                const TYPE: ValType =
                    ValType::Ref(RefType { nullable: false, heap: $wasm });
                type Abi = <Option<Self> as WasmTy>::Abi;

                #[inline]
                fn into_abi(self, store: &mut StoreInner) -> Self::Abi {
                    Some(self).into_abi(store)
                }

                #[inline]
                unsafe fn from_abi(abi: Self::Abi, store: &StoreInner) -> Self {
                    // SAFETY: the caller's promise.
                    let value = unsafe { <Option<Self> as WasmTy>::from_abi(abi, store) };
                    value.expect("compiled code keeps null out of references that may not be it")
                }

                #[inline]
                fn abi_to_raw(abi: Self::Abi) -> ValRaw {
                    <Option<Self> as WasmTy>::abi_to_raw(abi)
                }

                #[inline]
                fn abi_from_raw(raw: ValRaw) -> Self::Abi {
                    <Option<Self> as WasmTy>::abi_from_raw(raw)
                }
            }
        )*
    };
}

never_null! {
    [] Func: HeapType::Func;
    [] ExternRef: HeapType::Extern;
    [P: WasmParams, R: WasmResults] TypedFunc<P, R>: typed_heap_type::<P, R>();
}

const fn typed_heap_type<P: WasmParams, R: WasmResults>() -> HeapType {
    HeapType::Concrete(ConcreteFuncType(Concrete::Rust(P::TYPES, R::TYPES)))
}

impl<P, R> Sealed for Option<TypedFunc<P, R>> {}

impl<P: WasmParams, R: WasmResults> WasmTy for Option<TypedFunc<P, R>> {
    const TYPE: ValType = ValType::Ref(RefType { nullable: true, heap: typed_heap_type::<P, R>() });
    type Abi = *mut VmFuncRef;

    #[inline]
    fn into_abi(self, store: &mut StoreInner) -> Self::Abi {
        self.map(|func| func.func()).into_abi(store)
    }

    #[inline]
    unsafe fn from_abi(abi: Self::Abi, store: &StoreInner) -> Self {
        // SAFETY: the caller's promise; a guest's typed reference is to a function of its type.
        unsafe { Option::<Func>::from_abi(abi, store) }.map(TypedFunc::new)
    }

    #[inline]
    fn abi_to_raw(abi: Self::Abi) -> ValRaw {
        Option::<Func>::abi_to_raw(abi)
    }

    #[inline]
    fn abi_from_raw(raw: ValRaw) -> Self::Abi {
        Option::<Func>::abi_from_raw(raw)
    }
}

impl<P: WasmParams, R: WasmResults> From<Option<TypedFunc<P, R>>> for Val {
    fn from(func: Option<TypedFunc<P, R>>) -> Self {
        func.map(|func| func.func()).into()
    }
}

impl<P: WasmParams, R: WasmResults> From<TypedFunc<P, R>> for Val {
    fn from(func: TypedFunc<P, R>) -> Self {
        func.func().into()
    }
}

/// Parameters of a function: a [`WasmTy`] or a tuple of up to 16.
pub trait WasmParams: Sealed {
    #[doc(hidden)]
    const TYPES: &'static [ValType];

    /// Writes the values into slots, one each.
    #[doc(hidden)]
    fn into_slots(self, store: &mut StoreInner, slots: &mut [ValRaw]);

    /// Calls a function's code with the values in registers.
    ///
    /// # Safety
    /// The way is that for these parameters and the function's results; the function is of this
    /// type and the store's, which was entered.
    #[doc(hidden)]
    unsafe fn enter(
        self,
        store: &mut StoreInner,
        way: unsafe extern "C" fn(),
        callee: *mut VmContext,
        code: *const u8,
    ) -> VmReturn;
}

/// Results of a function: nothing, a [`WasmTy`], or a tuple of two to 16.
pub trait WasmResults: Sealed + Sized {
    #[doc(hidden)]
    const TYPES: &'static [ValType];

    /// Whether a native call returns them in slots: if they are several, or a vector.
    #[doc(hidden)]
    const IN_SLOTS: bool = matches!(Self::TYPES, [ValType::V128] | [_, _, ..]);

    /// Writes the values into slots, one each.
    #[doc(hidden)]
    fn into_slots(self, store: &mut StoreInner, slots: &mut [ValRaw]);

    /// What a native call returns: the single result, if it is not in a slot; else nothing.
    #[doc(hidden)]
    type Native: Copy;

    #[doc(hidden)]
    fn into_native(self, store: &mut StoreInner) -> Self::Native;

    /// The same, of what [`into_slots`](Self::into_slots) wrote.
    #[doc(hidden)]
    fn native_from_slot(slot: ValRaw) -> Self::Native;

    /// # Safety
    /// Compiled code of this store left values of these types in the slots.
    #[doc(hidden)]
    unsafe fn from_slots(slots: &[ValRaw], store: &StoreInner) -> Self;
}

impl<A: WasmTy> WasmParams for A {
    const TYPES: &'static [ValType] = &[A::TYPE];

    #[inline]
    fn into_slots(self, store: &mut StoreInner, slots: &mut [ValRaw]) {
        slots[0] = self.into_raw(store);
    }

    #[inline]
    unsafe fn enter(
        self,
        store: &mut StoreInner,
        way: unsafe extern "C" fn(),
        callee: *mut VmContext,
        code: *const u8,
    ) -> VmReturn {
        // SAFETY: the caller's promise.
        unsafe { (self,).enter(store, way, callee, code) }
    }
}

impl<A: WasmTy> WasmResults for A {
    const TYPES: &'static [ValType] = &[A::TYPE];

    #[inline]
    fn into_slots(self, store: &mut StoreInner, slots: &mut [ValRaw]) {
        slots[0] = self.into_raw(store);
    }

    type Native = A::Abi;

    #[inline]
    fn into_native(self, store: &mut StoreInner) -> A::Abi {
        self.into_abi(store)
    }

    #[inline]
    fn native_from_slot(slot: ValRaw) -> A::Abi {
        A::abi_from_raw(slot)
    }

    #[inline]
    unsafe fn from_slots(slots: &[ValRaw], store: &StoreInner) -> Self {
        // SAFETY: the caller's promise.
        unsafe { A::from_raw(slots[0], store) }
    }
}

macro_rules! tuples {
    (@sealed $($name:ident)*) => {
        impl<$($name: WasmTy),*> Sealed for ($($name,)*) {}
    };
    (@params $($name:ident)*) => {
        impl<$($name: WasmTy),*> WasmParams for ($($name,)*) {
            const TYPES: &'static [ValType] = &[$($name::TYPE),*];

            #[allow(unused, non_snake_case, reason = "the empty tuple")]
            #[inline]
            fn into_slots(self, store: &mut StoreInner, slots: &mut [ValRaw]) {
                let ($($name,)*) = self;
                let mut slots = slots.iter_mut();
                $(*slots.next().expect("a slot per value") = $name.into_raw(store);)*
            }

            #[allow(unused, non_snake_case, reason = "the empty tuple")]
            #[inline]
            unsafe fn enter(
                self,
                store: &mut StoreInner,
                way: unsafe extern "C" fn(),
                callee: *mut VmContext,
                code: *const u8,
            ) -> VmReturn {
                let ($($name,)*) = self;
                $(let $name = $name.into_abi(store);)*
                // SAFETY: the caller's promise: that is what the way takes and returns.
                unsafe {
                    let way: unsafe extern "C" fn(
                        *mut VmContext, *const u8 $(, $name::Abi)*
                    ) -> VmReturn = std::mem::transmute(way);
                    way(callee, code $(, $name)*)
                }
            }
        }
    };
    (@results $($name:ident)*) => {
        impl<$($name: WasmTy),*> WasmResults for ($($name,)*) {
            const TYPES: &'static [ValType] = &[$($name::TYPE),*];

            #[inline]
            fn into_slots(self, store: &mut StoreInner, slots: &mut [ValRaw]) {
                WasmParams::into_slots(self, store, slots);
            }

            type Native = ();

            #[inline]
            fn into_native(self, _: &mut StoreInner) {}

            #[inline]
            fn native_from_slot(_: ValRaw) {}

            #[allow(unused, clippy::unused_unit, reason = "the empty tuple")]
            #[inline]
            unsafe fn from_slots(slots: &[ValRaw], store: &StoreInner) -> Self {
                let mut slots = slots.iter();
                // SAFETY: the caller's promise.
                unsafe {
                    ($($name::from_raw(*slots.next().expect("a slot per value"), store),)*)
                }
            }
        }
    };
}

macro_rules! for_each_tuple {
    ($mac:ident!($($how:tt)*)) => {
        $mac!($($how)* A B);
        $mac!($($how)* A B C);
        $mac!($($how)* A B C D);
        $mac!($($how)* A B C D E);
        $mac!($($how)* A B C D E F);
        $mac!($($how)* A B C D E F G);
        $mac!($($how)* A B C D E F G H);
        $mac!($($how)* A B C D E F G H I);
        $mac!($($how)* A B C D E F G H I J);
        $mac!($($how)* A B C D E F G H I J K);
        $mac!($($how)* A B C D E F G H I J K L);
        $mac!($($how)* A B C D E F G H I J K L M);
        $mac!($($how)* A B C D E F G H I J K L M N);
        $mac!($($how)* A B C D E F G H I J K L M N O);
        $mac!($($how)* A B C D E F G H I J K L M N O P);
    };
}
pub(crate) use for_each_tuple;

tuples!(@sealed);
tuples!(@params);
tuples!(@results);
tuples!(@sealed A);
tuples!(@params A);
for_each_tuple!(tuples!(@sealed));
for_each_tuple!(tuples!(@params));
for_each_tuple!(tuples!(@results));
