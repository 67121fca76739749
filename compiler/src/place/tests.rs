//! Places, by blocks that are made up, and by what is in objects.

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};

use super::*;
use crate::{Config, compile};

/// What it costs to start so many bytes behind a line's start.
fn cost(ends: &[u64; LINE as usize], skew: u32) -> u64 {
    ends[((LINE - skew) % LINE) as usize]
}

/// Whether these bytes of code that starts so many bytes behind a line's start are in one line.
fn in_one_line(skew: u32, start: u32, end: u32) -> bool {
    (start + skew) / LINE == (end - 1 + skew) / LINE
}

#[test]
fn loops_are_from_where_edges_lead_back_to_the_end_of_the_last_block_with_one() {
    let starts = [0, 10, 20, 30, 40];
    let edges = [(0, 10), (10, 20), (20, 20), (20, 10), (20, 30), (30, 10), (30, 40)];
    assert_eq!(loops(&starts, &edges, 50), [(10, 40), (20, 30)]);
    assert_eq!(loops(&starts, &[(40, 0)], 50), [(0, 50)]);
    assert_eq!(loops(&starts, &[(0, 10), (10, 40)], 50), []);
}

#[test]
fn a_small_loop_costs_nothing_just_where_a_line_holds_it() {
    for (start, end) in [(50, 70), (3, 5), (64, 128), (100, 163)] {
        let (starts, edges) = ([0, start, end], [(0, start), (start, start), (start, end)]);
        let ends = line_ends(&starts, &edges, end + 30);
        for skew in 0..LINE {
            let free = cost(&ends, skew) == 0;
            assert_eq!(free, in_one_line(skew, start, end), "{start}..{end} behind {skew}");
        }
    }
}

#[test]
fn a_loop_of_some_lines_does_not_begin_where_a_line_does() {
    for len in [130, 190, 255] {
        let (start, end) = (50, 50 + len);
        let (starts, edges) = ([0, start, end], [(0, start), (start, start), (start, end)]);
        let ends = line_ends(&starts, &edges, end + 30);
        let best = (0..LINE).min_by_key(|&skew| cost(&ends, skew)).unwrap();
        assert!((start + best) % LINE >= FIRST, "{len} bytes behind {best}");
    }
}

#[test]
fn code_without_loops_costs_nothing() {
    let ends = line_ends(&[0, 100, 200], &[(0, 100), (0, 200), (100, 200)], 300);
    assert_eq!(ends, [0; LINE as usize]);
    assert_eq!(line_ends(&[], &[], 0), [0; LINE as usize]);
}

#[test]
fn what_runs_more_often_weighs_more() {
    // A loop of one block in a loop of three.
    let starts = [0, 10, 20, 30, 40];
    let edges = [(0, 10), (10, 20), (20, 20), (20, 30), (30, 10), (30, 40)];
    let ends = line_ends(&starts, &edges, 50);
    assert!(ends[25] > ends[35] && ends[35] > 0 && ends[45] == 0, "{ends:?}");
    // Of two ways through a loop each is taken half of the time.
    let edges = [(0, 10), (10, 20), (10, 30), (20, 30), (30, 10), (30, 40)];
    let ends = line_ends(&starts, &edges, 50);
    assert_eq!((ends[15], ends[35]), (2 * ends[25], ends[15]), "{ends:?}");
}

#[test]
fn numbers_do_not_overflow_however_many_loops_there_are() {
    // Each block is a loop, and all that start before it end behind it.
    let starts: Vec<u32> = (0..1000).map(|block| 4 * block).collect();
    let mut edges = Vec::new();
    for (index, &start) in starts.iter().enumerate() {
        edges.push((start, starts[999 - index.max(500)]));
        edges.extend(starts.iter().filter(|&&to| to > start).map(|&to| (start, to)));
    }
    let ends = line_ends(&starts, &edges, 4000);
    assert!(ends.iter().any(|&cost| cost > 0));
}

/// The loop of a function that counts down, behind so many stores: where its code and the loop are.
fn counting(stores: usize) -> (u64, u32, u32, u32) {
    let store = |at| format!("(i32.store (i32.const {}) (local.get 0))", 4 * at);
    let stores: String = (0..stores).map(store).collect();
    let text = format!(
        r#"(module (memory 1) (func (export "count") (param i32) {stores}
            (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#
    );
    let config = Config { name: Some("guest".into()), ..Config::new("x86_64-unknown-linux-gnu") };
    let object = compile(&wat::parse_str(text).unwrap(), &config).unwrap().object;
    let file = object::File::parse(&*object).unwrap();
    let body = file.symbols().find(|symbol| {
        symbol.is_local()
            && symbol.is_definition()
            && symbol.name().is_ok_and(|name| name.ends_with("::count"))
    });
    let body = body.expect("the function's symbol");
    let section = file.section_by_index(body.section_index().unwrap()).unwrap();
    let data = section.data().unwrap();
    let (start, len) = (body.address() as usize, body.size() as usize);
    assert_eq!(start + len, data.len());
    assert!(data[..start].iter().all(|&byte| byte == 0xcc));
    // jnz, back by 32 bits.
    let code = &data[start..];
    let jumps = code.windows(6).enumerate().filter(|(_, bytes)| bytes[..2] == [0x0f, 0x85]);
    let back = jumps.filter_map(|(at, bytes)| {
        let by = i32::from_le_bytes(bytes[2..].try_into().unwrap());
        (by < 0).then_some((at as i32 + 6 + by, at + 6))
    });
    let [(head, end)] = back.collect::<Vec<_>>()[..] else { panic!("one loop") };
    (section.align(), start as u32, head as u32, end as u32)
}

#[test]
fn functions_in_objects_start_where_their_loops_lie_well() {
    let mut moved = 0;
    for stores in 0..24 {
        let (align, skew, head, end) = counting(stores);
        assert_eq!(align, u64::from(LINE));
        assert!(in_one_line(skew, head, end), "{head}..{end} behind {skew}");
        moved += usize::from(!in_one_line(0, head, end));
    }
    assert!(moved > 0, "none would have lain badly");
}

#[test]
fn places_are_those_that_there_are() {
    assert_eq!(Place::new(64, 63).map(|place| (place.align(), place.skew())), Some((64, 63)));
    for (align, skew) in [(64, 64), (0, 0), (48, 1), (1 << 40, 0)] {
        assert_eq!(Place::new(align, skew), None);
    }
}
