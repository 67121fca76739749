//! Validation, with any set of features. Everything outside function bodies goes through the
//! validator as it is read; the bodies follow in parallel. The error is the first in the file,
//! whatever the number of threads.

use rayon::prelude::*;
use wasmparser::{
    Error, FuncToValidate, FuncValidatorAllocations, FunctionBody, Parser, Payload, ValidPayload,
    Validator, ValidatorResources, WasmFeatures,
};

/// A valid module's parts in the file's order.
pub struct Sections<'a> {
    /// Everything but function bodies.
    pub payloads: Vec<Payload<'a>>,
    /// The function bodies.
    pub bodies: Vec<FunctionBody<'a>>,
}

type Unchecked<'a> = (FuncToValidate<ValidatorResources>, FunctionBody<'a>);

/// Validates a core module.
pub fn validate(wasm: &[u8], features: WasmFeatures) -> Result<Sections<'_>, Error> {
    let mut payloads = Vec::new();
    let mut functions = Vec::new();
    let outside = validate_outside(wasm, features, &mut payloads, &mut functions);
    let inside: Vec<Result<(), Error>> = functions
        .par_iter()
        .map_init(FuncValidatorAllocations::default, |allocations, function| {
            validate_body(allocations, function)
        })
        .collect();
    // Bodies that have been read lie before the place where reading stopped, if it did.
    inside.into_iter().collect::<Result<(), _>>()?;
    outside?;
    Ok(Sections { payloads, bodies: functions.into_iter().map(|(_, body)| body).collect() })
}

fn validate_outside<'a>(
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

fn validate_body(
    allocations: &mut FuncValidatorAllocations,
    (function, body): &Unchecked<'_>,
) -> Result<(), Error> {
    let function = FuncToValidate {
        resources: function.resources.clone(),
        index: function.index,
        ty: function.ty,
        features: function.features,
    };
    let mut validator = function.into_validator(std::mem::take(allocations));
    let mut reader = body.get_binary_reader();
    validator.read_locals(&mut reader)?;
    while !reader.eof() {
        let offset = reader.original_position();
        reader.visit_operator(&mut validator.visitor(offset))??;
    }
    reader.finish_expression(&validator.visitor(reader.original_position()))?;
    *allocations = validator.into_allocations();
    Ok(())
}
