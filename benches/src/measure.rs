//! Measuring two things, or several, against each other on a machine that is doing other work too.
//!
//! Rounds alternate between them, so that whatever disturbs one disturbs the others; time is
//! CPU time, so that waiting does not count; what is reported is the median of the rounds'
//! ratios, with the quartiles as its spread.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How much time a comparison may take.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// The number of rounds.
    pub rounds: usize,
    /// How long one side of a round should take at least: long against the clock's grain, short
    /// against the patience of whoever waits.
    pub round: Duration,
}

impl Effort {
    /// For figures to quote.
    pub const FULL: Self = Self { rounds: 25, round: Duration::from_millis(20) };
    /// To see that everything runs.
    pub const QUICK: Self = Self { rounds: 3, round: Duration::from_millis(1) };
}

/// The result of a comparison.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Our median time for one turn, in nanoseconds.
    pub ours: f64,
    /// The peer's.
    pub peer: f64,
    /// The median of ours over the peer's.
    pub ratio: f64,
    /// The lower and the upper quartile of that.
    pub spread: (f64, f64),
}

/// Which clock a comparison reads.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// CPU time of the measuring thread.
    Thread,
    /// CPU time of all threads.
    Process,
    /// Time on the wall, for what happens in other processes.
    Wall,
}

impl Clock {
    fn now(self) -> Duration {
        let time = clock_gettime(match self {
            Self::Thread => ClockId::ThreadCPUTime,
            Self::Process => ClockId::ProcessCPUTime,
            Self::Wall => ClockId::Monotonic,
        });
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    }
}

/// Compares two ways of doing the same thing. Each closure does it the given number of times.
pub fn compare(
    clock: Clock,
    effort: Effort,
    mut ours: impl FnMut(u64),
    mut peer: impl FnMut(u64),
) -> Comparison {
    let mut both: [&mut dyn FnMut(u64); 2] = [&mut ours, &mut peer];
    compare_all(clock, effort, &mut both).pop().expect("one for the peer")
}

/// Compares the first way of doing something with each of the others: a result for each of those.
pub fn compare_all(
    clock: Clock,
    effort: Effort,
    ways: &mut [&mut dyn FnMut(u64)],
) -> Vec<Comparison> {
    let [comparisons] = compare_by([clock], effort, ways);
    comparisons
}

/// The same by several clocks in the same rounds: what each of them has to say.
pub fn compare_by<const N: usize>(
    clocks: [Clock; N],
    effort: Effort,
    ways: &mut [&mut dyn FnMut(u64)],
) -> [Vec<Comparison>; N] {
    let turns: Vec<u64> = ways.iter_mut().map(|way| calibrate(clocks, effort.round, way)).collect();
    // By clocks, then by ways.
    let mut times = [(); N].map(|()| vec![Vec::new(); ways.len()]);
    for _ in 0..effort.rounds {
        for (way, (run, &turns)) in ways.iter_mut().zip(&turns).enumerate() {
            for (times, taken) in times.iter_mut().zip(time(clocks, turns, run)) {
                times[way].push(taken);
            }
        }
    }
    times.map(|times| comparisons(&times))
}

/// Of the times of the first way, and of those of each of the others.
fn comparisons(times: &[Vec<f64>]) -> Vec<Comparison> {
    let Some((ours, peers)) = times.split_first() else { return Vec::new() };
    let compare = |peer: &Vec<f64>| {
        let mut ratios: Vec<f64> = ours.iter().zip(peer).map(|(a, b)| a / b).collect();
        Comparison {
            ours: quantile(&mut ours.clone(), 0.5),
            peer: quantile(&mut peer.clone(), 0.5),
            ratio: quantile(&mut ratios, 0.5),
            spread: (quantile(&mut ratios, 0.25), quantile(&mut ratios, 0.75)),
        }
    };
    peers.iter().map(compare).collect()
}

/// The number of turns that fills a round, by the first clock.
fn calibrate<const N: usize>(clocks: [Clock; N], round: Duration, run: &mut dyn FnMut(u64)) -> u64 {
    let mut turns = 1;
    loop {
        let taken = Duration::from_nanos((time(clocks, turns, run)[0] * turns as f64) as u64);
        if taken >= round {
            return turns;
        }
        let missing = round.as_nanos() as f64 / taken.as_nanos().max(100) as f64;
        turns = (turns as f64 * missing.clamp(1.2, 20.0)).ceil() as u64;
    }
}

/// The time of one turn in nanoseconds, by each clock.
fn time<const N: usize>(clocks: [Clock; N], turns: u64, run: &mut dyn FnMut(u64)) -> [f64; N] {
    let starts = clocks.map(|clock| (clock, clock.now()));
    run(turns);
    starts.map(|(clock, start)| (clock.now() - start).as_nanos() as f64 / turns as f64)
}

fn quantile(values: &mut [f64], at: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * at).round() as usize]
}

/// The geometric mean.
pub fn geomean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for value in values {
        sum += value.ln();
        count += 1;
    }
    (sum / f64::from(count)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_means() {
        let mut values = [4.0, 1.0, 3.0, 2.0, 5.0];
        assert_eq!(quantile(&mut values, 0.5), 3.0);
        assert_eq!(quantile(&mut values, 0.25), 2.0);
        assert!((geomean([2.0, 8.0].into_iter()) - 4.0).abs() < 1e-9);
    }
}
