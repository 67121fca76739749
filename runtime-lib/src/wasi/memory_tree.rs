//! A file system in memory, as data: nodes by number, of which folders name others. It has no
//! locks and knows no descriptors; [`memory_files`](super::memory_files) makes objects of it.
//!
//! A node lives while it has a name or is open. Entries of a folder are numbered as they come, and
//! those numbers are the cookies, so a listing goes on rightly whatever happens meanwhile. All that
//! a guest can make is counted, and limited.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Errno;
use super::clock::{Clock, ClockName};
use super::types::{Filestat, Filetype, NewTime};

/// As many links as the system follows.
const LINKS: usize = 40;
/// The longest name.
const NAME: usize = 255;
/// What a node and its name count, beside what is in it, and what each further name does.
const NODE: u64 = 512;
/// The cookies before are those of `.` and `..`.
const FIRST: u64 = 2;

/// The number of a node.
pub(super) type Id = u64;

/// The folder that everything is below.
pub(super) const ROOT: Id = 1;

/// All nodes.
pub(super) struct Tree {
    nodes: BTreeMap<Id, Node>,
    next: Id,
    used: u64,
    limit: u64,
    pub(super) clock: Arc<Clock>,
}

struct Node {
    kind: Kind,
    /// How many names it has.
    links: u64,
    /// How often it is open.
    open: u64,
    accessed: u64,
    modified: u64,
    changed: u64,
}

enum Kind {
    File(Vec<u8>),
    Folder(Folder),
    Link(Vec<u8>),
}

#[derive(Default)]
struct Folder {
    entries: BTreeMap<Vec<u8>, (u64, Id)>,
    by_cookie: BTreeMap<u64, Vec<u8>>,
    next: u64,
    parent: Id,
}

/// An entry of a folder: its cookie, node, kind and name.
pub(super) type Entry<'a> = (u64, Id, Filetype, &'a [u8]);

/// Where a path leads.
pub(super) struct Found {
    folder: Id,
    /// Its name there; `None` if it is the folder itself.
    name: Option<Vec<u8>>,
    /// What is there.
    pub(super) node: Option<Id>,
    /// Whether it has to be a folder.
    pub(super) is_folder: bool,
}

impl Tree {
    pub(super) fn new(limit: u64, clock: Clock) -> Self {
        let mut tree =
            Self { nodes: BTreeMap::new(), next: ROOT, used: 0, limit, clock: Arc::new(clock) };
        let root = Folder { parent: ROOT, next: FIRST, ..Folder::default() };
        let root = tree.add(Kind::Folder(root));
        // It has a name whatever happens.
        tree.nodes.entry(root).and_modify(|node| node.links = 1);
        tree
    }

    fn now(&self) -> u64 {
        self.clock.now(ClockName::Realtime)
    }

    fn node(&self, id: Id) -> Result<&Node, Errno> {
        self.nodes.get(&id).ok_or(Errno::Stale)
    }

    fn node_mut(&mut self, id: Id) -> Result<&mut Node, Errno> {
        self.nodes.get_mut(&id).ok_or(Errno::Stale)
    }

    fn folder(&self, id: Id) -> Result<&Folder, Errno> {
        match &self.node(id)?.kind {
            Kind::Folder(folder) => Ok(folder),
            _ => Err(Errno::NotDir),
        }
    }

    fn folder_mut(&mut self, id: Id) -> Result<&mut Folder, Errno> {
        match &mut self.node_mut(id)?.kind {
            Kind::Folder(folder) => Ok(folder),
            _ => Err(Errno::NotDir),
        }
    }

    pub(super) fn is_folder(&self, id: Id) -> bool {
        self.folder(id).is_ok()
    }

    pub(super) fn is_link(&self, id: Id) -> bool {
        matches!(self.node(id), Ok(Node { kind: Kind::Link(_), .. }))
    }

    fn add(&mut self, kind: Kind) -> Id {
        let (id, now) = (self.next, self.now());
        self.next += 1;
        let node = Node { kind, links: 0, open: 0, accessed: now, modified: now, changed: now };
        self.nodes.insert(id, node);
        id
    }

    /// Counts what is made, if there is room for it.
    fn charge(&mut self, bytes: u64) -> Result<(), Errno> {
        let used = self.used.checked_add(bytes).filter(|used| *used <= self.limit);
        self.used = used.ok_or(Errno::NoSpc)?;
        Ok(())
    }

