//! Vector kernels, on the baseline and with all features of the machine on both sides. What they
//! have to give is computed here without vectors.

use wasmaot::{Imports, Instance, Module, Store};
use wasmtime::error::Context as _;
use wasmtime::{Result, ensure};

use crate::guests;
use crate::measure::{Clock, compare};
use crate::peer::{self, Cpu};
use crate::report::Report;

/// A kernel: its export, how often it is done at a time, and the same without vectors.
type Kernel = (&'static str, i32, fn(&[u8], i32) -> u64);

const KERNELS: &[Kernel] = &[
    ("dot_i16", 8, dot_i16),
    ("dot_f32", 8, dot_f32),
    ("count", 8, count),
    ("blend", 8, blend),
    ("look_up", 8, look_up),
    ("chacha", 20, chacha),
    ("mandelbrot", 1, mandelbrot),
];

/// What runs a kernel.
type Run = Box<dyn FnMut(&str, i32) -> Result<u64>>;

/// Prints the section.
pub fn run(report: &mut Report) -> Result<()> {
    let pairs = [
        (
            "SIMD",
            "Beside wasmtime's code for the same CPU features: x86-64's baseline.",
            guests::simd_module(),
            Cpu::Baseline,
        ),
        (
            "SIMD, this CPU",
            "With all features of this CPU on both sides.",
            guests::simd_native_module(),
            Cpu::This,
        ),
    ];
    let memory = memory();
    for (title, text, module, cpu) in pairs {
        let (mut ours, mut peer) = (ours(module)?, peer_run(cpu)?);
        report.section(title, text);
        for &(name, n, expected) in KERNELS {
            for run in [&mut ours, &mut peer] {
                let (result, expected) = (run(name, n)?, expected(&memory, n));
                ensure!(result == expected, "{name}({n}) is {result:#x}, not {expected:#x}");
            }
            let turns = |run: &mut Run, turns| {
                for _ in 0..turns {
                    run(name, n).expect("it ran before");
                }
            };
            let times = compare(
                Clock::Thread,
                report.effort,
                |t| turns(&mut ours, t),
                |t| turns(&mut peer, t),
            );
            report.times(&format!("{name}({n})"), &times);
        }
        report.mean("geometric mean");
    }
    Ok(())
}

fn ours(module: Module) -> Result<Run> {
    let mut store = Store::new(());
    let instance = Instance::new(&mut store, module, &Imports::new())?;
    let fill = instance.get_func(&store, "fill").context("fill")?;
    fill.typed::<(), ()>(&store)?.call(&mut store, ())?;
    Ok(Box::new(move |name, n| {
        let func = instance.get_func(&store, name).context("an export")?;
        Ok(func.typed::<i32, u64>(&store)?.call(&mut store, n)?)
    }))
}

fn peer_run(cpu: Cpu) -> Result<Run> {
    let engine = peer::engine(cpu)?;
    let (mut store, instance) = peer::instantiate(&engine, guests::SIMD, |_| Ok(()))?;
    instance.get_typed_func::<(), ()>(&mut store, "fill")?.call(&mut store, ())?;
    Ok(Box::new(move |name, n| {
        let func = instance.get_typed_func::<i32, i64>(&mut store, name)?;
        Ok(func.call(&mut store, n)? as u64)
    }))
}

/// What `fill` leaves.
fn memory() -> Vec<u8> {
    let mut state = 1_u32;
    let bytes = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    bytes.take(16 << 10).collect()
}

fn fold(lanes: [u32; 4]) -> u64 {
    let [a, b, c, d] = lanes.map(u64::from);
    (b << 32 | a) ^ (d << 32 | c)
}

/// The 16-bit integer at this place.
fn i16_at(memory: &[u8], at: usize) -> i16 {
    i16::from_le_bytes([memory[at], memory[at + 1]])
}

fn dot_i16(memory: &[u8], n: i32) -> u64 {
    let mut sums = [0_i32; 4];
    for at in (0..8192).step_by(2) {
        let product = i32::from(i16_at(memory, at)) * i32::from(i16_at(memory, at + 8192));
        let sum = &mut sums[at / 4 % 4];
        *sum = sum.wrapping_add(product.wrapping_mul(n));
    }
    fold(sums.map(|sum| sum as u32))
}

fn dot_f32(memory: &[u8], n: i32) -> u64 {
    let mut sums = [0.0_f32; 4];
    for _ in 0..n {
        for at in (0..8192).step_by(2) {
            let product = f32::from(i16_at(memory, at)) * f32::from(i16_at(memory, at + 8192));
            sums[at / 2 % 4] += product;
        }
    }
    fold(sums.map(f32::to_bits))
}

fn count(memory: &[u8], n: i32) -> u64 {
    memory.iter().filter(|&&byte| byte > 200).count() as u64 * n as u64
}

fn blend(memory: &[u8], n: i32) -> u64 {
    let mut sums = [0_u32; 4];
    for at in 0..8192 {
        let (a, b) = (u32::from(memory[at]), u32::from(memory[at + 8192]));
        sums[at / 4 % 4] += n as u32 * ((a * 77 + b * 178) >> 8);
    }
    fold(sums)
}

fn look_up(memory: &[u8], n: i32) -> u64 {
    let mut sums = [0_u8; 16];
    for (at, byte) in memory.iter().enumerate() {
        let found = |place: u8| memory[64 + usize::from(place)];
        let both = found(byte & 15).wrapping_add(found(byte >> 4));
        sums[at % 16] = sums[at % 16].wrapping_add(both.wrapping_mul(n as u8));
    }
    let half = |from: usize| u64::from_le_bytes(std::array::from_fn(|at| sums[from + at]));
    half(0) ^ half(8)
}

fn chacha(memory: &[u8], n: i32) -> u64 {
    let mut state: [u32; 16] = std::array::from_fn(|word| {
        u32::from_le_bytes(std::array::from_fn(|byte| memory[4 * word + byte]))
    });
    let mut quarter = |a: usize, b: usize, c: usize, d: usize| {
        for (left, turn) in [(16, 12), (8, 7)] {
            state[a] = state[a].wrapping_add(state[b]);
            state[d] = (state[d] ^ state[a]).rotate_left(left);
            state[c] = state[c].wrapping_add(state[d]);
            state[b] = (state[b] ^ state[c]).rotate_left(turn);
        }
    };
    for _ in 0..10 * n {
        for column in 0..4 {
            quarter(column, 4 + column, 8 + column, 12 + column);
        }
        for row in 0..4 {
            quarter(row, 4 + (row + 1) % 4, 8 + (row + 2) % 4, 12 + (row + 3) % 4);
        }
    }
    fold(std::array::from_fn(|at| (0..4).fold(0, |all, row| all ^ state[4 * row + at])))
}

fn mandelbrot(_: &[u8], n: i32) -> u64 {
    let mut sums = [0_u64; 2];
    for row in 1..=64 {
        for column in 1..=64 {
            let (x, y) = (f64::from(column) * 0.046875 - 2.0, f64::from(row) * 0.03125 - 1.0);
            let (mut u, mut v) = (x, y);
            for _ in 0..50 {
                let (uu, vv) = (u * u, v * v);
                if uu + vv > 4.0 {
                    break;
                }
                sums[(column % 2) as usize] += n as u64;
                (u, v) = (x + (uu - vv), y + (u + u) * v);
            }
        }
    }
    sums[0] ^ sums[1]
}
