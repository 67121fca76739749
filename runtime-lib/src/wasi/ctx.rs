//! What a guest may do.

use std::sync::Arc;

/// What a store's guests can do with WASI: their arguments and environment, and the descriptors
/// that they have. A copy is the same context, not another one like it: threads of one program
/// share theirs.
#[derive(Clone, Debug)]
pub struct WasiCtx(Arc<Shared>);

#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) args: Vec<Vec<u8>>,
    pub(super) env: Vec<Vec<u8>>,
    pub(super) stdio: bool,
}

/// Makes a [`WasiCtx`]. Nothing is granted that is not asked for here.
#[derive(Debug, Default)]
pub struct WasiCtxBuilder(Shared);

impl WasiCtx {
    /// A context that grants nothing yet.
    pub fn builder() -> WasiCtxBuilder {
        WasiCtxBuilder::default()
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.0
    }
}

impl WasiCtxBuilder {
    /// Adds an argument. The first is the program's name, by custom.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<Vec<u8>>) -> Self {
        self.0.args.push(arg.into());
        self
    }

    /// Adds a variable to the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env.push(format!("{name}={value}").into());
        self
    }

    /// Lets the guest use the program's own input, output and error output.
    #[must_use]
    pub fn inherit_stdio(mut self) -> Self {
        self.0.stdio = true;
        self
    }

    /// The context.
    pub fn build(self) -> WasiCtx {
        WasiCtx(Arc::new(self.0))
    }
}
