//! Waiting for the first of several things: times, and descriptors that can be read or written.
//!
//! All subscriptions are read before anything is written, as the two can overlap. What is wrong
//! with one descriptor is an event of that one's. Regular files, and what is in memory, never have
//! to wait; then the others are only looked at.

use std::os::fd::BorrowedFd;
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Result;
use crate::wasi::Errno;
use crate::wasi::clock::ClockName;
use crate::wasi::guest::Guest;
use crate::wasi::object::{Object, Ready};
use crate::wasi::types::Rights;

/// More subscriptions at once a guest does not get.
const MOST: u32 = 1 << 16;
/// How long an event is.
const EVENT: u32 = 32;

/// How subscriptions are laid out.
#[derive(Clone, Copy)]
struct Layout {
    size: u32,
    /// Where the clock is, before how long it is to take.
    clock: u32,
    timeout: u32,
    flags: u32,
}

const PREVIEW_1: Layout = Layout { size: 48, clock: 16, timeout: 24, flags: 40 };
/// There was a number for the timer itself, before the clock.
const UNSTABLE: Layout = Layout { size: 56, clock: 24, timeout: 32, flags: 48 };

/// Something to wait for.
struct Subscription {
    userdata: u64,
    kind: Kind,
}

enum Kind {
    /// Until the monotonic clock shows this.
    Time(u64),
    Descriptor {
        to_write: bool,
        object: Result<Arc<dyn Object>>,
    },
}

/// What has happened to one of them.
#[derive(Clone, Copy)]
struct Event {
    error: Option<Errno>,
    bytes: u64,
    hangup: bool,
}

const HAPPENED: Event = Event { error: None, bytes: 0, hangup: false };

impl From<Errno> for Event {
    fn from(error: Errno) -> Self {
        Self { error: Some(error), ..HAPPENED }
    }
}

pub(crate) fn poll_oneoff(
    guest: &mut Guest<'_>,
    subscriptions: u32,
    events: u32,
    count: u32,
    happened: u32,
) -> Result {
    wait(guest, PREVIEW_1, subscriptions, events, count, happened)
}

pub(crate) fn unstable_poll_oneoff(
    guest: &mut Guest<'_>,
    subscriptions: u32,
    events: u32,
    count: u32,
    happened: u32,
) -> Result {
    wait(guest, UNSTABLE, subscriptions, events, count, happened)
}

fn wait(
    guest: &Guest<'_>,
    layout: Layout,
    subscriptions: u32,
    events: u32,
    count: u32,
    happened: u32,
) -> Result {
    if count == 0 {
        return Err(Errno::Inval);
    }
    guest.check(subscriptions, count as usize * layout.size as usize)?;
    guest.check(events, count as usize * EVENT as usize)?;
    guest.check(happened, 4)?;
    if count > MOST {
        return Err(Errno::NoMem);
    }
    let all = (0..count)
        .map(|i| read(guest, layout, subscriptions + i * layout.size))
        .collect::<Result<Vec<_>>>()?;
    let mut outcome = vec![None; all.len()];
    first(guest, &all, &mut outcome)?;
    let mut number = 0;
    for (subscription, event) in all.iter().zip(outcome) {
        if let Some(event) = event {
            guest.write(events + number * EVENT, &encode(subscription, event))?;
            number += 1;
        }
    }
    guest.set_u32(happened, number)
}

/// The subscription at an address.
fn read(guest: &Guest<'_>, layout: Layout, at: u32) -> Result<Subscription> {
    let userdata = guest.u64(at)?;
    let mut tag = [0];
    guest.read(at + 8, &mut tag)?;
    let kind = match tag[0] {
        0 => {
            let clock = ClockName::new(guest.u32(at + layout.clock)?)?;
            let flags = guest.u32(at + layout.flags)? & 0xffff;
            if flags > 1 {
                return Err(Errno::Inval);
            }
            let timeout = guest.u64(at + layout.timeout)?;
            Kind::Time(deadline(guest, clock, timeout, flags == 1)?)
        }
        tag @ 1..=2 => {
            let to_write = tag == 2;
            let right = if to_write { Rights::FD_WRITE } else { Rights::FD_READ };
            let fd = guest.u32(at + 16)?;
            Kind::Descriptor { to_write, object: descriptor(guest, fd, right) }
        }
        _ => return Err(Errno::Inval),
    };
    Ok(Subscription { userdata, kind })
}

/// Sockets that wait for connections are neither read nor written, but one waits for them so.
fn descriptor(guest: &Guest<'_>, fd: u32, right: Rights) -> Result<Arc<dyn Object>> {
    let table = guest.ctx.table();
    let descriptor = table.get(fd)?;
    descriptor.need(Rights::POLL_FD_READWRITE)?;
    if descriptor.need(Rights::SOCK_ACCEPT).is_err() {
        descriptor.need(right)?;
    }
    Ok(descriptor.object.clone())
}

