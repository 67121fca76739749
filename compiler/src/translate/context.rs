//! What translating one function needs: the plan, the CLIF under construction, the value stack,
//! the locals. Every family of instructions works on this.

use std::collections::HashMap;

use cranelift_codegen::ir::immediates::{Ieee32, Ieee64};
use cranelift_codegen::ir::{
    self, ExtFuncData, ExternalName, FuncRef, InstBuilder as _, InstructionData, Opcode, SigRef,
    Signature, Value,
};
use cranelift_entity::SecondaryMap;
use cranelift_entity::packed_option::PackedOption;
use cranelift_frontend::{FuncInstBuilder, FunctionBuilder, Variable};

use super::bounds::{Passed, Still};
use super::local::Local;
use super::made::{Made, What};
use super::meter::Meter;
use super::srcloc::Origins;
use super::stack::Stack;
use super::types::{Contexts, clif, needs_stack_map};
use super::vmctx::Regions;
use super::{constant, inline};
use crate::func_key::Reference;
use crate::index::{FuncIndex, MemoryIndex, SigIndex};
use crate::module::{Body, Module, ValType};
use crate::plan::Plan;
use crate::target::Target;

/// The state of one function's translation.
pub struct Context<'t, 'f> {
    /// The module.
    pub module: &'t Module<'t>,
    /// The decisions about it.
    pub plan: &'t Plan,
    /// What code is made for.
    pub target: &'t Target,
    /// The CLIF under construction.
    pub builder: FunctionBuilder<'f>,
    /// Values, control frames, reachability.
    pub stack: Stack,
    /// The function's parameters and locals.
    pub locals: Vec<Local>,
    /// Whether locals are in the frame.
    pub locals_in_frame: bool,
    /// The callee context: the function's own instance.
    pub vmctx: Value,
    /// Where memories start, as far as that has been asked for.
    pub memory_bases: SecondaryMap<MemoryIndex, PackedOption<Value>>,
    /// What memory can alias with what.
    pub regions: Regions,
    /// Whether this is the code that sets globals, to which no global is constant.
    pub initialising: bool,
    /// The values that need not be made again.
    pub made: Made,
    /// The bounds checks that need not be repeated.
    pub passed: Passed,
    /// The loop in which lengths are known.
    pub still: Option<Still>,
    /// What it takes to meter the function, if it is.
    pub meter: Option<Meter>,
    /// The code that is translated at present: the function's own, if it has any, or what stands in
    /// place of a call.
    pub body: Option<&'t Body<'t>>,
    /// What it stands in place of: a number of [`Origins`]; 0 for the function's own code.
    pub inlined: u32,
    /// The functions whose code that is within, from the function itself on.
    pub within: Vec<FuncIndex>,
    /// How many bytes of other functions may still be put into this one.
    pub inline_budget: usize,
    /// How many have been.
    pub inlined_len: usize,
    /// Whether the translation is given up. Then nothing of it is looked at any more.
    pub given_up: bool,
    /// What instructions' locations stand for.
    pub origins: Origins,
    /// How many loops are within each other at most.
    pub loop_depth: usize,
    /// Variables that no local has at present.
    pub spare: Vec<(Variable, ValType)>,
    /// Where the current instruction stands in the file.
    pub offset: usize,
    signatures: HashMap<(SigIndex, Contexts), SigRef>,
    callees: HashMap<Reference, FuncRef>,
}

impl<'t, 'f> Context<'t, 'f> {
    /// Starts a function whose entry block is current and has the function's parameters.
    pub fn new(
        module: &'t Module<'t>,
        plan: &'t Plan,
        target: &'t Target,
        mut builder: FunctionBuilder<'f>,
        vmctx: Value,
    ) -> Self {
        let regions = Regions::new(builder.func, plan.fuel || plan.epochs);
        builder.set_srcloc(ir::SourceLoc::default());
        Self {
            module,
            plan,
            target,
            builder,
            stack: Stack::default(),
            locals: Vec::new(),
            locals_in_frame: false,
            vmctx,
            memory_bases: SecondaryMap::new(),
            regions,
            initialising: false,
            made: Made::default(),
            passed: Passed::default(),
            still: None,
            meter: None,
            body: None,
            inlined: 0,
            within: Vec::new(),
            inline_budget: 0,
            inlined_len: 0,
            given_up: false,
            origins: Origins::default(),
            loop_depth: 0,
            spare: Vec::new(),
            offset: 0,
            signatures: HashMap::new(),
            callees: HashMap::new(),
        }
    }

    /// Begins the code of a defined function of the module.
    pub fn begin(&mut self, func: FuncIndex) {
        let Some(body) = &self.module.functions[func].body else { return };
        self.body = Some(body);
        self.within = vec![func];
        self.inline_budget = inline::budget(self.plan.inline.get(&func), body);
        self.origins = Origins::new(body);
        self.loop_depth = body.loop_depth;
    }

    /// Appends an instruction.
    pub fn ins(&mut self) -> FuncInstBuilder<'_, 'f> {
        self.builder.ins()
    }

    /// Pushes a value.
    pub fn push(&mut self, value: Value) {
        self.stack.values.push(value);
    }

