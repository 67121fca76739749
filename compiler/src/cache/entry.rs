//! A compiled function as bytes, both ways.
//!
//! Places in the wasm file are written as a body and a distance from where it starts, so that they
//! are right wherever that body is next time. Functions with bodies are written by the
//! [part](super::roles) that they play, whatever their indices are next time.

use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::ir::UserExternalName;
use wasmaot_abi::func_info::{Site, StackMap};
use wasmaot_abi::traps::TrapCode;

use super::bytes::{Reader, Writer};
use super::roles::Roles;
use crate::codegen::{Compiled, Info, Relocation, RelocationTarget};
use crate::frame::Rule;
use crate::func_key::{FuncKey, Reference};
use crate::index::FuncIndex;
use crate::module::Module;
use crate::place::Place;
use crate::translate::srcloc::Inlined;

/// Where bodies lie in the file.
#[derive(Default)]
pub struct Places {
    /// Start, end and index of each defined function's body, in the file's order.
    bodies: Vec<(u32, u32, FuncIndex)>,
    imported: u32,
}

impl Places {
    /// Those of a module.
    pub fn new(module: &Module<'_>) -> Self {
        let bodies = module.functions.iter().filter_map(|(func, function)| {
            let body = function.body.as_ref()?;
            let start = body.offset as u32;
            Some((start, start + body.bytes.len() as u32, func))
        });
        Self { bodies: bodies.collect(), imported: module.imported_functions }
    }

    /// The body that an offset in the file is in.
    fn find(&self, offset: u32) -> Option<(FuncIndex, u32)> {
        let after = self.bodies.partition_point(|&(start, ..)| start <= offset);
        let &(start, end, func) = self.bodies[..after].last()?;
        (offset <= end).then_some((func, offset - start))
    }

    /// Where a body starts.
    fn start(&self, func: FuncIndex) -> Option<u32> {
        let place = func.as_u32().checked_sub(self.imported)?;
        Some(self.bodies.get(place as usize)?.0)
    }
}

/// What a function's entry refers to, and how.
pub struct Context<'k> {
    /// Where bodies lie.
    pub places: &'k Places,
    /// Who plays which part, if the function has a body.
    pub roles: Option<&'k Roles>,
}

impl Context<'_> {
    /// A function: by its part, or, where nobody has parts, its index.
    fn number(&self, func: FuncIndex) -> Option<u32> {
        match self.roles {
            Some(roles) => roles.number(func),
            None => Some(func.as_u32()),
        }
    }

    fn func(&self, number: u32) -> Option<FuncIndex> {
        match self.roles {
            Some(roles) => roles.all().get(number as usize).copied(),
            None => Some(FuncIndex::from_u32(number)),
        }
    }

    /// An offset in a file that is 0 where there is none.
    fn write_place(&self, to: &mut Writer, offset: u32) -> Option<()> {
        match self.places.find(offset) {
            Some((func, distance)) => {
                to.number(u64::from(distance) + 1);
                to.number(self.number(func)?.into());
            }
            None if offset == 0 => to.number(0),
            None => return None,
        }
        Some(())
    }

    fn read_place(&self, from: &mut Reader<'_>) -> Option<u32> {
        match from.small::<u32>()? {
            0 => Some(0),
            distance => {
                let start = self.places.start(self.func(from.small()?)?)?;
                start.checked_add(distance - 1)
            }
        }
    }

    fn write_reference(&self, to: &mut Writer, reference: Reference) -> Option<()> {
        let mut name = UserExternalName::from(reference);
        if let Reference::Func(FuncKey::Body(func)) = reference {
            name.index = self.number(func)?;
        }
        to.number(u64::from(name.namespace) + 1);
        to.number(name.index.into());
        Some(())
    }

    fn read_reference(&self, namespace: u32, index: u32) -> Option<Reference> {
        match Reference::find(&UserExternalName { namespace, index })? {
            Reference::Func(FuncKey::Body(func)) => {
                Some(Reference::Func(FuncKey::Body(self.func(func.as_u32())?)))
            }
            other => Some(other),
        }
    }
}

/// The kinds of relocation that emission knows.
const KINDS: &[Reloc] = &[
    Reloc::X86PCRel4,
    Reloc::X86CallPCRel4,
    Reloc::X86CallPLTRel4,
    Reloc::Arm64Call,
    Reloc::Aarch64AdrPrelPgHi21,
    Reloc::Aarch64AddAbsLo12Nc,
];

