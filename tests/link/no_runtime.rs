//! Uses a guest without the runtime.

unsafe extern "C" {
    #[link_name = "wasm_app_1_0_0_a_module"]
    static MODULE: u8;
}

fn main() {
    println!("{:p}", &raw const MODULE);
}