    /// Forgets a node that nobody can get at any more.
    fn settle(&mut self, id: Id) {
        let gone = |node: &Node| node.links == 0 && node.open == 0;
        if self.nodes.get(&id).is_some_and(gone)
            && let Some(node) = self.nodes.remove(&id)
        {
            let len = match &node.kind {
                Kind::File(bytes) | Kind::Link(bytes) => bytes.len() as u64,
                Kind::Folder(_) => 0,
            };
            self.used = self.used.saturating_sub(NODE + len);
        }
    }

    pub(super) fn opened(&mut self, id: Id) {
        self.nodes.entry(id).and_modify(|node| node.open += 1);
    }

    pub(super) fn closed(&mut self, id: Id) {
        self.nodes.entry(id).and_modify(|node| node.open -= 1);
        self.settle(id);
    }

    /// Where a path leads from a folder, without leaving it.
    pub(super) fn find(&self, start: Id, path: &[u8], follow: bool) -> Result<Found, Errno> {
        let mut rest = Vec::new();
        let mut is_folder = push_components(&mut rest, path)?;
        let (mut way, mut links) = (Vec::new(), 0);
        while let Some(name) = rest.pop() {
            let last = rest.is_empty();
            let folder = way.last().copied().unwrap_or(start);
            if name == b".." {
                way.pop().ok_or(Errno::Perm)?;
                is_folder |= last;
                continue;
            }
            if name.len() > NAME {
                return Err(Errno::NameTooLong);
            }
            let node = self.folder(folder)?.entries.get(&name).map(|(_, id)| *id);
            let link = match node.map(|id| self.node(id)).transpose()? {
                Some(Node { kind: Kind::Link(target), .. }) => Some(target),
                _ => None,
            };
            match (node, link) {
                (_, Some(target)) if !last || follow || is_folder => {
                    links += 1;
                    if links > LINKS {
                        return Err(Errno::Loop);
                    }
                    let slash = push_components(&mut rest, target)?;
                    is_folder |= last && slash;
                }
                (node, _) if last => {
                    return Ok(Found { folder, name: Some(name), node, is_folder });
                }
                (Some(node), _) if self.is_folder(node) => way.push(node),
                (Some(_), _) => return Err(Errno::NotDir),
                (None, _) => return Err(Errno::NoEnt),
            }
        }
        let folder = way.last().copied().unwrap_or(start);
        Ok(Found { folder, name: None, node: Some(folder), is_folder: true })
    }

    /// What is there.
    pub(super) fn existing(&self, found: &Found) -> Result<Id, Errno> {
        let node = found.node.ok_or(Errno::NoEnt)?;
        if found.is_folder && !self.is_folder(node) {
            return Err(Errno::NotDir);
        }
        Ok(node)
    }

    /// Gives a node a name, where there is none.
    fn enter(&mut self, folder: Id, name: Vec<u8>, id: Id) -> Result<(), Errno> {
        let now = self.now();
        if self.node(folder)?.links == 0 {
            return Err(Errno::NoEnt);
        }
        let to = self.folder_mut(folder)?;
        let cookie = to.next;
        to.next += 1;
        to.by_cookie.insert(cookie, name.clone());
        to.entries.insert(name, (cookie, id));
        self.node_mut(folder)?.modified = now;
        let node = self.node_mut(id)?;
        let another = node.links > 0;
        (node.links, node.changed) = (node.links + 1, now);
        if let Kind::Folder(moved) = &mut node.kind {
            moved.parent = folder;
        }
        if another {
            self.used += NODE;
        }
        Ok(())
    }

    /// Takes a name away.
    fn leave(&mut self, folder: Id, name: &[u8]) -> Result<Id, Errno> {
        let now = self.now();
        let from = self.folder_mut(folder)?;
        let (cookie, id) = from.entries.remove(name).ok_or(Errno::NoEnt)?;
        from.by_cookie.remove(&cookie);
        self.node_mut(folder)?.modified = now;
        let node = self.node_mut(id)?;
        (node.links, node.changed) = (node.links - 1, now);
        if node.links > 0 {
            self.used = self.used.saturating_sub(NODE);
        }
        Ok(id)
    }

