//! The second host of tests/link/main.rs: links guests with each other by names at run time, which
//! keeps all their exports in the program.

use wasmaot::{Error, Extern, Func, Imports, Instance, Module, Store, Val};

#[allow(dead_code, unused_imports)]
mod guests {
    wasmaot::include_guest!(pub mod a);
    wasmaot::include_guest!(pub mod b);
    pub mod other {
        include!(concat!(env!("OTHER"), "/a.rs"));
    }
    pub mod checked {
        include!(concat!(env!("CHECKED"), "/c.rs"));
    }
}

fn main() {
    all().expect("calls that succeed");
}

fn all() -> Result<(), Error> {
    use guests::{a, b, checked, other};

    let mut store = Store::new(());
    let host = Func::wrap(&mut store, |x: i32| x * 1000);
    let mut import = Extern::from(host);
    // Each is given the one before to call.
    for module in [a::A::module(), b::B::module(), other::A::module(), checked::C::module()] {
        let instance = link(&mut store, module, import)?;
        let exports = instance.exports(&store).len();
        let name = module.name();
        println!("{name}: {exports} exports");
        for (name, params) in [("plus", vec![Val::I32(1)]), ("unused", vec![])] {
            let func = instance.get_func(&store, name).expect("the export");
            let mut results = [Val::I32(0)];
            func.call(&mut store, &params, &mut results)?;
            println!("{name}: {:?}", results[0]);
        }
        let through = instance.get_func(&store, "through").expect("the export");
        let through = through.typed::<i32, i32>(&store)?;
        println!("through: {}", through.call(&mut store, 1)?);
        import = instance.get_export(&store, "through").expect("the export");
    }
    Ok(())
}

fn link(store: &mut Store<()>, module: Module, import: Extern) -> Result<Instance, Error> {
    let mut imports = Imports::new();
    imports.define("host", "call", import);
    Instance::new(store, module, &imports)
}
