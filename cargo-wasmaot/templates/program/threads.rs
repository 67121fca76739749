
fn threads(
    ctx: wasmaot::wasi::WasiCtxBuilder,
    given: &program::Given<'_>,
) -> Result<wasmaot::wasi::WasiCtxBuilder, String> {
    // SAFETY: the symbols are those of one object of the compiler's.
    unsafe { program::Threads::new(&MODULE, thread_start, {{imports_name}}) }.part(ctx, given)
}
