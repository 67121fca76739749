//! What of a block is in registers where.
//!
//! A block is straight, so that it is known what is used when. Where another register is wanted, the value loses its own
//! that is used again last (Belady's rule). What comes from the frame is an operand there, if the instruction takes one from memory and
//! no register is free; or else it gets a register again. In a loop, those of the parameters that lose
//! their registers go around in the frame, if they can: then everything is planned anew.

use std::collections::{HashMap, HashSet};

use cranelift_codegen::ir::{Function, Inst, InstructionData, Opcode, Value, types};

use super::body::{Body, Users, each_wanted};
use crate::finish::in_register;
use crate::translate::constant;

/// How many values have registers. All but one that can be allocated: the last one has the frame's address.
const REGISTERS: usize = 13;
/// How often it is planned anew.
const TRIES: usize = 8;
/// The fewest instructions that have to have an operand from the frame.
const WORTH: usize = 8;
/// The most values that are in the frame for this: it takes a KiB more at most.
const PLACES: usize = 128;
/// The most branches that lead into a loop whose parameters go around in the frame: each stores what they are first.
const ENTRIES: usize = 4;
/// Where what is not used again is used.
const NEVER: usize = usize::MAX;

/// What of a block is in registers where.
#[derive(Default)]
pub struct Plan {
    /// The parameters that go around in the frame.
    pub at_home: HashSet<Value>,
    /// What is loaded, in order.
    pub loads: Vec<Load>,
    /// What is stored where it is made, in order of their numbers.
    pub stored: Vec<Value>,
    /// What is stored as a parameter's next value after it was made, in order.
    pub late: Vec<Late>,
    /// What those who use it behind the loop load for themselves.
    pub behind: HashSet<Value>,
    /// The parameters that should go around in the frame.
    lost: Vec<Value>,
}

/// A load.
pub struct Load {
    /// The instruction in front of which it is.
    pub place: usize,
    pub value: Value,
    /// Whether it is that one's operand, and has no register.
    pub is_operand: bool,
}

/// A parameter's next value, made when the parameter was still wanted.
pub struct Late {
    /// The instruction behind which it is stored as the parameter.
    pub place: usize,
    pub value: Value,
    /// Whether it has to be loaded for that.
    pub is_loaded: bool,
}

impl Plan {
    pub fn new(func: &Function, body: &Body, users: &Users) -> Self {
        let mut plan = Planner::new(func, body, users, HashSet::new()).plan();
        for _ in 0..TRIES {
            if plan.lost.is_empty() {
                break;
            }
            let Self { mut at_home, lost, .. } = plan;
            at_home.extend(lost);
            plan = Planner::new(func, body, users, at_home).plan();
        }
        plan
    }

    /// Whether this is better than what register allocation would do: a load into a register is what that does.
    pub fn pays(&self) -> bool {
        let operands = self.loads.iter().filter(|load| load.is_operand).count();
        operands >= WORTH
            && operands * 2 >= self.loads.len()
            && self.stored.len() + self.at_home.len() <= PLACES
    }
}

struct Planner<'a> {
    func: &'a Function,
    body: &'a Body,
    users: &'a Users,
    /// Where each value is used, with what is used around the loop and behind it.
    uses: HashMap<Value, Vec<usize>>,
    /// What is stored as a parameter's next value where it is made.
    goes_home: HashSet<Value>,
    /// What is stored so later, by the place behind which that is.
    late: HashMap<usize, Vec<Value>>,
    /// What has a register.
    held: Vec<Value>,
    /// What is in the frame, or will be.
    in_frame: HashSet<Value>,
    plan: Plan,
}

impl<'a> Planner<'a> {
    fn new(func: &'a Function, body: &'a Body, users: &'a Users, at_home: HashSet<Value>) -> Self {
        let mut planner = Self {
            func,
            body,
            users,
            uses: body.uses.clone(),
            goes_home: HashSet::new(),
            late: HashMap::new(),
            held: Vec::new(),
            in_frame: at_home.clone(),
            plan: Plan { at_home, ..Plan::default() },
        };
        for (param, next) in body.around() {
            if !planner.plan.at_home.contains(&param) {
                planner.is_used(next, body.end());
                continue;
            }
            // Not before the parameter itself is wanted no more.
            let last = body.uses.get(&param).and_then(|places| places.last());
            match last.filter(|&&last| last > body.made[&next]) {
                Some(&last) => {
                    planner.is_used(next, last);
                    planner.late.entry(last).or_default().push(next);
                }
                None => {
                    planner.goes_home.insert(next);
                }
            }
        }
        for value in users.values() {
            if !planner.is_at_home(value) {
                let loads = body.back.is_some() && users.are_few(value);
                planner.is_used(value, body.end() + usize::from(loads || body.back.is_none()));
            }
        }
        planner
    }

