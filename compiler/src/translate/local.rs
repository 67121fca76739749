//! Locals: `local.get`, `local.set`, `local.tee`. Parameters are the first of them.
//!
//! They are variables, for which the frontend makes values as they are needed: in the worst case
//! one per local and place where control flow meets, which for a hostile function is the square
//! of its size. Functions of that kind ([`super::size`]) have their locals in the frame instead.

use cranelift_codegen::ir::{InstBuilder, StackSlot, StackSlotData, StackSlotKind, Type, Value};
use cranelift_frontend::Variable;

use super::context::Context;
use super::made::What;
use super::simd;
use super::types::{POINTER, clif, needs_stack_map};
use crate::module::{Loop, ValType};

/// Where a local is.
#[derive(Clone, Copy)]
pub enum Local {
    /// Nowhere in particular.
    Variable(Variable, ValType),
    /// In the frame.
    Slot(StackSlot, Type),
}

/// Adds `count` locals of a type that start as `value`.
pub fn declare(cx: &mut Context<'_, '_>, ty: ValType, count: u32, value: Value) {
    for _ in 0..count {
        // The runtime finds references through the values that they are.
        let local = if cx.locals_in_frame && !needs_stack_map(ty) {
            let size = clif(ty).bytes();
            let align = size.trailing_zeros() as u8;
            let slot = StackSlotData::new(StackSlotKind::ExplicitSlot, size, align);
            Local::Slot(cx.builder.create_sized_stack_slot(slot), clif(ty))
        } else {
            Local::Variable(variable(cx, ty), ty)
        };
        cx.locals.push(local);
        write(cx, cx.locals.len() as u32 - 1, value);
    }
}

/// A variable for values of a type: one that is free, or a new one. Each costs memory in every
/// block that sets it.
fn variable(cx: &mut Context<'_, '_>, ty: ValType) -> Variable {
    if let Some(place) = cx.spare.iter().position(|&(_, spare)| spare == ty) {
        return cx.spare.swap_remove(place).0;
    }
    let variable = cx.builder.declare_var(clif(ty));
    if needs_stack_map(ty) {
        cx.builder.declare_var_needs_stack_map(variable);
    }
    variable
}

/// Sets free the variables of locals that are no more. Whoever gets one sets it first.
pub fn release(cx: &mut Context<'_, '_>, locals: Vec<Local>) {
    for local in locals {
        if let Local::Variable(variable, ty) = local {
            cx.spare.push((variable, ty));
        }
    }
}

fn write(cx: &mut Context<'_, '_>, index: u32, value: Value) {
    match cx.locals[index as usize] {
        Local::Variable(variable, _) => {
            cx.builder.def_var(variable, value);
            if index < Loop::FEW {
                cx.made.add(What::Held(variable), value, 0);
            }
        }
        Local::Slot(slot, _) => {
            cx.ins().stack_store(POINTER, value, slot, 0);
        }
    }
}

/// The value that locals of a type start with.
pub fn zero(cx: &mut Context<'_, '_>, ty: ValType) -> Value {
    match ty {
        ValType::V128 => simd::constant(cx, [0; 16]),
        // The runtime looks for what is a reference anywhere.
        _ if needs_stack_map(ty) => cx.ins().iconst(clif(ty), 0),
        _ => cx.number(clif(ty), 0),
    }
}

/// `local.get`.
pub fn get(cx: &mut Context<'_, '_>, index: u32) {
    let value = match cx.locals[index as usize] {
        Local::Variable(variable, _) if index < Loop::FEW => held(cx, variable),
        Local::Variable(variable, _) => cx.builder.use_var(variable),
        Local::Slot(slot, ty) => cx.ins().stack_load(POINTER, ty, slot, 0),
    };
    cx.push(value);
}

/// What a variable holds, as far as loops tell what they set.
fn held(cx: &mut Context<'_, '_>, variable: Variable) -> Value {
    let what = What::Held(variable);
    if let Some((value, _)) = cx.made.find(what) {
        return value;
    }
    let value = cx.builder.use_var(variable);
    cx.made.add(what, value, 0);
    value
}

/// A loop is about to begin. What it sets is something else in its next turn. All else that is known stays so: in the
/// loop the frontend would make a parameter for it, to find at the end that it is the same each turn, if it does.
pub fn begin_loop(cx: &mut Context<'_, '_>, it: &Loop) {
    let mut sets = it.sets;
    while sets != 0 {
        if let Local::Variable(variable, _) = cx.locals[sets.trailing_zeros() as usize] {
            cx.made.forget(variable);
        }
        sets &= sets - 1;
    }
}

/// `local.set`.
pub fn set(cx: &mut Context<'_, '_>, index: u32) {
    let value = cx.pop();
    write(cx, index, value);
}

/// `local.tee`.
pub fn tee(cx: &mut Context<'_, '_>, index: u32) {
    set(cx, index);
    get(cx, index);
}
