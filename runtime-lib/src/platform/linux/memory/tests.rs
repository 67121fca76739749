//! Memories that are used again.

use super::*;

/// Of a length that no other test uses.
fn three(len: usize, backing: Option<Backing>) -> [Reservation; 3] {
    [0, 1, 3].map(|pages| {
        let backing = backing.filter(|_| pages == 3);
        Reservation::new(len, 0, pages << 16, backing).unwrap()
    })
}

fn check(memory: &mut Reservation, pages: usize, start: &[u8]) {
    assert!(memory.commit(pages << 16));
    assert_eq!(memory.committed, pages << 16);
    // SAFETY: usable.
    let bytes = unsafe { std::slice::from_raw_parts_mut(memory.base(), pages << 16) };
    assert!(bytes.starts_with(start));
    assert!(bytes[start.len()..].iter().all(|&byte| byte == 0));
    bytes.fill(1);
}

#[test]
fn what_is_used_again_is_as_if_new() {
    let mut bases = Vec::new();
    for _ in 0..20 {
        let mut all = three(77 << 16, None);
        bases.extend(all.iter().map(|memory| memory.base()));
        for (memory, pages) in all.iter_mut().zip([2, 2, 4]) {
            check(memory, pages, &[]);
        }
    }
    bases.sort_unstable();
    bases.dedup();
    assert!(bases.len() < 60, "none was used again");
}

/// Few pages and many, in few stretches and many, so that they are erased, given back, or both.
#[test]
fn what_was_written_here_and_there_is_gone_when_it_is_used_again() {
    const PAGES: usize = 512;
    for round in 0..60 {
        let mut memory = Reservation::new(79 << 16, 0, PAGES << 12, None).unwrap();
        // SAFETY: usable.
        let bytes = unsafe { std::slice::from_raw_parts_mut(memory.base(), PAGES << 12) };
        assert!(bytes.iter().all(|&byte| byte == 0), "in round {round}");
        let (stretches, pages) = (1 + round % 12, 1 + round % 7);
        for stretch in 0..stretches {
            let start = ((stretch * 41 + round) % (PAGES - pages)) << 12;
            bytes[start + round..][..pages << 12].fill(round as u8 + 1);
            memory.note_written(start + round);
        }
    }
}

#[test]
fn what_comes_from_a_file_comes_from_it_again() {
    let image = crate::platform::find_image(check as *const () as usize).unwrap();
    let Some(file) = crate::platform::open_image(&image) else { return };
    let file: &'static ImageFile = Box::leak(Box::new(file));
    let start: &'static mut [u8; 8192] = Box::leak(Box::new([0; 8192]));
    let exe = std::fs::File::open("/proc/self/exe").unwrap();
    std::os::unix::fs::FileExt::read_exact_at(&exe, start, 4096).unwrap();
    let first: &'static mut [u8; 4096] = Box::leak(Box::new([0; 4096]));
    std::os::unix::fs::FileExt::read_exact_at(&exe, first, 0).unwrap();
    let start: &'static [u8] = start;
    let backing = Backing { file, at: 4096, offset: 0, bytes: start };
    let other = Backing { at: 0, offset: 1 << 16, bytes: first, ..backing };
    for round in 0..20 {
        let asked =
            [Some(backing), None, Some(Backing { bytes: &start[..4096], ..backing })][round % 3];
        let mut all = three(78 << 16, asked);
        let start = &start[..asked.map_or(0, |asked| asked.bytes.len())];
        assert!(all[2].backing() == asked && all[0].backing().is_none());
        assert!(round % 4 != 0 || all[1].commit(2 << 16) && all[1].back_more(other));
        if round % 4 != 0 {
            check(&mut all[1], 2, &[]);
        }
        check(&mut all[0], 1, &[]);
        check(&mut all[2], 3, start);
    }
}

/// Memories grow to more than is kept, and by pieces, and what they write to is a part of what was kept or not.
#[test]
fn pages_that_are_kept_hold_nothing() {
    let image = crate::platform::find_image(check as *const () as usize).unwrap();
    let file = crate::platform::open_image(&image);
    let file: Option<&'static ImageFile> = file.map(|file| &*Box::leak(Box::new(file)));
    let bytes: &'static mut [u8; 80 << 12] = Box::leak(Box::new([0; 80 << 12]));
    let exe = std::fs::File::open("/proc/self/exe").unwrap();
    std::os::unix::fs::FileExt::read_exact_at(&exe, bytes, 4096).unwrap();
    let bytes: &'static [u8] = bytes;
    let mut random = 1u32;
    let mut below = |bound: usize| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) as usize % bound
    };
    for round in 0..200 {
        let backing = file.filter(|_| round % 3 != 0);
        let backing = backing.map(|file| Backing { file, at: 4096, offset: 16 << 12, bytes });
        let pages = 96 + below(12) * 75;
        let mut memory = Reservation::new(76 << 16, 0, pages << 12, backing).unwrap();
        let mut model = vec![0; 1216 << 12];
        if memory.backing().is_some() {
            model[16 << 12..][..bytes.len()].copy_from_slice(bytes);
        }
        let most = [96, 700, 1216][below(3)].max(pages);
        let mut pages = pages;
        while pages < most {
            pages = (pages + 1 + below(200)).min(1216);
            assert!(memory.commit(pages << 12));
        }
        // SAFETY: usable.
        let seen = unsafe { std::slice::from_raw_parts_mut(memory.base(), pages << 12) };
        assert!(seen == &model[..pages << 12], "in round {round}");
        for _ in 0..[1, 20, 200][below(3)] {
            let (start, longest) = (below(pages << 12), [9, 50_000][below(2)]);
            let len = (1 + below(longest)).min((pages << 12) - start);
            // Zeros as well.
            seen[start..][..len].fill(below(3) as u8);
        }
        drop(memory);
        if let Some(pool) = pool() {
            let resident: usize = pool.kept.iter().map(|kept| kept.resident).sum();
            assert!(resident <= MOST_RESIDENT, "in round {round}");
            let large = pool.kept.iter().filter(|kept| kept.committed > LARGE).count();
            // Others may be about to be kept as well.
            assert!(large < 2 * MOST_LARGE, "in round {round}");
        }
    }
}

