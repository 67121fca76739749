//! Loads and stores, as planned.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::mem;

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::{
    BlockCall, Function, Inst, InstBuilder, InstructionData, MemFlagsData, Opcode, StackSlot,
    StackSlotData, StackSlotKind, Value, ValueDef, types,
};

use super::body::{Back, Body, Users};
use super::plan::{Late, Load, Plan};

/// Does to a function what was planned for one of its blocks.
pub fn apply(func: &mut Function, body: &Body, users: &Users, plan: &Plan) {
    let slot = StackSlotData::new(StackSlotKind::ExplicitSlot, 0, 3);
    let slot = func.create_sized_stack_slot(slot);
    // Loads are operands by a register only.
    let address =
        FuncCursor::new(func).at_inst(body.insts[0]).ins().stack_addr(types::I64, slot, 0);
    let home = body.around().filter(|(param, _)| plan.at_home.contains(param));
    let home = home.map(|(param, next)| (next, param)).collect();
    let mut frame = Frame { func, slot, address, size: 0, places: HashMap::new() };
    for value in by_loads(plan) {
        frame.place(value);
    }
    let mut apply = Apply { frame, body, plan, home, names: HashMap::new() };
    apply.inside();
    apply.behind(users);
    apply.around();
}

/// What gets a place in the frame, beginning with what is loaded most: what lies nearest takes the shortest instructions.
fn by_loads(plan: &Plan) -> Vec<Value> {
    let mut counts: HashMap<Value, usize> = HashMap::new();
    plan.loads.iter().for_each(|load| *counts.entry(load.value).or_default() += 1);
    let mut values: Vec<Value> = plan.at_home.iter().chain(&plan.stored).copied().collect();
    values.sort_by_key(|value| (Reverse(counts.get(value).copied().unwrap_or_default()), *value));
    values
}

/// Where values are in the frame.
struct Frame<'a> {
    func: &'a mut Function,
    slot: StackSlot,
    /// Where it begins, in the block.
    address: Value,
    /// How many bytes it has.
    size: u32,
    places: HashMap<Value, u32>,
}

impl Frame<'_> {
    /// How far from its beginning a value is.
    fn place(&mut self, value: Value) -> i32 {
        let size = self.func.dfg.value_type(value).bytes();
        let place = *self.places.entry(value).or_insert_with(|| {
            let place = self.size.next_multiple_of(size);
            self.size = place + size;
            place
        });
        self.func.sized_stack_slots[self.slot].size = self.size;
        place as i32
    }

    /// Stores something as a value, in front of an instruction.
    fn store(&mut self, what: Value, value: Value, before: Inst) {
        let place = self.place(value);
        let srcloc = self.func.srcloc(before);
        let mut cursor = FuncCursor::new(self.func).at_inst(before).with_srcloc(srcloc);
        let address = cursor.ins().stack_addr(types::I64, self.slot, place);
        cursor.ins().store(MemFlagsData::trusted(), what, address, 0);
    }

    /// Loads a value, in front of an instruction.
    fn load(&mut self, value: Value, before: Inst, is_operand: bool) -> Value {
        let place = self.place(value);
        let ty = self.func.dfg.value_type(value);
        let srcloc = self.func.srcloc(before);
        let mut cursor = FuncCursor::new(self.func).at_inst(before).with_srcloc(srcloc);
        if is_operand {
            return cursor.ins().load(ty, MemFlagsData::trusted(), self.address, place);
        }
        let address = cursor.ins().stack_addr(types::I64, self.slot, place);
        cursor.ins().load(ty, MemFlagsData::trusted(), address, 0)
    }
}

struct Apply<'a> {
    frame: Frame<'a>,
    body: &'a Body,
    plan: &'a Plan,
    /// What is stored as which parameter.
    home: HashMap<Value, Value>,
    /// What values that were loaded are called by now.
    names: HashMap<Value, Value>,
}

