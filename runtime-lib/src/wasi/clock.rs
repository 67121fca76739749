//! The clocks of a context: the system's, or one that the host makes up, for runs that can be
//! repeated.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_getres, clock_gettime};

use super::Errno;

/// What a guest is told when it asks for the time.
#[derive(Debug)]
pub struct Clock(Kind);

#[derive(Debug)]
enum Kind {
    System,
    Virtual {
        /// Nanoseconds since the start.
        now: AtomicU64,
        /// When that was, in nanoseconds since 1970.
        start: u64,
        /// How much later it is each time somebody looks.
        step: u64,
    },
}

impl Clock {
    /// The system's clocks.
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that stands still, at a time after the start of 1970. The other clocks, which say
    /// how long something takes, stand at 0.
    ///
    /// Waiting takes no time: a guest that sleeps goes on at once, and all clocks are later by as
    /// much as it wanted to sleep.
    pub fn fixed(since_1970: Duration) -> Self {
        Self::ticking(since_1970, Duration::ZERO)
    }

    /// As [`fixed`](Self::fixed), but all clocks are later by a `step` each time that a guest has
    /// looked at one of them.
    pub fn ticking(since_1970: Duration, step: Duration) -> Self {
        let (start, step) = (nanoseconds(since_1970), nanoseconds(step));
        Self(Kind::Virtual { now: AtomicU64::new(0), start, step })
    }

    /// The time of a clock, in nanoseconds.
    pub(super) fn now(&self, id: ClockName) -> u64 {
        match &self.0 {
            Kind::System => {
                let time = clock_gettime(id.system());
                u64::try_from(time.tv_sec)
                    .unwrap_or(0)
                    .saturating_mul(1_000_000_000)
                    .saturating_add(time.tv_nsec as u64)
            }
            Kind::Virtual { now, start, step } => {
                let now = now.fetch_add(*step, Ordering::Relaxed);
                if id == ClockName::Realtime { start.wrapping_add(now) } else { now }
            }
        }
    }

    /// The smallest difference that a clock shows, in nanoseconds.
    pub(super) fn resolution(&self, id: ClockName) -> u64 {
        match &self.0 {
            Kind::System => {
                let time = clock_getres(id.system());
                time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
            }
            Kind::Virtual { step, .. } => (*step).max(1),
        }
    }

    /// Whether waiting takes no time.
    pub(super) fn is_virtual(&self) -> bool {
        matches!(self.0, Kind::Virtual { .. })
    }

    /// Somebody has waited.
    pub(super) fn pass(&self, ns: u64) {
        if let Kind::Virtual { now, .. } = &self.0 {
            now.fetch_add(ns, Ordering::Relaxed);
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Which clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ClockName {
    Realtime,
    Monotonic,
    Process,
    Thread,
}

impl ClockName {
    pub(super) fn new(id: u32) -> Result<Self, Errno> {
        match id {
            0 => Ok(Self::Realtime),
            1 => Ok(Self::Monotonic),
            2 => Ok(Self::Process),
            3 => Ok(Self::Thread),
            _ => Err(Errno::Inval),
        }
    }

    fn system(self) -> ClockId {
        match self {
            Self::Realtime => ClockId::Realtime,
            Self::Monotonic => ClockId::Monotonic,
            Self::Process => ClockId::ProcessCPUTime,
            Self::Thread => ClockId::ThreadCPUTime,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticking_clock_ticks_when_looked_at() {
        let clock = Clock::ticking(Duration::from_secs(100), Duration::from_nanos(3));
        assert_eq!(clock.now(ClockName::Realtime), 100_000_000_000);
        assert_eq!(clock.now(ClockName::Monotonic), 3);
        clock.pass(10);
        assert_eq!(clock.now(ClockName::Realtime), 100_000_000_016);
        assert_eq!(clock.resolution(ClockName::Thread), 3);
    }
}