    /// Pushes a value of a type whose values may have to be found by the runtime.
    pub fn push_typed(&mut self, value: Value, ty: ValType) {
        self.declare(value, ty);
        self.push(value);
    }

    /// Says of a new value that it is a host reference, if its type is.
    pub fn declare(&mut self, value: Value, ty: ValType) {
        if needs_stack_map(ty) {
            self.builder.declare_value_needs_stack_map(value);
        }
    }

    /// Pops a value.
    pub fn pop(&mut self) -> Value {
        self.stack.pop()
    }

    /// Pops two values; the second was on top.
    pub fn pop2(&mut self) -> (Value, Value) {
        let second = self.pop();
        (self.pop(), second)
    }

    /// Pops three values; the third was on top.
    pub fn pop3(&mut self) -> (Value, Value, Value) {
        let third = self.pop();
        let (first, second) = self.pop2();
        (first, second, third)
    }

    /// Pushes the result of a comparison, an instruction of one byte: widened, unless all that the next
    /// instruction wants to know is whether it is zero.
    pub fn push_comparison(&mut self, result: Value) {
        const IF: u8 = 0x04;
        const BR_IF: u8 = 0x0d;
        const SELECT: u8 = 0x1b;
        const I32_EQZ: u8 = 0x45;
        let next = self.body.and_then(|body| body.bytes.get(self.offset + 1 - body.offset));
        let result = match next {
            Some(&(IF | BR_IF | SELECT | I32_EQZ)) => result,
            _ => self.ins().uextend(ir::types::I32, result),
        };
        self.push(result);
    }

    /// Pops a condition for a branch or select: any integer, true unless zero. Looks through
    /// the widening of a comparison's result.
    pub fn pop_condition(&mut self) -> Value {
        let value = self.pop();
        let dfg = &self.builder.func.dfg;
        let Some(inst) = dfg.value_def(value).inst() else { return value };
        match dfg.insts[inst] {
            InstructionData::Unary { opcode: Opcode::Uextend, arg }
                if dfg.value_type(arg) == ir::types::I8 =>
            {
                arg
            }
            _ => value,
        }
    }

    /// A number, by its bits, that is made here or was before.
    pub fn number(&mut self, ty: ir::Type, bits: u64) -> Value {
        let what = What::Number(ty, bits);
        if let Some((value, _)) = self.made.find(what) {
            return value;
        }
        let value = match ty {
            ir::types::F32 => self.ins().f32const(Ieee32::with_bits(bits as u32)),
            ir::types::F64 => self.ins().f64const(Ieee64::with_bits(bits)),
            _ => self.ins().iconst(ty, bits as i64),
        };
        self.made.add(what, value, 0);
        value
    }

    /// The bits of a value that is an integer constant, zero-extended.
    pub fn constant(&self, value: Value) -> Option<u64> {
        constant(&self.builder.func.dfg, value)
    }

    /// What is said of the current instruction, a branch: whether it is likely taken.
    pub fn hint(&self) -> Option<bool> {
        self.body?.hint(self.offset)
    }

    /// Whether the current position is rarely reached.
    pub fn is_cold(&self) -> bool {
        let block = self.builder.current_block();
        block.is_some_and(|block| self.builder.func.layout.is_cold(block))
    }

    /// A new block with a parameter for each of these types, cold if the current one is: it is
    /// to be reached from here or from what follows.
    pub fn block(&mut self, params: &[ValType]) -> ir::Block {
        let cold = self.is_cold();
        let block = self.builder.create_block();
        if cold {
            self.builder.set_cold_block(block);
        }
        for &ty in params {
            let value = self.builder.append_block_param(block, clif(ty));
            self.declare(value, ty);
        }
        block
    }

    /// Goes on in a block that no further branch leads to.
    pub fn start(&mut self, block: ir::Block) {
        self.builder.switch_to_block(block);
        self.builder.seal_block(block);
    }

    /// A signature of the module, for calls that pass these contexts.
    pub fn signature(&mut self, sig: SigIndex, contexts: Contexts) -> SigRef {
        let (module, func) = (self.module, &mut self.builder.func);
        *self.signatures.entry((sig, contexts)).or_insert_with(|| {
            func.import_signature(super::types::body(&module.signatures[sig], contexts))
        })
    }

    /// A function to call directly; `signature` makes its signature when it is first used.
    pub fn callee(
        &mut self,
        reference: Reference,
        signature: impl FnOnce(&mut Self) -> SigRef,
    ) -> FuncRef {
        if let Some(&callee) = self.callees.get(&reference) {
            return callee;
        }
        let signature = signature(self);
        let name = self.external_name(reference);
        // Everything that code calls directly is in the same program.
        let data = ExtFuncData { name, signature, colocated: true, patchable: false };
        let callee = self.builder.import_function(data);
        self.callees.insert(reference, callee);
        callee
    }

    /// Adds a signature that is none of the module's.
    pub fn import_signature(&mut self, signature: Signature) -> SigRef {
        self.builder.import_signature(signature)
    }

    /// The name of something that code refers to.
    pub fn external_name(&mut self, reference: Reference) -> ExternalName {
        ExternalName::user(self.builder.func.declare_imported_user_function(reference.into()))
    }
}