impl Apply<'_> {
    /// What is done in the block, and to what it uses where that is made.
    fn inside(&mut self) {
        let Self { body, plan, .. } = *self;
        let mut stored: HashSet<Value> = plan.stored.iter().copied().collect();
        let late: HashSet<Value> = plan.late.iter().map(|late| late.value).collect();
        for &value in plan.stored.iter().filter(|value| !body.made.contains_key(value)) {
            stored.remove(&value);
            let before = self.behind_definition(value);
            self.frame.store(value, value, before);
        }
        // What is in a parameter's place by now.
        let mut done: HashSet<Value> = HashSet::new();
        let mut loads = plan.loads.iter().peekable();
        let mut lates = plan.late.iter().peekable();
        for (place, &inst) in body.insts.iter().enumerate() {
            let mut operand = None;
            while let Some(&Load { value, is_operand, .. }) =
                loads.next_if(|load| load.place == place)
            {
                let from = if done.contains(&value) { self.home[&value] } else { value };
                let name = self.frame.load(from, inst, is_operand);
                if is_operand {
                    operand = Some((value, name));
                } else {
                    self.names.insert(value, name);
                }
            }
            let names = &self.names;
            let name = |value| match operand {
                Some((of, name)) if of == value => name,
                _ => names.get(&value).copied().unwrap_or(value),
            };
            self.frame.func.dfg.map_inst_values(inst, name);
            let Some(behind) = self.frame.func.layout.next_inst(inst) else { break };
            for value in self.frame.func.dfg.inst_results(inst).to_vec() {
                match self.home.get(&value) {
                    Some(&param) if !late.contains(&value) => {
                        self.frame.store(value, param, behind);
                        done.insert(value);
                    }
                    _ if stored.remove(&value) => self.frame.store(value, value, behind),
                    _ => {}
                }
            }
            while let Some(&Late { value, is_loaded, .. }) =
                lates.next_if(|late| late.place == place)
            {
                if is_loaded {
                    let name = self.frame.load(value, behind, false);
                    self.names.insert(value, name);
                }
                let name = self.names.get(&value).copied().unwrap_or(value);
                self.frame.store(name, self.home[&value], behind);
                done.insert(value);
            }
        }
    }

    /// The instruction that comes behind a value that is made elsewhere.
    fn behind_definition(&self, value: Value) -> Inst {
        let func = &self.frame.func;
        let behind = match func.dfg.value_def(value) {
            ValueDef::Result(inst, _) => func.layout.next_inst(inst),
            ValueDef::Param(block, _) => func.layout.first_inst(block),
            ValueDef::Union(..) => unreachable!("optimisation has chosen between them"),
        };
        behind.expect("blocks end with branches, which make nothing")
    }

    /// What is done behind the block.
    fn behind(&mut self, users: &Users) {
        let mut made: Vec<Value> = users.values().collect();
        made.sort();
        for value in made {
            let from = match self.home.get(&value) {
                Some(&param) => Some(param),
                None => self.plan.behind.contains(&value).then_some(value),
            };
            for &user in users.of(value) {
                let name = match from {
                    Some(from) => self.frame.load(from, user, false),
                    None => self.names.get(&value).copied().unwrap_or(value),
                };
                let rename = |used| if used == value { name } else { used };
                self.frame.func.dfg.map_inst_values(user, rename);
            }
        }
    }

    /// Takes the parameters that are in the frame out of the block's, and stores what they are first.
    fn around(&mut self) {
        let Self { body, plan, .. } = *self;
        let Some(Back { target, .. }) = body.back else { return };
        let is_home = |place: &usize| plan.at_home.contains(&body.params[*place]);
        // From the end, or those behind would move.
        let places: Vec<usize> = (0..body.params.len()).rev().filter(is_home).collect();
        if places.is_empty() {
            return;
        }
        for &entry in &body.entries {
            let jump = own_jump(self.frame.func, entry, body);
            let dfg = &self.frame.func.dfg;
            let InstructionData::Jump { destination, .. } = dfg.insts[jump] else { continue };
            let args: Vec<_> = destination.args(&dfg.value_lists).collect();
            for &place in &places {
                let first = args[place].as_value().expect("jumps pass values");
                self.frame.store(first, body.params[place], jump);
            }
            let dfg = &mut self.frame.func.dfg;
            if let InstructionData::Jump { destination, .. } = &mut dfg.insts[jump] {
                places.iter().for_each(|&place| destination.remove(place, &mut dfg.value_lists));
            }
        }
        let dfg = &mut self.frame.func.dfg;
        if let InstructionData::Brif { blocks, .. } = &mut dfg.insts[body.insts[body.end()]] {
            places.iter().for_each(|&place| blocks[target].remove(place, &mut dfg.value_lists));
        }
        places.iter().for_each(|&place| dfg.remove_block_param(body.params[place]));
    }
}

/// The jump by which a branch leads to the block, which may get a block of its own.
fn own_jump(func: &mut Function, branch: Inst, body: &Body) -> Inst {
    if func.dfg.insts[branch].opcode() == Opcode::Jump {
        return branch;
    }
    let from = func.layout.inst_block(branch).expect("it leads here");
    let own = func.dfg.make_block();
    let to_own = BlockCall::new(own, [], &mut func.dfg.value_lists);
    let dfg = &mut func.dfg;
    let sides =
        dfg.insts[branch].branch_destination_mut(&mut dfg.jump_tables, &mut dfg.exception_tables);
    let side = sides.iter_mut().find(|call| call.block(&dfg.value_lists) == body.block);
    let destination = mem::replace(side.expect("it leads here"), to_own);
    let jump = func.dfg.make_inst(InstructionData::Jump { opcode: Opcode::Jump, destination });
    func.layout.insert_block_after(own, from);
    func.layout.append_inst(jump, own);
    func.set_srcloc(jump, func.srcloc(branch));
    jump
}
