//! Validation, with any set of features. Everything outside function bodies goes through the
//! validator as it is read; the bodies follow in parallel, and are [scanned](super::scan) in the same go. The error
//! is the first in the file, whatever the number of threads.

use rayon::prelude::*;
use wasmparser::{
    Error, FrameKind, FrameStack, FuncToValidate, FuncValidatorAllocations, FunctionBody, Operator,
    Parser, Payload, ValidPayload, Validator, ValidatorResources, VisitOperator, VisitSimdOperator,
    WasmFeatures,
};

use super::scan::{Scan, Scanner};
use crate::module::Module;

/// A module's parts in the file's order.
pub struct Outside<'a> {
    /// Everything but function bodies: it is valid.
    pub payloads: Vec<Payload<'a>>,
    /// The function bodies.
    pub functions: Vec<Unchecked<'a>>,
    /// Whether that is all. Bodies lie before the place where reading stopped, if it did.
    pub end: Result<(), Error>,
}

/// A function body, and what it takes to validate it.
pub type Unchecked<'a> = (FuncToValidate<ValidatorResources>, FunctionBody<'a>);

/// Validates a core module: the first error in it.
pub fn validate(wasm: &[u8], features: WasmFeatures) -> Result<(), Error> {
    let Outside { functions, end, .. } = outside(wasm, features);
    bodies(&functions, None)?;
    end
}

/// Validates a core module outside of its function bodies.
pub fn outside(wasm: &[u8], features: WasmFeatures) -> Outside<'_> {
    let (mut payloads, mut functions) = (Vec::new(), Vec::new());
    let end = read(wasm, features, &mut payloads, &mut functions);
    Outside { payloads, functions, end }
}

fn read<'a>(
    wasm: &'a [u8],
    features: WasmFeatures,
    payloads: &mut Vec<Payload<'a>>,
    functions: &mut Vec<Unchecked<'a>>,
) -> Result<(), Error> {
    let mut validator = Validator::new_with_features(features);
    let mut parser = Parser::new(0);
    parser.set_features(features);
    for payload in parser.parse_all(wasm) {
        let payload = payload?;
        match validator.payload(&payload)? {
            ValidPayload::Func(function, body) => functions.push((function, body)),
            _ => payloads.push(payload),
        }
    }
    Ok(())
}

/// Validates function bodies; what is found in them, if their module is known.
pub fn bodies(
    functions: &[Unchecked<'_>],
    module: Option<&Module<'_>>,
) -> Result<Vec<Option<Scan>>, Error> {
    let results: Vec<_> = functions
        .par_iter()
        .map_init(FuncValidatorAllocations::default, |allocations, function| {
            body(allocations, function, module)
        })
        .collect();
    results.into_iter().collect()
}

fn body(
    allocations: &mut FuncValidatorAllocations,
    (function, body): &Unchecked<'_>,
    module: Option<&Module<'_>>,
) -> Result<Option<Scan>, Error> {
    let function = FuncToValidate {
        resources: function.resources.clone(),
        index: function.index,
        ty: function.ty,
        features: function.features,
    };
    let mut validator = function.into_validator(std::mem::take(allocations));
    let mut reader = body.get_binary_reader();
    let start = reader.original_position();
    validator.read_locals(&mut reader)?;
    let mut scanner = module.map(|module| Scanner::new(module, body)).transpose()?;
    while !reader.eof() {
        let offset = reader.original_position();
        let op = reader.visit_operator(&mut Valid(validator.visitor(offset)))??;
        if let Some(scanner) = &mut scanner {
            scanner.follow(&op, (offset - start) as u32);
        }
    }
    reader.finish_expression(&validator.visitor(reader.original_position()))?;
    *allocations = validator.into_allocations();
    Ok(scanner.map(Scanner::finish))
}

/// Makes an instruction of what the validator finds to be valid.
struct Valid<V>(V);

impl<V: FrameStack> FrameStack for Valid<V> {
    fn current_frame(&self) -> Option<FrameKind> {
        self.0.current_frame()
    }
}

macro_rules! validate {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(fn $visit(&mut self $($(, $arg: $ty)*)?) -> Self::Output {
            self.0.$visit($($($arg.clone()),*)?)?;
            Ok(Operator::$op $({ $($arg),* })?)
        })*
    };
}

macro_rules! validate_simd {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(fn $visit(&mut self $($(, $arg: $ty)*)?) -> Self::Output {
            if let Some(validator) = self.0.simd_visitor() {
                validator.$visit($($($arg.clone()),*)?)?;
            }
            Ok(Operator::$op $({ $($arg),* })?)
        })*
    };
}

impl<'a, V: VisitOperator<'a, Output = Result<(), Error>>> VisitOperator<'a> for Valid<V> {
    type Output = Result<Operator<'a>, Error>;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Self::Output>> {
        self.0.simd_visitor().is_some().then_some(self as _)
    }

    wasmparser::for_each_visit_operator!(validate);
}

impl<'a, V: VisitOperator<'a, Output = Result<(), Error>>> VisitSimdOperator<'a> for Valid<V> {
    wasmparser::for_each_visit_simd_operator!(validate_simd);
}