    fn is_used(&mut self, value: Value, place: usize) {
        if in_register(self.func, value) {
            let places = self.uses.entry(value).or_default();
            if let Err(at) = places.binary_search(&place) {
                places.insert(at, place);
            }
        }
    }

    /// Whether a value is what a parameter in the frame is next.
    fn is_at_home(&self, value: Value) -> bool {
        self.goes_home.contains(&value) || self.late.values().flatten().any(|&late| late == value)
    }

    /// Whether a parameter can go around in the frame: nobody wants it when its next value is there, which is made here.
    fn can_be_at_home(&self, param: Value, next: Value) -> bool {
        let Self { body, users, .. } = self;
        let last = body.uses.get(&param).and_then(|places| places.last());
        let mut entries = body.entries.iter();
        body.made.contains_key(&next)
            && in_register(self.func, next)
            && !users.are(param)
            && users.are_few(next)
            && last.is_none_or(|&last| last < body.end())
            && body.around().all(|(other, it)| it != param && (it != next || other == param))
            && body.entries.len() <= ENTRIES
            && entries.all(|&inst| leads_once(self.func, inst, body))
    }

    fn plan(mut self) -> Plan {
        self.start();
        for place in 0..self.body.insts.len() {
            self.instruction(place);
        }
        self.finish()
    }

    /// What has registers first: what comes in, and of everything else what is used first.
    fn start(&mut self) {
        let Self { body, plan, uses, .. } = self;
        let comes_in =
            |value: &Value| !body.made.contains_key(value) && !plan.at_home.contains(value);
        let mut first: Vec<Value> = uses.keys().copied().filter(comes_in).collect();
        first.sort_by_key(|&value| (self.next_use(value, 0), value));
        for value in first {
            if self.held.len() < REGISTERS {
                self.held.push(value);
            } else {
                self.loses(value);
            }
        }
    }

    fn instruction(&mut self, place: usize) {
        let Self { func, body, .. } = *self;
        let inst = body.insts[place];
        let wanted = self.wanted(place);
        let missing: Vec<Value> =
            wanted.iter().copied().filter(|value| !self.held.contains(value)).collect();
        let operand = missing.iter().copied().find(|&value| {
            takes_from_memory(func, inst, value)
                && (self.held.len() >= REGISTERS || self.next_use(value, place + 1) == NEVER)
        });
        for value in missing {
            let is_operand = operand == Some(value);
            if !is_operand {
                self.make_room(place, &wanted);
                self.held.push(value);
            }
            self.in_frame.insert(value);
            self.plan.loads.push(Load { place, value, is_operand });
        }
        let late = self.late.remove(&place).unwrap_or_default();
        let mut held = std::mem::take(&mut self.held);
        held.retain(|value| self.next_use(*value, place + 1) != NEVER || late.contains(value));
        self.held = held;
        for &result in func.dfg.inst_results(inst) {
            if self.goes_home.contains(&result) {
                self.in_frame.insert(result);
            }
            if self.next_use(result, place + 1) != NEVER {
                self.make_room(place + 1, &late);
                self.held.push(result);
            }
        }
        for value in late {
            let is_loaded = !self.held.contains(&value);
            if is_loaded {
                self.make_room(place + 1, &[]);
                self.held.push(value);
            }
            self.in_frame.insert(value);
            self.plan.late.push(Late { place, value, is_loaded });
            if self.next_use(value, place + 1) == NEVER {
                self.held.retain(|&held| held != value);
            }
        }
    }

