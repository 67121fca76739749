//! Cases as `guests/third-party/vectors.json` has them, and what drivers do to bytes.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wasmaot::{AsStoreMut, HostError, Memory};

/// What drivers return.
pub type Result<T, E = HostError> = std::result::Result<T, E>;

/// A case: what to try on a module.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a>(pub &'a Value);

impl Case<'_> {
    /// A parameter, if the case has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    fn need(&self, name: &str) -> Result<&Value> {
        self.get(name).ok_or_else(|| format!("the case has no `{name}`").into())
    }

    /// A parameter that is a text.
    pub fn text(&self, name: &str) -> Result<&str> {
        self.need(name)?.as_str().ok_or_else(|| format!("`{name}` is no text").into())
    }

    /// A parameter that is a number.
    pub fn number(&self, name: &str) -> Result<i32> {
        let number = self.need(name)?.as_i64().ok_or_else(|| format!("`{name}` is no number"))?;
        Ok(number.try_into()?)
    }

    /// A parameter that is a list.
    pub fn list(&self, name: &str) -> Result<&[Value]> {
        match self.need(name)? {
            Value::Array(values) => Ok(values),
            _ => Err(format!("`{name}` is no list").into()),
        }
    }

    /// A parameter that is bytes.
    pub fn bytes(&self, name: &str) -> Result<Vec<u8>> {
        bytes(self.need(name)?)
    }
}

/// Bytes in one of their forms: a text, hexadecimal digits, the numbers below 251 in turn, a
/// picture, or a text some times.
pub fn bytes(value: &Value) -> Result<Vec<u8>> {
    if let Some(text) = value.as_str() {
        return Ok(text.into());
    }
    if let Some(digits) = value["hex"].as_str() {
        let pairs = (0..digits.len()).step_by(2).map(|at| digits.get(at..at + 2).unwrap_or("?"));
        return Ok(pairs.map(|pair| u8::from_str_radix(pair, 16)).collect::<Result<_, _>>()?);
    }
    if let Some(count) = value["counting"].as_u64() {
        return Ok((0..count).map(|at| (at % 251) as u8).collect());
    }
    if let (Some(width), Some(height)) =
        (value["picture"][0].as_u64(), value["picture"][1].as_u64())
    {
        return Ok(picture(width.try_into()?, height.try_into()?));
    }
    match (value["repeat"].as_str(), value["times"].as_u64()) {
        (Some(text), Some(times)) => Ok(text.repeat(times.try_into()?).into()),
        _ => Err(format!("{value} is no bytes").into()),
    }
}

/// A picture with something of everything, four bytes a pixel: a gradient, noise, and an area of
/// one colour.
pub fn picture(width: i32, height: i32) -> Vec<u8> {
    let mut noise = 1u32;
    let pixel = |i: i32| {
        let (x, y) = (i % width, i / width);
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match x * 3 / width {
            0 => [x as u8, y as u8, (x + y) as u8, 255],
            1 => [(noise >> 24) as u8, 0, (noise >> 27) as u8, 255],
            _ => [200, 100, 50, 255],
        }
    };
    (0..width * height).flat_map(pixel).collect()
}

/// Hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Long results, as cases have them.
pub fn digest(bytes: &[u8]) -> Value {
    json!({ "length": bytes.len(), "sha256": hex(&Sha256::digest(bytes)) })
}

/// The length of what is passed to a guest.
pub fn len(bytes: &[u8]) -> Result<i32> {
    Ok(bytes.len().try_into()?)
}

/// The 32-bit words that bytes are.
pub fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect()
}

/// The text at an address, up to its final zero byte.
pub fn text(memory: &[u8], at: i32) -> Result<String> {
    let rest = memory.get(at as u32 as usize..).ok_or("a text outside of memory")?;
    let text = rest.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8(text.into())?)
}

/// Grows a memory, if need be, until it has `size` bytes; 1, or 0 if that failed.
pub fn fit(memory: Memory, mut store: impl AsStoreMut, size: i32) -> i32 {
    let pages = u64::from(size as u32).div_ceil(1 << 16);
    let missing = pages.saturating_sub(memory.size(&store));
    memory.grow(&mut store, missing).is_ok().into()
}