/// When the monotonic clock shows it.
fn deadline(guest: &Guest<'_>, name: ClockName, timeout: u64, absolute: bool) -> Result<u64> {
    let clock = &guest.ctx.shared().clock;
    // A wait that was interrupted goes on where it began.
    let began = || {
        let began = guest.began.get().unwrap_or_else(|| clock.now(ClockName::Monotonic));
        guest.began.set(Some(began));
        began
    };
    match (name, absolute) {
        (ClockName::Realtime | ClockName::Monotonic, false) => Ok(began().saturating_add(timeout)),
        (ClockName::Monotonic, true) => Ok(timeout),
        (ClockName::Realtime, true) => {
            let left = timeout.saturating_sub(clock.now(ClockName::Realtime));
            Ok(clock.now(ClockName::Monotonic).saturating_add(left))
        }
        // They show how much the guest has worked, which it does not while it waits.
        (ClockName::Process | ClockName::Thread, _) => Err(Errno::Inval),
    }
}

/// Waits until something has happened.
fn first(guest: &Guest<'_>, all: &[Subscription], outcome: &mut [Option<Event>]) -> Result {
    let clock = &guest.ctx.shared().clock;
    // Which subscription a descriptor in the list is of.
    let mut places = Vec::new();
    let mut fds: Vec<PollFd<'_>> = Vec::new();
    if let Some(signal) = guest.interrupt.signal()? {
        fds.push(PollFd::from_borrowed_fd(signal, PollFlags::IN));
    }
    let signals = fds.len();
    let mut until: Option<u64> = None;
    for (place, subscription) in all.iter().enumerate() {
        match &subscription.kind {
            Kind::Time(time) => until = Some(until.map_or(*time, |until| until.min(*time))),
            Kind::Descriptor { to_write, object } => {
                match object
                    .as_ref()
                    .map_err(|error| *error)
                    .and_then(|object| object.ready(*to_write))
                {
                    Ok(Ready::Ask(fd)) => {
                        let flags = if *to_write { PollFlags::OUT } else { PollFlags::IN };
                        fds.push(PollFd::from_borrowed_fd(fd, flags));
                        places.push((place, fd, *to_write));
                    }
                    Ok(Ready::Now { bytes, hangup }) => {
                        outcome[place] = Some(Event { bytes, hangup, ..HAPPENED });
                    }
                    Err(error) => outcome[place] = Some(error.into()),
                }
            }
        }
    }
    let mut at_once =
        outcome.iter().any(Option::is_some) || (clock.is_virtual() && until.is_some());
    loop {
        let now = if until.is_some() { clock.now(ClockName::Monotonic) } else { 0 };
        let left = match until {
            _ if at_once => Some(0),
            Some(until) => Some(until.saturating_sub(now)),
            None => None,
        };
        let timeout = left.map(|left| Timespec {
            tv_sec: (left / 1_000_000_000) as i64,
            tv_nsec: (left % 1_000_000_000) as _,
        });
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if fds[..signals].iter().any(|signal| !signal.revents().is_empty()) {
            return Err(Errno::Intr);
        }
        for (ready, (place, fd, to_write)) in fds[signals..].iter().zip(&places) {
            if !ready.revents().is_empty() {
                outcome[*place] = Some(event(*fd, ready.revents(), *to_write));
            }
        }
        if clock.is_virtual() && !outcome.iter().any(Option::is_some) {
            clock.pass(until.unwrap_or(now).saturating_sub(now));
        }
        if let Some(until) = until {
            let now =
                clock.now(ClockName::Monotonic).max(if clock.is_virtual() { until } else { 0 });
            let nothing = !outcome.iter().any(Option::is_some);
            for (subscription, outcome) in all.iter().zip(&mut *outcome) {
                match subscription.kind {
                    Kind::Time(time) if time <= now && (nothing || !clock.is_virtual()) => {
                        *outcome = Some(HAPPENED);
                    }
                    _ => {}
                }
            }
        }
        if outcome.iter().any(Option::is_some) {
            return Ok(());
        }
        at_once = false;
    }
}

/// What the system says of a descriptor.
fn event(fd: BorrowedFd<'_>, flags: PollFlags, to_write: bool) -> Event {
    if flags.contains(PollFlags::NVAL) {
        return Errno::BadF.into();
    }
    let bytes = if to_write { 0 } else { rustix::io::ioctl_fionread(fd).unwrap_or(0) };
    Event { error: None, bytes, hangup: flags.intersects(PollFlags::HUP | PollFlags::ERR) }
}

fn encode(subscription: &Subscription, event: Event) -> [u8; EVENT as usize] {
    let kind = match subscription.kind {
        Kind::Time(_) => 0,
        Kind::Descriptor { to_write, .. } => 1 + u8::from(to_write),
    };
    let mut bytes = [0; EVENT as usize];
    bytes[..8].copy_from_slice(&subscription.userdata.to_le_bytes());
    bytes[8..10].copy_from_slice(&event.error.map_or(0, Errno::code).to_le_bytes());
    bytes[10] = kind;
    bytes[16..24].copy_from_slice(&event.bytes.to_le_bytes());
    bytes[24] = u8::from(event.hangup);
    bytes
}
