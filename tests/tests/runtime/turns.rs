//! Loops that are compiled as two turns: what they compute, and where they stop, after any number of turns.

use wasmaot::*;
use wasmaot_tests::ways::in_every_way;

use crate::guests::*;

const GUEST: &str = r#"(module
    (memory (export "memory") 1)
    ;; Numbers the nodes of a list, each of which begins with the place of the next one.
    (func (export "number") (param $node i32) (result i32) (local $count i32)
        (loop $again
            (i32.store offset=4 (local.get $node)
                (local.tee $count (i32.add (local.get $count) (i32.const 1))))
            (br_if $again (local.tee $node (i32.load (local.get $node)))))
        (local.get $count))
    ;; What goes around changes places.
    (func (export "divisor") (param $a i32) (param $b i32) (result i32) (local $rest i32)
        (loop $again
            (local.set $rest (i32.rem_u (local.get $a) (local.get $b)))
            (local.set $a (local.get $b))
            (br_if $again (local.tee $b (local.get $rest))))
        (local.get $a))
    ;; The first of $high words in ascending order that is not below $wanted.
    (func (export "search") (param $wanted i32) (param $high i32) (result i32)
        (local $low i32) (local $middle i32) (local $below i32)
        (loop $again
            (local.set $middle (i32.shr_u (i32.add (local.get $low) (local.get $high)) (i32.const 1)))
            (local.set $below
                (i32.lt_u (i32.load (i32.shl (local.get $middle) (i32.const 2))) (local.get $wanted)))
            (local.set $low (select (i32.add (local.get $middle) (i32.const 1)) (local.get $low)
                (local.get $below)))
            (local.set $high (select (local.get $high) (local.get $middle) (local.get $below)))
            (br_if $again (i32.lt_u (local.get $low) (local.get $high))))
        (local.get $low))
    ;; Where the next zero is; both places that are known behind the loop are used, and another loop begins there.
    (func (export "zeros") (param $at i32) (result i32) (local $before i32) (local $sum i32)
        (loop $string
            (loop $byte
                (local.set $before (local.get $at))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (br_if $byte (i32.load8_u (local.get $before))))
            (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (local.get $before)))
            (br_if $string (i32.load8_u (local.get $at))))
        (i32.add (local.get $sum) (local.get $at)))
)"#;

#[test]
fn any_number_of_turns() {
    in_every_way(GUEST, |way, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let memory = instance.get_memory(&store, "memory").unwrap();
        for nodes in 1..8_u32 {
            // The last one says that there is none behind it, or leads outside.
            for last in [0_u32, 65536, 0xffff_fff8] {
                memory.data_mut(&mut store).fill(0);
                let place = |node: u32| (nodes + 1 - node) * 48;
                for node in 1..=nodes {
                    let next = if node == nodes { last } else { place(node + 1) };
                    let at = place(node) as usize;
                    memory.data_mut(&mut store)[at..at + 4].copy_from_slice(&next.to_le_bytes());
                }
                let found = typed::<_, i32>(&mut store, instance, "number", place(1) as i32);
                match last {
                    0 => assert_eq!(found.unwrap() as u32, nodes, "{way:?}"),
                    _ => assert_eq!(code(found), TrapCode::MemoryOutOfBounds, "{way:?} {nodes}"),
                }
                for node in 1..=nodes {
                    let at = place(node) as usize + 4;
                    assert_eq!(memory.data(&store)[at..at + 4], node.to_le_bytes(), "{way:?}");
                }
            }
        }
        for (a, b, divisor) in
            [(7, 7, 7), (12, 18, 6), (18, 12, 6), (1, 5, 1), (89, 55, 1), (610, 988, 2)]
        {
            let found = typed::<_, i32>(&mut store, instance, "divisor", (a, b));
            assert_eq!(found.unwrap(), divisor, "{way:?} {a} {b}");
        }
        let found = typed::<_, i32>(&mut store, instance, "divisor", (1, 0));
        assert_eq!(code(found), TrapCode::IntegerDivideByZero, "{way:?}");
        for at in 0..100_u32 {
            let place = at as usize * 4;
            memory.data_mut(&mut store)[place..place + 4].copy_from_slice(&(at * 3).to_le_bytes());
        }
        for (wanted, words) in
            (0..310).flat_map(|wanted| [1, 2, 3, 50, 99, 100].map(|n| (wanted, n)))
        {
            let found = typed::<_, i32>(&mut store, instance, "search", (wanted, words));
            assert_eq!(found.unwrap(), ((wanted + 2) / 3).min(words), "{way:?} {wanted} {words}");
        }
        let text = b"a\0bc\0\0def\0ghij\0x";
        memory.data_mut(&mut store)[..text.len()].copy_from_slice(text);
        memory.data_mut(&mut store)[text.len()..].fill(0);
        for start in 0..text.len() {
            let (mut at, mut sum) = (start, 0_i32);
            loop {
                let zero =
                    at + memory.data(&store)[at..].iter().position(|&byte| byte == 0).unwrap();
                sum = sum.wrapping_mul(31).wrapping_add(zero as i32);
                at = zero + 1;
                if memory.data(&store)[at] == 0 {
                    break;
                }
            }
            let found = typed::<_, i32>(&mut store, instance, "zeros", start as i32);
            assert_eq!(found.unwrap(), sum.wrapping_add(at as i32), "{way:?} {start}");
        }
        memory.data_mut(&mut store).fill(1);
        let found = typed::<_, i32>(&mut store, instance, "zeros", 65000);
        assert_eq!(code(found), TrapCode::MemoryOutOfBounds, "{way:?}");
    });
}
