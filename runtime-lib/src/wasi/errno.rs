//! The error numbers of WASI preview 1, and which of the system's is which.

macro_rules! errnos {
    ($($name:ident = $code:literal $text:literal,)*) => {
        /// Why a function of WASI failed, by the specification's names.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u16)]
        pub enum Errno {
            $(#[doc = $text] $name = $code,)*
        }

        impl std::fmt::Display for Errno {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self {
                    $(Self::$name => $text,)*
                })
            }
        }
    };
}

errnos! {
    TooBig = 1 "The list of arguments is too long.",
    Access = 2 "Permission denied.",
    AddrInUse = 3 "The address is in use.",
    AddrNotAvail = 4 "The address is not available.",
    AfNoSupport = 5 "The address family is not supported.",
    Again = 6 "Not now: it would block.",
    Already = 7 "It is under way already.",
    BadF = 8 "There is no such descriptor.",
    BadMsg = 9 "The message is bad.",
    Busy = 10 "It is in use.",
    Canceled = 11 "It was cancelled.",
    Child = 12 "There is no child process.",
    ConnAborted = 13 "The connection was aborted.",
    ConnRefused = 14 "The connection was refused.",
    ConnReset = 15 "The connection was reset.",
    DeadLk = 16 "It would wait for itself.",
    DestAddrReq = 17 "A destination is needed.",
    Dom = 18 "The argument is outside of the function's domain.",
    DQuot = 19 "The quota is used up.",
    Exist = 20 "It exists already.",
    Fault = 21 "The address is outside of the memory.",
    FBig = 22 "The file would be too large.",
    HostUnreach = 23 "The host is unreachable.",
    IdRm = 24 "The identifier was removed.",
    IlSeq = 25 "The bytes are no text.",
    InProgress = 26 "It is in progress.",
    Intr = 27 "It was interrupted.",
    Inval = 28 "The argument is invalid.",
    Io = 29 "The device failed.",
    IsConn = 30 "The socket is connected already.",
    IsDir = 31 "It is a folder.",
    Loop = 32 "There are too many symbolic links.",
    MFile = 33 "There are too many open descriptors.",
    MLink = 34 "There are too many links.",
    MsgSize = 35 "The message is too large.",
    MultiHop = 36 "The way has several hops.",
    NameTooLong = 37 "The name is too long.",
    NetDown = 38 "The network is down.",
    NetReset = 39 "The network dropped the connection.",
    NetUnreach = 40 "The network is unreachable.",
    NFile = 41 "There are too many open files in the system.",
    NoBufs = 42 "There is no room in buffers.",
    NoDev = 43 "There is no such device.",
    NoEnt = 44 "There is no such file or folder.",
    NoExec = 45 "The file cannot be run.",
    NoLck = 46 "There are no locks left.",
    NoLink = 47 "The link was severed.",
    NoMem = 48 "There is not enough memory.",
    NoMsg = 49 "There is no such message.",
    NoProtoOpt = 50 "The protocol is not available.",
    NoSpc = 51 "The device is full.",
    NoSys = 52 "The function does not exist.",
    NotConn = 53 "The socket is not connected.",
    NotDir = 54 "It is no folder.",
    NotEmpty = 55 "The folder is not empty.",
    NotRecoverable = 56 "The state is not recoverable.",
    NotSock = 57 "It is no socket.",
    NotSup = 58 "It is not supported.",
    NoTty = 59 "The device cannot do that.",
    Nxio = 60 "There is no such device or address.",
    Overflow = 61 "The value is too large for its type.",
    OwnerDead = 62 "The previous owner died.",
    Perm = 63 "It is not permitted.",
    Pipe = 64 "Nobody reads from the pipe.",
    Proto = 65 "The protocol was violated.",
    ProtoNoSupport = 66 "The protocol is not supported.",
    Prototype = 67 "The protocol is of another type.",
    Range = 68 "The result is too large.",
    RoFs = 69 "The file system is read-only.",
    SPipe = 70 "It has no place to move.",
    Srch = 71 "There is no such process.",
    Stale = 72 "The handle is stale.",
    TimedOut = 73 "It took too long.",
    TxtBsy = 74 "The program is being run.",
    XDev = 75 "The link leads to another device.",
    NotCapable = 76 "The descriptor does not have the right.",
}

