//! OxiPNG built for threads: it asks for a pool of them (by wasm-bindgen-rayon), whose threads each
//! have an instance of their own over one memory.

use std::thread;

use wasmaot::{Caller, HostError, MemoryType, SharedMemory, Store};

use super::guests::oxipng_parallel::{OxipngParallel, OxipngParallelImports, Wbg};
use crate::case::{Result, len, words};

/// What the guest told of its pool.
#[derive(Default)]
struct Host {
    builder: Option<i32>,
}

/// The number of some object of JavaScript's; nobody looks at it.
const OBJECT: i32 = 132;

impl Wbg for Host {
    stubs! { i32 = OBJECT;
        __wbg_self_ce0dbfc45cf2f5be();
        __wbg_window_c6fb939a7f436783();
        __wbg_global_this_d1e6af4856ba331b();
        __wbg_global_207b558942527489();
        __wbg_newnoargs_e258087cd0daa0ea(_, _);
        __wbg_call_27c0f87801dedf93(_, _);
        __wbindgen_module();
        __wbindgen_memory();
        __wbindgen_object_clone_ref(_);
    }

    // In a browser's window nobody may wait; here everybody may.
    stubs! { i32 = 0;
        __wbindgen_is_undefined(_);
        __wbg_instanceof_window_f401953a2cf86220(_);
    }

    stubs! { () = ();
        __wbindgen_object_drop_ref(_);
    }

    fn __wbindgen_throw(mut caller: Caller<'_, Self>, at: i32, len: i32) -> Result<(), HostError> {
        let guest = OxipngParallel::from_caller(&mut caller).ok_or("another guest")?;
        let mut text = vec![0; len as usize];
        guest.memory().read(at as u32 as u64, &mut text)?;
        Err(String::from_utf8(text)?.into())
    }

    fn __wbg_start_workers_2ee336a9694dda13(
        mut caller: Caller<'_, Self>,
        _module: i32,
        _memory: i32,
        builder: i32,
    ) -> Result<i32, HostError> {
        caller.data_mut().builder = Some(builder);
        Ok(OBJECT)
    }
}

type Guest = OxipngParallel<Store<Host>>;

fn instance(memory: &SharedMemory) -> Result<Guest> {
    let imports = OxipngParallelImports { memory: memory.clone() };
    let mut guest = OxipngParallel::with_store(Store::new(Host::default()), imports)?;
    guest.__wbindgen_start()?;
    Ok(guest)
}

/// The PNG of an image of `width` pixels a row, four bytes a pixel, made by so many threads.
pub fn encode(pixels: &[u8], width: i32, level: i32, threads: i32) -> Result<Vec<u8>> {
    let memory = SharedMemory::new(MemoryType::new(18, Some(16384)))?;
    let mut guest = instance(&memory)?;
    guest.init_thread_pool(threads)?;
    let builder = guest.store().data().builder.ok_or("no pool was asked for")?;
    let receiver = guest.wbg_rayon_poolbuilder_receiver(builder)?;
    for _ in 0..guest.wbg_rayon_poolbuilder_num_threads(builder)? {
        // They wait for work for ever: such a pool has no end.
        let memory = memory.clone();
        thread::spawn(move || -> Result<()> {
            Ok(instance(&memory)?.wbg_rayon_start_worker(receiver)?)
        });
    }
    guest.wbg_rayon_poolbuilder_build(builder)?;

    let answer = guest.__wbindgen_add_to_stack_pointer(-16)?;
    let len = len(pixels)?;
    let at = guest.__wbindgen_malloc(len, 1)?;
    memory.write(at as u32 as u64, pixels)?;
    guest.optimise_raw(answer, at, len, width, len / 4 / width, level, 0, 0)?;
    let mut place = [0; 8];
    memory.read(answer as u32 as u64, &mut place)?;
    let place = words(&place);
    let mut png = vec![0; place[1] as usize];
    memory.read(place[0].into(), &mut png)?;
    Ok(png)
}
