//! What a run of the official suite shows, held against what is written down: [`pending`] is the
//! list of what waits for proposals that are not supported yet, [`table`] the README's table.

pub mod pending;
pub mod table;

use cargo_wasmaot::wast::report::{Outcome, Report, WAITED_FOR};

/// A file of the suite, and what became of it in each mode.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The folder: a version of the specification or a proposal.
    pub folder: String,
    /// The file's name.
    pub file: String,
    /// The modes in which it ran, and a report of each.
    pub reports: Vec<(&'static str, Report)>,
}

impl Ran {
    /// The file's name in lists.
    pub fn name(&self) -> String {
        format!("{}/{}", self.folder, self.file)
    }
}

/// The proposal that a directive waits for, if that is why it fails.
pub fn waits_for(outcome: &Outcome) -> Option<&'static str> {
    let Outcome::Failed(failure) = outcome else { return None };
    WAITED_FOR.iter().copied().find(|name| failure.needs.iter().any(|need| need == name))
}