/// The bytes of a function; `None` if it has anything that they have no form for.
pub fn encode(compiled: &Compiled, cx: &Context<'_>) -> Option<Vec<u8>> {
    let Compiled { key: _, code, place, relocations, frame, info, source } = compiled;
    let mut to = Writer(Vec::with_capacity(code.len() + 8 * relocations.len() + 64));
    to.bytes(code);
    to.number(place.align());
    to.number(place.skew() as u64);
    let mut all_known = true;
    to.list(relocations, |to, relocation| {
        let Relocation { offset, kind, target, addend } = relocation;
        to.number(u64::from(*offset));
        let kind = KINDS.iter().position(|known| known == kind);
        all_known &= kind.is_some();
        to.number(kind.unwrap_or_default() as u64);
        match target {
            RelocationTarget::Own => to.number(0),
            RelocationTarget::Reference(reference) => {
                all_known &= cx.write_reference(to, *reference).is_some();
            }
        }
        to.signed(*addend);
    });
    to.list(frame, |to, (offset, rule)| {
        to.number(u64::from(*offset));
        write_rule(to, *rule);
    });
    to.number(info.is_some().into());
    if let Some(Info { frame_size, inlined, sites, stack_maps }) = info {
        to.number(u64::from(*frame_size));
        to.list(inlined, |to, inlined| {
            to.number(u64::from(inlined.parent));
            all_known &= cx.write_place(to, inlined.call).is_some();
            let number = cx.number(inlined.func);
            all_known &= number.is_some();
            to.number(number.unwrap_or_default().into());
        });
        to.list(sites, |to, Site { code_offset, wasm_offset, trap, inlined }| {
            to.number(u64::from(*code_offset));
            all_known &= cx.write_place(to, *wasm_offset).is_some();
            // No trap has the number 0.
            to.number(trap.map_or(0, |trap| trap as u64));
            to.number(u64::from(*inlined));
        });
        to.list(stack_maps, |to, StackMap { code_offset, slots }| {
            to.number(u64::from(*code_offset));
            to.list(slots, |to, slot| to.number(u64::from(*slot)));
        });
    }
    to.list(source, |to, (start, end, offset)| {
        to.number(u64::from(*start));
        to.number(u64::from(*end));
        all_known &= cx.write_place(to, *offset).is_some();
    });
    all_known.then_some(to.0)
}

/// The function of these bytes; `None` if they are none's.
pub fn decode(bytes: &[u8], key: FuncKey, cx: &Context<'_>) -> Option<Compiled> {
    let mut from = Reader(bytes);
    let compiled = Compiled {
        key,
        code: from.bytes()?.to_vec(),
        place: Place::new(from.number()?, from.number()?)?,
        relocations: from.list(|from| {
            Some(Relocation {
                offset: from.small()?,
                kind: *KINDS.get(from.small::<usize>()?)?,
                target: match from.small::<u32>()? {
                    0 => RelocationTarget::Own,
                    namespace => {
                        let reference = cx.read_reference(namespace - 1, from.small()?)?;
                        RelocationTarget::Reference(reference)
                    }
                },
                addend: from.signed()?,
            })
        })?,
        frame: from.list(|from| Some((from.small()?, read_rule(from)?)))?,
        info: match from.number()? {
            0 => None,
            _ => Some(Info {
                frame_size: from.small()?,
                inlined: from.list(|from| {
                    let (parent, call) = (from.small()?, cx.read_place(from)?);
                    Some(Inlined::known(parent, call, cx.func(from.small()?)?))
                })?,
                sites: from.list(|from| {
                    Some(Site {
                        code_offset: from.small()?,
                        wasm_offset: cx.read_place(from)?,
                        trap: match from.small::<u8>()? {
                            0 => None,
                            code => Some(TrapCode::from_code(code)?),
                        },
                        inlined: from.small()?,
                    })
                })?,
                stack_maps: from.list(|from| {
                    let code_offset = from.small()?;
                    Some(StackMap { code_offset, slots: from.list(Reader::small)? })
                })?,
            }),
        },
        source: from.list(|from| Some((from.small()?, from.small()?, cx.read_place(from)?)))?,
    };
    from.0.is_empty().then_some(compiled)
}

fn write_rule(to: &mut Writer, rule: Rule) {
    let (kind, register, offset) = match rule {
        Rule::FrameOffset(offset) => (0, 0, offset),
        Rule::FrameRegister(register) => (1, register, 0),
        Rule::Saved(register, offset) => (2, register, offset),
        Rule::Equals(register, offset) => (3, register, offset),
        Rule::Signed(signed) => (4, 0, signed.into()),
    };
    to.number(kind);
    to.number(register.into());
    to.signed(offset.into());
}

fn read_rule(from: &mut Reader<'_>) -> Option<Rule> {
    let (kind, register) = (from.number()?, from.small()?);
    let offset = from.signed()?.try_into().ok()?;
    Some(match kind {
        0 => Rule::FrameOffset(offset),
        1 => Rule::FrameRegister(register),
        2 => Rule::Saved(register, offset),
        3 => Rule::Equals(register, offset),
        4 => Rule::Signed(offset != 0),
        _ => return None,
    })
}