    fn create(&mut self, found: Found, kind: Kind) -> Result<Id, Errno> {
        let (None, Some(name)) = (found.node, found.name) else { return Err(Errno::Exist) };
        // A folder that was removed while it was open gets nothing any more.
        if self.node(found.folder)?.links == 0 {
            return Err(Errno::NoEnt);
        }
        let len = match &kind {
            Kind::File(bytes) | Kind::Link(bytes) => bytes.len() as u64,
            Kind::Folder(_) => 0,
        };
        self.charge(NODE + len)?;
        let id = self.add(kind);
        self.enter(found.folder, name, id)?;
        Ok(id)
    }

    pub(super) fn create_file(&mut self, found: Found) -> Result<Id, Errno> {
        if found.is_folder {
            return Err(Errno::IsDir);
        }
        self.create(found, Kind::File(Vec::new()))
    }

    pub(super) fn create_folder(&mut self, found: Found) -> Result<Id, Errno> {
        self.create(found, Kind::Folder(Folder { next: FIRST, ..Folder::default() }))
    }

    pub(super) fn symlink(&mut self, target: &[u8], found: Found) -> Result<(), Errno> {
        if found.is_folder && found.node.is_none() {
            return Err(Errno::NoEnt);
        }
        self.create(found, Kind::Link(target.to_vec())).map(drop)
    }

    pub(super) fn readlink(&self, found: &Found) -> Result<Vec<u8>, Errno> {
        match &self.node(self.existing(found)?)?.kind {
            Kind::Link(target) => Ok(target.clone()),
            _ => Err(Errno::Inval),
        }
    }

    pub(super) fn remove_folder(&mut self, path: &[u8], found: &Found) -> Result<(), Errno> {
        let id = found.node.ok_or(Errno::NoEnt)?;
        let folder = self.folder(id)?;
        let Some(name) = &found.name else {
            return Err(if path.ends_with(b".") { Errno::Inval } else { Errno::NotEmpty });
        };
        if !folder.entries.is_empty() {
            return Err(Errno::NotEmpty);
        }
        self.leave(found.folder, name)?;
        self.settle(id);
        Ok(())
    }

    pub(super) fn unlink(&mut self, found: &Found) -> Result<(), Errno> {
        let id = found.node.ok_or(Errno::NoEnt)?;
        let name = match &found.name {
            Some(name) if !self.is_folder(id) => name,
            _ => return Err(Errno::IsDir),
        };
        if found.is_folder {
            return Err(Errno::NotDir);
        }
        self.leave(found.folder, name)?;
        self.settle(id);
        Ok(())
    }

    pub(super) fn link(&mut self, from: &Found, to: Found) -> Result<(), Errno> {
        let id = self.existing(from)?;
        if self.is_folder(id) {
            return Err(Errno::Perm);
        }
        let (None, Some(name)) = (to.node, to.name) else { return Err(Errno::Exist) };
        if to.is_folder {
            return Err(Errno::NoEnt);
        }
        if self.limit.saturating_sub(self.used) < NODE {
            return Err(Errno::NoSpc);
        }
        self.enter(to.folder, name, id)
    }

    pub(super) fn rename(&mut self, from: &Found, to: &Found) -> Result<(), Errno> {
        let id = from.node.ok_or(Errno::NoEnt)?;
        let (Some(name), Some(new)) = (&from.name, &to.name) else { return Err(Errno::Busy) };
        let is_folder = self.is_folder(id);
        if (from.is_folder || to.is_folder) && !is_folder {
            return Err(Errno::NotDir);
        }
        if to.node == Some(id) {
            return Ok(());
        }
        // A folder does not come into itself.
        let mut above = to.folder;
        while is_folder && above != ROOT {
            if above == id {
                return Err(Errno::Inval);
            }
            above = self.folder(above)?.parent;
        }
        if self.node(to.folder)?.links == 0 {
            return Err(Errno::NoEnt);
        }
        if let Some(there) = to.node {
            match (is_folder, self.folder(there)) {
                (true, Err(_)) => return Err(Errno::NotDir),
                (false, Ok(_)) => return Err(Errno::IsDir),
                (true, Ok(folder)) if !folder.entries.is_empty() => return Err(Errno::NotEmpty),
                _ => {}
            }
            self.leave(to.folder, new)?;
            self.settle(there);
        }
        self.leave(from.folder, name)?;
        self.enter(to.folder, new.clone(), id)
    }