/// Few pages of a file and of none, and many, are read and written to, or none is.
#[test]
fn what_was_written_over_a_file_is_the_files_again() {
    const PAGES: usize = 80;
    let image = crate::platform::find_image(check as *const () as usize).unwrap();
    let Some(file) = crate::platform::open_image(&image) else { return };
    let file: &'static ImageFile = Box::leak(Box::new(file));
    let bytes: &'static mut [u8; 16 << 12] = Box::leak(Box::new([0; 16 << 12]));
    let exe = std::fs::File::open("/proc/self/exe").unwrap();
    std::os::unix::fs::FileExt::read_exact_at(&exe, bytes, 4096).unwrap();
    for round in 0..90 {
        // At the start of the memory, in the middle, at its end.
        let offset = [0, 32, 64][round / 30] << 12;
        let backing = Backing { file, at: 4096, offset, bytes };
        let memory = Reservation::new(80 << 16, 0, PAGES << 12, Some(backing)).unwrap();
        let mut model = vec![0; PAGES << 12];
        model[offset..][..bytes.len()].copy_from_slice(bytes);
        // SAFETY: usable.
        let seen = unsafe { std::slice::from_raw_parts_mut(memory.base(), PAGES << 12) };
        if round % 2 == 0 {
            assert!(seen == model, "in round {round}");
        }
        let (stretches, pages) = (round % 10, 1 + round % 5);
        for stretch in 0..stretches {
            let start = ((stretch * 7 + round) % (PAGES - pages)) << 12;
            seen[start + round..][..(pages << 12) - round].fill(round as u8);
        }
    }
}

/// Growth that the system refuses half-way: after `fork` the unusable part is two mappings, of which the
/// first could be made usable.
#[test]
fn growth_that_fails_leaves_nothing_usable() {
    const LEN: usize = 8 << 30;
    let first = Reservation::new(LEN, 0, 16 << 20, None).unwrap();
    // SAFETY: usable.
    unsafe { first.base().add(15 << 20).write(1) };
    drop(first);
    // SAFETY: the child allocates little, waits for no lock and ends.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let mut second = Reservation::new(LEN, 0, 1 << 16, None).unwrap();
        let limit = libc::rlimit { rlim_cur: 200 << 20, rlim_max: 200 << 20 };
        // SAFETY: the child's own limit.
        unsafe { libc::setrlimit(libc::RLIMIT_DATA, &limit) };
        let grown = second.commit(1 << 30);
        // SAFETY: reserved, so nobody else's: it faults, as it does when a guest tries.
        unsafe {
            second.base().add(1 << 20).write_volatile(42);
            libc::_exit(i32::from(grown));
        }
    }
    let mut status = 0;
    // SAFETY: a child of this process, and a place for its status.
    unsafe { libc::waitpid(child, &mut status, 0) };
    assert!(libc::WIFSIGNALED(status), "{status:#x}");
    assert_eq!(libc::WTERMSIG(status), libc::SIGSEGV);
}

/// At an address there is one at a time, and what is kept there makes room for another one.
#[test]
fn what_has_to_be_somewhere_is_there_or_not_at_all() {
    const AT: usize = 0x5000_0000;
    let have = |len: usize| Reservation::new(len, AT, 1 << 16, None);
    for (round, len) in [1 << 20, 1 << 20, 2 << 20, 1 << 20].into_iter().enumerate() {
        let memory = have(len).unwrap();
        assert_eq!(memory.base().addr(), AT);
        for len in [1 << 16, 1 << 20, 2 << 20] {
            assert!(have(len).is_none(), "in round {round}");
        }
        // SAFETY: usable.
        let seen = unsafe { std::slice::from_raw_parts_mut(memory.base(), 1 << 16) };
        assert!(seen.iter().all(|byte| *byte == 0), "in round {round}");
        seen.fill(1);
    }
    let fixed = libc::MAP_FIXED_NOREPLACE | libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let is_free = || {
        let wanted = ptr::without_provenance_mut(AT);
        // SAFETY: takes nobody's place, and is gone at once.
        unsafe {
            let base = libc::mmap(wanted, 1 << 16, libc::PROT_NONE, fixed, -1, 0);
            base == wanted && libc::munmap(base, 1 << 16) == 0
        }
    };
    let free_before = is_free();
    Reservation::release_kept();
    assert!(is_free() && !free_before);
}

#[test]
fn what_is_not_there_cannot_be_had() {
    assert!(Reservation::new(usize::MAX >> 1 & !0xffff, 0, 0, None).is_none());
    assert_eq!(Reservation::new(0, 0, 0, None).unwrap().committed, 0);
}
