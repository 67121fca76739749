//! The error of every fallible operation: one pointer wide, so that results of calls fit in
//! registers. What a host function failed with comes back as itself.

use std::error::Error as StdError;
use std::fmt;

use crate::link::{LinkError, Unlinked};
use crate::trap::Trap;

/// Why something failed: a [`Trap`], a [`LinkError`], what a host function returned, or
/// a refusal by the runtime itself.
pub struct Error(Box<Repr>);

enum Repr {
    Trap(Trap),
    Link(Box<dyn Unlinked>),
    Host(Box<dyn StdError + Send + Sync>),
    Refused(String),
}

/// The result of a fallible operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of the host's own. If it is already one of this type, it stays what it is.
    pub fn new(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        match error.into().downcast::<Self>() {
            Ok(error) => *error,
            Err(error) => Self(Box::new(Repr::Host(error))),
        }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn refused(reason: fmt::Arguments<'_>) -> Self {
        Self(Box::new(Repr::Refused(reason.to_string())))
    }

    /// The trap, if the guest was stopped by one.
    pub fn trap(&self) -> Option<&Trap> {
        match &*self.0 {
            Repr::Trap(trap) => Some(trap),
            _ => None,
        }
    }

    /// What did not fit, if a module could not be linked.
    pub fn link(&self) -> Option<&LinkError> {
        match &*self.0 {
            Repr::Link(link) => Some(link.get()),
            _ => None,
        }
    }

    /// Whether a host function failed with an error of type `E`.
    pub fn is<E: StdError + Send + Sync + 'static>(&self) -> bool {
        self.downcast_ref::<E>().is_some()
    }

    /// The error of type `E` that a host function failed with.
    pub fn downcast_ref<E: StdError + Send + Sync + 'static>(&self) -> Option<&E> {
        match &*self.0 {
            Repr::Host(error) => error.downcast_ref(),
            _ => None,
        }
    }

    /// The error of type `E` that a host function failed with, or this error again.
    pub fn downcast<E: StdError + Send + Sync + 'static>(self) -> Result<E, Self> {
        match *self.0 {
            Repr::Host(error) => match error.downcast() {
                Ok(error) => Ok(*error),
                Err(error) => Err(Self(Box::new(Repr::Host(error)))),
            },
            other => Err(Self(Box::new(other))),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Repr::Trap(trap) => trap.fmt(f),
            Repr::Link(link) => link.fmt(f),
            Repr::Host(error) => error.fmt(f),
            Repr::Refused(reason) => f.write_str(reason),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            // What `main` returns is shown by `Debug`: a backtrace reads better as itself.
            Repr::Trap(trap) => fmt::Display::fmt(trap, f),
            Repr::Link(link) => fmt::Display::fmt(link, f),
            Repr::Host(error) => error.fmt(f),
            Repr::Refused(reason) => f.write_str(reason),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &*self.0 {
            // Display already says what the error itself says. Others have no source.
            Repr::Host(error) => error.source(),
            _ => None,
        }
    }
}

impl From<Trap> for Error {
    fn from(trap: Trap) -> Self {
        Self(Box::new(Repr::Trap(trap)))
    }
}

impl From<LinkError> for Error {
    fn from(link: LinkError) -> Self {
        Self(Box::new(Repr::Link(Box::new(link))))
    }
}

impl From<Box<dyn StdError + Send + Sync>> for Error {
    fn from(error: Box<dyn StdError + Send + Sync>) -> Self {
        Self::new(error)
    }
}

impl From<&str> for Error {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}

impl From<String> for Error {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::new(error)
    }
}

impl From<crate::memory::MemoryAccessError> for Error {
    fn from(error: crate::memory::MemoryAccessError) -> Self {
        Self::new(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_error_comes_back_as_itself() {
        let error = Error::new(std::io::Error::other("disk on fire"));
        // Once more through a host function's result.
        let boxed: Box<dyn StdError + Send + Sync> = error.into();
        let error = Error::new(boxed);
        assert!(error.is::<std::io::Error>() && !error.is::<fmt::Error>());
        assert_eq!(error.to_string(), "disk on fire");
        let error = error.downcast::<fmt::Error>().unwrap_err();
        assert_eq!(error.downcast::<std::io::Error>().unwrap().to_string(), "disk on fire");
    }

    #[test]
    fn an_error_is_a_pointer_wide() {
        assert_eq!(size_of::<Result<u64>>(), 16);
        assert_eq!(size_of::<Error>(), 8);
    }
}
