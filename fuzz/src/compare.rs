//! Whether two engines agree.
//!
//! Everything must be equal, with these exceptions:
//!
//! - Once something was used up in one of the two runs (stack, memory) they may differ from
//!   there on: engines need not have the same amount of it.
//! - An atomic access that is both outside of the memory and not aligned may trap for either.

use crate::value::{Outcome, Run, Trap};

/// What two engines do not agree on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Which two.
    pub engines: (String, String),
    /// About what: making the instance, a call, something of the state.
    pub about: String,
    /// What each says.
    pub says: (String, String),
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ((one, other), (this, that)) = (&self.engines, &self.says);
        write!(f, "{}: {one} says {this}; {other} says {that}", self.about)
    }
}

/// How far two runs could be compared: the number of calls, and whether the end was, too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Agreement {
    /// Calls with equal outcomes.
    pub calls: usize,
    /// Whether nothing was used up, so that the states are equal.
    pub whole: bool,
}

/// Compares two runs of the same case.
///
/// # Errors
/// The first difference.
pub fn compare(one: &Run, other: &Run) -> Result<Agreement, Box<Difference>> {
    let differ = |about: String, this: String, that: String| {
        let engines = (one.engine.clone(), other.engine.clone());
        Box::new(Difference { engines, about, says: (this, that) })
    };
    let outcome = |about: String, this: &Outcome, that: &Outcome| match (this, that) {
        // No engine should have such an error, so it is a finding even if both have it.
        (Outcome::Failed(_), _) | (_, Outcome::Failed(_)) => {
            Err(differ(about, format!("{this:?}"), format!("{that:?}")))
        }
        (Outcome::Exhausted(_), _) | (_, Outcome::Exhausted(_)) => Ok(false),
        (Outcome::Trapped(this), Outcome::Trapped(that)) if same_trap(this, that) => Ok(true),
        _ if this == that => Ok(true),
        _ => Err(differ(about, format!("{this:?}"), format!("{that:?}"))),
    };

    let mut agreement = Agreement { calls: 0, whole: false };
    if !outcome("making the instance".into(), &one.start, &other.start)? {
        return Ok(agreement);
    }
    if one.calls.len() != other.calls.len() {
        let count = |run: &Run| format!("{} calls", run.calls.len());
        return Err(differ("the number of calls".into(), count(one), count(other)));
    }
    for (number, (this, that)) in one.calls.iter().zip(&other.calls).enumerate() {
        if !outcome(format!("call {number}"), this, that)? {
            return Ok(agreement);
        }
        agreement.calls += 1;
    }
    for ((name, this), (same_name, that)) in one.state.iter().zip(&other.state) {
        if this != that || name != same_name {
            return Err(differ(
                format!("export {name:?}"),
                format!("{this:?}"),
                format!("{that:?}"),
            ));
        }
    }
    if one.state.len() != other.state.len() {
        let count = |run: &Run| format!("{} items", run.state.len());
        return Err(differ("the state".into(), count(one), count(other)));
    }
    if one.host != other.host {
        let calls = |run: &Run| format!("{:#x}", run.host);
        return Err(differ("the calls of the host".into(), calls(one), calls(other)));
    }
    agreement.whole = true;
    Ok(agreement)
}

fn same_trap(one: &Trap, other: &Trap) -> bool {
    let either = |trap: &Trap| matches!(trap, Trap::Memory | Trap::Unaligned);
    one == other || (either(one) && either(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{State, Value};

    fn run(engine: &str) -> Run {
        Run {
            engine: engine.into(),
            start: Outcome::Returned(vec![]),
            calls: vec![
                Outcome::Returned(vec![Value::I32(7), Value::F32(0x7fc0_0000)]),
                Outcome::Trapped(Trap::Memory),
                Outcome::Returned(vec![Value::Extern(Some(3)), Value::V128(5)]),
            ],
            state: vec![
                ("m".into(), State::Memory(1, 99)),
                ("t".into(), State::Table(vec![Value::Func(true), Value::Func(false)])),
                ("g".into(), State::Global(Value::I64(-1))),
            ],
            host: 5,
        }
    }

    /// What is said of a run that was changed, beside one that was not.
    fn about(change: impl FnOnce(&mut Run)) -> Option<String> {
        let mut other = run("wrong");
        change(&mut other);
        let difference = compare(&run("right"), &other).err()?;
        assert_eq!(difference.engines, ("right".into(), "wrong".into()));
        Some(difference.about)
    }

    #[test]
    fn equal_runs_agree() {
        let agreement = compare(&run("one"), &run("other"));
        assert_eq!(agreement, Ok(Agreement { calls: 3, whole: true }));
    }

    #[test]
    fn every_wrong_thing_is_noticed() {
        let said = [
            about(|run| run.start = Outcome::Trapped(Trap::Unreachable)),
            about(|run| run.calls[0] = Outcome::Returned(vec![Value::I32(8)])),
            // The sign of a NaN.
            about(|run| {
                run.calls[0] = Outcome::Returned(vec![Value::I32(7), Value::F32(0xffc0_0000)]);
            }),
            about(|run| run.calls[1] = Outcome::Trapped(Trap::Table)),
            about(|run| run.calls[1] = Outcome::Returned(vec![])),
            about(|run| {
                run.calls[2] = Outcome::Returned(vec![Value::Extern(None), Value::V128(5)]);
            }),
            about(|run| drop(run.calls.pop())),
            about(|run| run.state[0].1 = State::Memory(2, 99)),
            about(|run| run.state[0].1 = State::Memory(1, 98)),
            about(|run| run.state[1].1 = State::Table(vec![Value::Func(true)])),
            about(|run| run.state[2].1 = State::Global(Value::I64(1))),
            about(|run| drop(run.state.pop())),
            about(|run| run.host = 6),
        ];
        let expected = [
            "making the instance",
            "call 0",
            "call 0",
            "call 1",
            "call 1",
            "call 2",
            "the number of calls",
            "export \"m\"",
            "export \"m\"",
            "export \"t\"",
            "export \"g\"",
            "the state",
            "the calls of the host",
        ];
        assert_eq!(said, expected.map(|about| Some(about.to_string())));
    }

    #[test]
    fn after_exhaustion_nothing_is_compared_but_before_it_all_is() {
        let mut other = run("other");
        other.calls[1] = Outcome::Exhausted("stack".into());
        other.calls[2] = Outcome::Returned(vec![]);
        other.state.clear();
        other.host = 0;
        assert_eq!(compare(&run("one"), &other), Ok(Agreement { calls: 1, whole: false }));
        assert_eq!(compare(&other, &run("one")), Ok(Agreement { calls: 1, whole: false }));
        other.calls[0] = Outcome::Returned(vec![]);
        assert!(compare(&run("one"), &other).is_err());
    }

    #[test]
    fn errors_that_nobody_should_have_are_differences() {
        let mut broken = run("broken");
        broken.calls[2] = Outcome::Failed("no such export".into());
        assert!(compare(&broken, &broken.clone()).is_err());
        broken = run("broken");
        broken.start = Outcome::Failed("cannot link".into());
        assert!(compare(&run("one"), &broken).is_err());
    }

    #[test]
    fn an_unaligned_access_outside_may_trap_for_either() {
        let unaligned = about(|run| run.calls[1] = Outcome::Trapped(Trap::Unaligned));
        assert_eq!(unaligned, None);
    }
}
