//! A decoder of source maps, in Rust. It calls back for every mapping.

use serde_json::{Value, json};
use wasmaot::{Caller, HostError};

use super::guests::source_map::{Env, SourceMap};
use crate::case::{Case, Result, digest, len};

/// The mappings that were found.
struct Rows(Vec<[i32; 10]>);

impl Env for Rows {
    fn mapping_callback(
        mut caller: Caller<'_, Self>,
        line: i32,
        column: i32,
        has_last_column: i32,
        last_column: i32,
        has_original: i32,
        source: i32,
        original_line: i32,
        original_column: i32,
        has_name: i32,
        name: i32,
    ) -> Result<(), HostError> {
        caller.data_mut().0.push([
            line,
            column,
            has_last_column,
            last_column,
            has_original,
            source,
            original_line,
            original_column,
            has_name,
            name,
        ]);
        Ok(())
    }
}

pub fn drive(case: &Case<'_>) -> Result<Value> {
    let mut guest = SourceMap::new(Rows(Vec::new()))?;
    let input = case.bytes("input")?;
    let at = guest.allocate_mappings(len(&input)?)?;
    guest.write_memory(at as u32, &input)?;
    let mappings = guest.parse_mappings(at)?;
    if mappings == 0 {
        return Ok(json!({ "error": guest.get_last_error()? }));
    }
    if case.get("look_up").is_some() {
        let [line, column] = case.list("look_up")? else { return Err("line and column".into()) };
        let number = |value: &Value| value.as_i64().and_then(|n| n.try_into().ok()).ok_or("i32");
        guest.original_location_for(mappings, number(line)?, number(column)?, 1)?;
    } else {
        guest.by_generated_location(mappings)?;
    }
    guest.free_mappings(mappings)?;

    let rows = guest.into_store().into_data().0;
    if case.get("digest").is_none() {
        return Ok(json!(rows));
    }
    let line = |row: &[i32; 10]| row.map(|value| value.to_string()).join(" ") + "\n";
    let mut answer = digest(rows.iter().map(line).collect::<String>().as_bytes());
    answer["rows"] = rows.len().into();
    Ok(answer)
}