impl Errno {
    /// The number that guests see.
    pub const fn code(self) -> u16 {
        self as u16
    }
}

impl std::error::Error for Errno {}

impl From<rustix::io::Errno> for Errno {
    /// What is none of WASI's is a failing device.
    fn from(errno: rustix::io::Errno) -> Self {
        use rustix::io::Errno as System;
        match errno {
            System::TOOBIG => Self::TooBig,
            System::ACCESS => Self::Access,
            System::ADDRINUSE => Self::AddrInUse,
            System::ADDRNOTAVAIL => Self::AddrNotAvail,
            System::AFNOSUPPORT => Self::AfNoSupport,
            System::AGAIN => Self::Again,
            System::ALREADY => Self::Already,
            System::BADF => Self::BadF,
            System::BADMSG => Self::BadMsg,
            System::BUSY => Self::Busy,
            System::CANCELED => Self::Canceled,
            System::CHILD => Self::Child,
            System::CONNABORTED => Self::ConnAborted,
            System::CONNREFUSED => Self::ConnRefused,
            System::CONNRESET => Self::ConnReset,
            System::DEADLK => Self::DeadLk,
            System::DESTADDRREQ => Self::DestAddrReq,
            System::DOM => Self::Dom,
            System::DQUOT => Self::DQuot,
            System::EXIST => Self::Exist,
            System::FAULT => Self::Fault,
            System::FBIG => Self::FBig,
            System::HOSTUNREACH => Self::HostUnreach,
            System::IDRM => Self::IdRm,
            System::ILSEQ => Self::IlSeq,
            System::INPROGRESS => Self::InProgress,
            System::INTR => Self::Intr,
            System::INVAL => Self::Inval,
            System::ISCONN => Self::IsConn,
            System::ISDIR => Self::IsDir,
            System::LOOP => Self::Loop,
            System::MFILE => Self::MFile,
            System::MLINK => Self::MLink,
            System::MSGSIZE => Self::MsgSize,
            System::MULTIHOP => Self::MultiHop,
            System::NAMETOOLONG => Self::NameTooLong,
            System::NETDOWN => Self::NetDown,
            System::NETRESET => Self::NetReset,
            System::NETUNREACH => Self::NetUnreach,
            System::NFILE => Self::NFile,
            System::NOBUFS => Self::NoBufs,
            System::NODEV => Self::NoDev,
            System::NOENT => Self::NoEnt,
            System::NOEXEC => Self::NoExec,
            System::NOLCK => Self::NoLck,
            System::NOLINK => Self::NoLink,
            System::NOMEM => Self::NoMem,
            System::NOMSG => Self::NoMsg,
            System::NOPROTOOPT => Self::NoProtoOpt,
            System::NOSPC => Self::NoSpc,
            System::NOSYS => Self::NoSys,
            System::NOTCONN => Self::NotConn,
            System::NOTDIR => Self::NotDir,
            System::NOTEMPTY => Self::NotEmpty,
            System::NOTRECOVERABLE => Self::NotRecoverable,
            System::NOTSOCK => Self::NotSock,
            System::OPNOTSUPP => Self::NotSup,
            System::NOTTY => Self::NoTty,
            System::NXIO => Self::Nxio,
            System::OVERFLOW => Self::Overflow,
            System::OWNERDEAD => Self::OwnerDead,
            System::PERM => Self::Perm,
            System::PIPE => Self::Pipe,
            System::PROTO => Self::Proto,
            System::PROTONOSUPPORT => Self::ProtoNoSupport,
            System::PROTOTYPE => Self::Prototype,
            System::RANGE => Self::Range,
            System::ROFS => Self::RoFs,
            System::SPIPE => Self::SPipe,
            System::SRCH => Self::Srch,
            System::STALE => Self::Stale,
            System::TIMEDOUT => Self::TimedOut,
            System::TXTBSY => Self::TxtBsy,
            System::XDEV => Self::XDev,
            _ => Self::Io,
        }
    }
}

/// What the system calls an error, for WASI.
pub(super) fn from_raw(raw: i32) -> Errno {
    rustix::io::Errno::from_raw_os_error(raw).into()
}
