//! The guests: their bindings, and the modules they were made from, for the peer.

use wasmaot::Module;

wasmaot::include_guest!(pub mod atomics);
wasmaot::include_guest!(pub mod calls);
wasmaot::include_guest!(pub mod plain);
wasmaot::include_guest!(pub mod small);
wasmaot::include_guest!(pub mod text);
wasmaot::include_guest!(pub mod touch);
wasmaot::include_guest!(pub mod image);
wasmaot::include_guest!(pub mod io);
wasmaot::include_guest!(pub mod functions);
wasmaot::include_guest!(pub mod kernels);
wasmaot::include_guest!(pub mod kernels_explicit);
wasmaot::include_guest!(pub mod kernels_fuel);
wasmaot::include_guest!(pub mod kernels_epochs);
wasmaot::include_guest!(pub mod simd);
wasmaot::include_guest!(pub mod simd_native);
wasmaot::include_guest!(pub mod tail_calls);
wasmaot::include_guest!(pub mod memory64);

macro_rules! modules {
    ($($name:ident = $file:literal;)*) => {
        $(
            #[doc = concat!("`", $file, "`.")]
            pub const $name: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/", $file));
        )*
    };
}
modules! {
    ATOMICS = "atomics.wasm";
    CALLS = "calls.wasm";
    PLAIN = "plain.wasm";
    SMALL = "small.wasm";
    TEXT = "text.wasm";
    TOUCH = "touch.wasm";
    IMAGE = "image.wasm";
    IO = "io.wasm";
    FUNCTIONS = "functions.wasm";
    KERNELS = "kernels.wasm";
    SIMD = "simd.wasm";
    TAIL_CALLS = "tail_calls.wasm";
    MEMORY64 = "memory64.wasm";
}

/// The kernels, trapping by faults.
pub fn kernels_module() -> Module {
    kernels::Kernels::module()
}

/// The kernels, checking everything.
pub fn kernels_explicit_module() -> Module {
    kernels_explicit::KernelsExplicit::module()
}

/// The kernels, counting what they do.
pub fn kernels_fuel_module() -> Module {
    kernels_fuel::KernelsFuel::module()
}

/// The kernels, looking whether they are to stop.
pub fn kernels_epochs_module() -> Module {
    kernels_epochs::KernelsEpochs::module()
}

/// The vector kernels on the machine's baseline.
pub fn simd_module() -> Module {
    simd::Simd::module()
}

/// The vector kernels with what this machine has.
pub fn simd_native_module() -> Module {
    simd_native::SimdNative::module()
}

/// Functions that call each other in their places.
pub fn tail_calls_module() -> Module {
    tail_calls::TailCalls::module()
}

/// Kernels on a memory with 64-bit indices.
pub fn memory64_module() -> Module {
    memory64::Memory64::module()
}