    pub(super) fn stat(&self, id: Id) -> Result<Filestat, Errno> {
        let node = self.node(id)?;
        let (filetype, size) = match &node.kind {
            Kind::File(bytes) => (Filetype::RegularFile, bytes.len() as u64),
            Kind::Folder(_) => (Filetype::Directory, 0),
            Kind::Link(target) => (Filetype::SymbolicLink, target.len() as u64),
        };
        Ok(Filestat {
            dev: 0,
            ino: id,
            filetype,
            links: node.links,
            size,
            accessed: node.accessed,
            modified: node.modified,
            changed: node.changed,
        })
    }

    pub(super) fn set_times(
        &mut self,
        id: Id,
        accessed: NewTime,
        modified: NewTime,
    ) -> Result<(), Errno> {
        let now = self.now();
        let node = self.node_mut(id)?;
        for (time, new) in [(&mut node.accessed, accessed), (&mut node.modified, modified)] {
            match new {
                NewTime::Keep => {}
                NewTime::Now => *time = now,
                NewTime::At(at) => *time = at,
            }
        }
        node.changed = now;
        Ok(())
    }

    /// What is in a file.
    pub(super) fn bytes(&self, id: Id) -> Result<&[u8], Errno> {
        match &self.node(id)?.kind {
            Kind::File(bytes) => Ok(bytes),
            _ => Err(Errno::IsDir),
        }
    }

    /// A part of a file to write to, made if it was not there.
    pub(super) fn part(&mut self, id: Id, at: u64, len: usize) -> Result<&mut [u8], Errno> {
        let end = at.checked_add(len as u64).ok_or(Errno::FBig)?;
        if end > self.bytes(id)?.len() as u64 {
            self.set_size(id, end)?;
        }
        let now = self.now();
        let node = self.node_mut(id)?;
        node.modified = now;
        match &mut node.kind {
            Kind::File(bytes) => bytes.get_mut(at as usize..end as usize).ok_or(Errno::FBig),
            _ => Err(Errno::IsDir),
        }
    }

    pub(super) fn set_size(&mut self, id: Id, size: u64) -> Result<(), Errno> {
        let (old, now) = (self.bytes(id)?.len() as u64, self.now());
        self.charge(size.saturating_sub(old))?;
        let node = self.node_mut(id)?;
        let Kind::File(bytes) = &mut node.kind else { return Err(Errno::IsDir) };
        let size = size as usize;
        let done = match size.checked_sub(bytes.len()) {
            Some(more) => bytes.try_reserve(more).map(|()| bytes.resize(size, 0)),
            None => {
                bytes.truncate(size);
                bytes.shrink_to(size.saturating_mul(2));
                Ok(())
            }
        };
        (node.modified, node.changed) = (now, now);
        let new = bytes.len() as u64;
        self.used = self.used.saturating_sub(old.max(size as u64) - new);
        done.map_err(|_| Errno::NoSpc)
    }

    /// The entry of a folder at a cookie or next.
    pub(super) fn entry(&self, folder: Id, cookie: u64) -> Result<Option<Entry<'_>>, Errno> {
        let listed = self.folder(folder)?;
        Ok(match cookie {
            0 => Some((0, folder, Filetype::Directory, b".")),
            1 => Some((1, folder, Filetype::Directory, b"..")),
            _ => match listed.by_cookie.range(cookie..).next() {
                None => None,
                Some((cookie, name)) => {
                    let (_, id) = listed.entries.get(name).ok_or(Errno::Stale)?;
                    Some((*cookie, *id, self.stat(*id)?.filetype, name))
                }
            },
        })
    }
}

/// Puts a path's components on top of those that are to come after it, and says whether it ends so
/// that it has to be a folder.
fn push_components(rest: &mut Vec<Vec<u8>>, path: &[u8]) -> Result<bool, Errno> {
    match path {
        [] => return Err(Errno::NoEnt),
        [b'/', ..] => return Err(Errno::Perm),
        _ => {}
    }
    let is_named = |component: &&[u8]| !component.is_empty() && *component != b".";
    rest.extend(path.split(|byte| *byte == b'/').rev().filter(is_named).map(<[u8]>::to_vec));
    Ok(path.ends_with(b"/") || path == b"." || path.ends_with(b"/."))
}
