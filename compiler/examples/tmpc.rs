fn main() {
    let a: Vec<String> = std::env::args().collect();
    let wasm = wat::parse_file(&a[1]).unwrap();
    let target = a.get(3).map_or("x86_64-unknown-linux-gnu", |s| s);
    let t = std::time::Instant::now();
    let mut c = wasmaot_compiler::Config::new(target);
    if std::env::var("EXPLICIT").is_ok() {
        c.traps = wasmaot_compiler::TrapStyle::Explicit;
    }
    c.debug_info = std::env::var("DEBUG").is_ok();
    let art = match wasmaot_compiler::compile(&wasm, &c) {
        Ok(a) => a,
        Err(e) => {
            eprintln!("{e}");
            std::process::exit(1)
        }
    };
    eprintln!("{:?} {} bytes", t.elapsed(), art.object.len());
    std::fs::write(&a[2], art.object).unwrap();
}