    /// What an instruction wants in registers; the last one of a loop, what goes around in them, too.
    fn wanted(&self, place: usize) -> Vec<Value> {
        let Self { func, body, .. } = *self;
        let end = body.end();
        let mut wanted = Vec::new();
        if place == end && body.back.is_some() {
            let here = |(&value, places): (&Value, &Vec<usize>)| {
                places.binary_search(&end).is_ok().then_some(value)
            };
            wanted.extend(self.uses.iter().filter_map(here));
            wanted.sort();
        } else {
            each_wanted(func, body.insts[place], None, |value| {
                if !wanted.contains(&value) {
                    wanted.push(value);
                }
            });
        }
        wanted
    }

    /// Takes a register from what is used again last, if there is none left.
    fn make_room(&mut self, place: usize, but: &[Value]) {
        if self.held.len() < REGISTERS {
            return;
        }
        let others = self.held.iter().copied().filter(|value| !but.contains(value));
        let last = others.max_by_key(|&value| {
            (self.next_use(value, place), self.in_frame.contains(&value), value)
        });
        if let Some(last) = last {
            self.held.retain(|&value| value != last);
            self.loses(last);
        }
    }

    /// A value has no register any more.
    fn loses(&mut self, value: Value) {
        self.in_frame.insert(value);
        for (param, next) in self.body.around() {
            if (param == value || next == value)
                && !self.plan.at_home.contains(&param)
                && self.can_be_at_home(param, next)
            {
                self.plan.lost.push(param);
            }
        }
    }

    /// Where a value is used next, from some place on. What is always the same is used again a turn later.
    fn next_use(&self, value: Value, from: usize) -> usize {
        let Some(places) = self.uses.get(&value) else { return NEVER };
        match places.get(places.partition_point(|&place| place < from)) {
            Some(&place) => place,
            None if self.body.back.is_some() && !self.body.makes(value) => {
                self.body.end() + 2 + places[0]
            }
            None => NEVER,
        }
    }

    fn finish(mut self) -> Plan {
        let late: HashMap<Value, usize> =
            self.plan.late.iter().map(|late| (late.value, late.place)).collect();
        // Everything else has a place of its own, until it is in a parameter's.
        let own = |load: &&Load| {
            let is_home = self.plan.at_home.contains(&load.value)
                || self.goes_home.contains(&load.value)
                || late.get(&load.value).is_some_and(|&place| load.place > place);
            !is_home
        };
        let loaded_late = self.plan.late.iter().filter(|late| late.is_loaded);
        let loaded = self.plan.loads.iter().filter(own).map(|load| load.value);
        let mut stored: Vec<Value> = loaded.chain(loaded_late.map(|late| late.value)).collect();
        if self.body.back.is_some() {
            let is_behind = |value: &Value| {
                in_register(self.func, *value)
                    && self.in_frame.contains(value)
                    && self.users.are_few(*value)
                    && !self.held.contains(value)
                    && !self.goes_home.contains(value)
                    && !late.contains_key(value)
            };
            self.plan.behind = self.users.values().filter(is_behind).collect();
        }
        stored.extend(&self.plan.behind);
        stored.sort();
        stored.dedup();
        self.plan.stored = stored;
        self.plan
    }
}

/// Whether a branch leads to a block by one of its sides only.
fn leads_once(func: &Function, inst: Inst, body: &Body) -> bool {
    let pool = &func.dfg.value_lists;
    match &func.dfg.insts[inst] {
        InstructionData::Jump { .. } => true,
        InstructionData::Brif { blocks, .. } => {
            blocks.iter().filter(|call| call.block(pool) == body.block).count() == 1
        }
        _ => false,
    }
}

/// Whether the machine's instruction takes a value from memory.
fn takes_from_memory(func: &Function, inst: Inst, value: Value) -> bool {
    let InstructionData::Binary { opcode, args } = func.dfg.insts[inst] else { return false };
    let is_constant = |&arg: &Value| constant(&func.dfg, arg).is_some();
    args[0] != args[1]
        && matches!(func.dfg.value_type(value), types::I32 | types::I64)
        && match opcode {
            Opcode::Iadd | Opcode::Band | Opcode::Bor | Opcode::Bxor | Opcode::Imul => {
                !args.iter().any(is_constant)
            }
            Opcode::Isub => args[1] == value,
            _ => false,
        }
}
