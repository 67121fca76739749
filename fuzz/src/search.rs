//! Seeds dealt out to as many jobs as there are processors, until the time is up or all are done.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::child::Finding;
use crate::stats::Stats;

/// How much to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// The first seed; the others follow it.
    pub seed: u64,
    /// When to stop, at the latest.
    pub time: Option<Duration>,
    /// How many seeds there are to be.
    pub iterations: Option<u64>,
    /// How many jobs at once.
    pub jobs: usize,
}

/// Calls `batch` with the first seed and the number of them, again and again.
///
/// # Errors
/// Its errors.
pub fn search(
    options: &Options,
    most: u64,
    batch: impl Fn(u64, u64) -> Result<(Vec<Finding>, Stats)> + Sync,
) -> Result<(Vec<Finding>, Stats)> {
    let start = Instant::now();
    let end = options.iterations.map(|many| options.seed.saturating_add(many));
    let next = Mutex::new(options.seed);
    let found = Mutex::new((Vec::new(), Stats::default()));
    let deal = || {
        let mut next = next.lock().expect("nobody panics with it");
        let late = options.time.is_some_and(|time| start.elapsed() >= time);
        let left = end.map_or(most, |end| end.saturating_sub(*next).min(most));
        if late || left == 0 {
            return None;
        }
        let first = *next;
        *next += left;
        Some((first, left))
    };
    std::thread::scope(|scope| {
        let job = || {
            while let Some((first, many)) = deal() {
                let (findings, stats) = batch(first, many)?;
                let mut found = found.lock().expect("nobody panics with it");
                for finding in &findings {
                    eprintln!("seed {}: {}", finding.seed, finding.what);
                }
                found.0.extend(findings);
                found.1.add(&stats);
            }
            anyhow::Ok(())
        };
        let jobs: Vec<_> = (0..options.jobs).map(|_| scope.spawn(job)).collect();
        jobs.into_iter().try_for_each(|job| job.join().expect("it does not panic"))
    })?;
    Ok(found.into_inner().expect("nobody panics with it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_is_dealt_once() {
        let seen = Mutex::new(Vec::new());
        let options = Options { seed: 5, time: None, iterations: Some(103), jobs: 3 };
        let (findings, _) = search(&options, 10, |first, many| {
            seen.lock().unwrap().extend(first..first + many);
            let finding = Finding { seed: first, what: "it is there".into() };
            Ok((vec![finding], Stats::default()))
        })
        .unwrap();
        let mut seen = seen.into_inner().unwrap();
        seen.sort_unstable();
        assert_eq!(seen, (5..108).collect::<Vec<_>>());
        assert_eq!(findings.len(), 11);
    }

    #[test]
    fn time_ends_it() {
        let time = Some(Duration::ZERO);
        let options = Options { seed: 0, time, iterations: None, jobs: 1 };
        let (findings, _) = search(&options, 10, |_, _| panic!("too late")).unwrap();
        assert!(findings.is_empty());
    }
}
