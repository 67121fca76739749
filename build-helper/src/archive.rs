//! Objects to a static library: the same bytes for the same objects, on every machine.

use std::io::{self, Cursor};

use ar_archive_writer::{
    ArchiveKind, DEFAULT_OBJECT_READER, NewArchiveMember, write_archive_to_stream,
};

/// One object of a library.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its file name there.
    pub name: String,
    /// The object file.
    pub object: Vec<u8>,
}

/// Makes a static library with a symbol table, which linkers need.
///
/// # Errors
/// If an object cannot be read for its symbols.
pub fn archive(members: &[Member]) -> io::Result<Vec<u8>> {
    let members: Vec<_> = members
        .iter()
        .map(|m| NewArchiveMember::new(&m.object, &DEFAULT_OBJECT_READER, m.name.clone()))
        .collect();
    let mut out = Cursor::new(Vec::new());
    write_archive_to_stream(&mut out, &members, ArchiveKind::Gnu, false, None)?;
    Ok(out.into_inner())
}
