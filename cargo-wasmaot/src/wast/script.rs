//! A test script, parsed, with each module in the binary format.

use std::collections::HashMap;
use std::ops::Range;

use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::Span;
use wast::{QuoteWat, QuoteWatTest, Wast, WastDirective, WastExecute, Wat};

use super::File;

/// A parsed script.
pub struct Script<'a> {
    /// Its directives, and behind them those of its threads.
    pub directives: Vec<WastDirective<'a>>,
    /// How many of them are the script's own.
    own: usize,
    /// Where the directives are that belong to a thread.
    bodies: HashMap<usize, Range<usize>>,
    /// What module each directive carries, if any.
    pub modules: Vec<Option<Source>>,
    lines: Vec<usize>,
}

/// A module of a script.
#[derive(Debug)]
pub struct Source {
    /// Its bytes, or why the text is none.
    pub wasm: Result<Vec<u8>, String>,
    /// Whether the module is to run, so must be compiled; if not, it is to be refused.
    pub runs: bool,
}

impl Script<'_> {
    /// Parses a file and hands on what it says: the parsed script borrows much.
    ///
    /// # Errors
    /// If the file is not a script: in which line, and why.
    pub fn with<R>(file: &File, then: impl FnOnce(Script<'_>) -> R) -> Result<R, (usize, String)> {
        let lines = line_starts(&file.text);
        let failure = |error: wast::Error| {
            let reason = format!("not a test script: {}", error.message());
            (line_at(&lines, error.span()), reason)
        };
        // The suites' names are full of characters that confuse people, on purpose.
        let mut lexer = Lexer::new(&file.text);
        lexer.allow_confusing_unicode(true);
        let buffer = ParseBuffer::new_with_lexer(lexer).map_err(failure)?;
        let mut directives = parser::parse::<Wast<'_>>(&buffer).map_err(failure)?.directives;
        let own = directives.len();
        let mut bodies = HashMap::new();
        let mut at = 0;
        while let Some(directive) = directives.get_mut(at) {
            if let WastDirective::Thread(thread) = directive {
                let body = std::mem::take(&mut thread.directives);
                bodies.insert(at, directives.len()..directives.len() + body.len());
                directives.extend(body);
            }
            at += 1;
        }
        let modules = directives.iter_mut().map(source).collect();
        Ok(then(Script { directives, own, bodies, modules, lines }))
    }

    /// The script's own directives.
    pub fn own(&self) -> Range<usize> {
        0..self.own
    }

    /// The directives of the thread that a directive starts.
    pub fn body(&self, thread: usize) -> Range<usize> {
        self.bodies.get(&thread).cloned().unwrap_or_default()
    }

    /// The line of each of the script's own directives.
    pub fn lines(&self) -> Vec<usize> {
        self.own().map(|directive| self.line(directive)).collect()
    }

    /// The line, from 1, that a directive starts in.
    pub fn line(&self, directive: usize) -> usize {
        line_at(&self.lines, self.directives[directive].span())
    }
}

/// Encodes the module that a directive carries.
fn source(directive: &mut WastDirective<'_>) -> Option<Source> {
    let (wasm, runs) = match directive {
        WastDirective::Module(module) | WastDirective::ModuleDefinition(module) => {
            (encode(module), true)
        }
        WastDirective::AssertMalformed { module, .. }
        | WastDirective::AssertMalformedCustom { module, .. }
        | WastDirective::AssertInvalid { module, .. }
        | WastDirective::AssertInvalidCustom { module, .. } => (encode(module), false),
        WastDirective::AssertUnlinkable { module, .. }
        | WastDirective::AssertTrap { exec: WastExecute::Wat(module), .. }
        | WastDirective::AssertReturn { exec: WastExecute::Wat(module), .. }
        | WastDirective::AssertException { exec: WastExecute::Wat(module), .. } => {
            (module.encode().map_err(|error| error.message()), true)
        }
        _ => return None,
    };
    Some(Source { wasm, runs })
}

fn encode(module: &mut QuoteWat<'_>) -> Result<Vec<u8>, String> {
    let text = match module.to_test().map_err(|error| error.message())? {
        QuoteWatTest::Binary(bytes) => return Ok(bytes),
        QuoteWatTest::Text(text) => text,
    };
    let text = String::from_utf8(text).map_err(|_| "malformed UTF-8 encoding".to_string())?;
    let mut lexer = Lexer::new(&text);
    lexer.allow_confusing_unicode(true);
    let encode = || {
        let buffer = ParseBuffer::new_with_lexer(lexer)?;
        parser::parse::<Wat<'_>>(&buffer)?.encode()
    };
    encode().map_err(|error| error.message())
}

/// Where each line starts.
fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

fn line_at(starts: &[usize], span: Span) -> usize {
    starts.partition_point(|&start| start <= span.offset())
}
