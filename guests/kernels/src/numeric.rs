//! Kernels of floating point and of integer arithmetic.

use sha2::{Digest, Sha256};

/// Floating point in memory: the sum of the product of two matrices of `n` rows, multiplied the plain way.
#[unsafe(no_mangle)]
pub extern "C" fn matmul(n: u32) -> f64 {
    let size = n as usize;
    let a: Vec<f64> = (0..size * size).map(|i| (i % 7) as f64 + 0.5).collect();
    let b: Vec<f64> = (0..size * size).map(|i| (i % 5) as f64 - 1.25).collect();
    let mut product = vec![0.0; size * size];
    for i in 0..size {
        for j in 0..size {
            let mut sum = 0.0;
            for k in 0..size {
                sum += a[i * size + k] * b[k * size + j];
            }
            product[i * size + j] = sum;
        }
    }
    product.iter().sum()
}

/// Floating point in registers: how many of `n` times `n` points lie in the Mandelbrot set, after 50 rounds.
#[unsafe(no_mangle)]
pub extern "C" fn mandelbrot(n: u32) -> u32 {
    let mut inside = 0;
    for row in 0..n {
        for column in 0..n {
            let ci = 2.0 * f64::from(row) / f64::from(n) - 1.0;
            let cr = 2.0 * f64::from(column) / f64::from(n) - 1.5;
            let (mut zr, mut zi) = (0.0, 0.0);
            let mut rounds = 0;
            while rounds < 50 && zr * zr + zi * zi <= 4.0 {
                (zr, zi) = (zr * zr - zi * zi + cr, 2.0 * zr * zi + ci);
                rounds += 1;
            }
            inside += u32::from(rounds == 50);
        }
    }
    inside
}

/// Square roots and divisions: the energy of three bodies after `n` steps under their gravity.
#[unsafe(no_mangle)]
pub extern "C" fn nbody(n: u32) -> f64 {
    const MASSES: [f64; 3] = [10.0, 1.0, 0.1];
    const STEP: f64 = 0.001;
    let mut places = [[0.0, 0.0, 0.0], [5.0, 0.0, 0.5], [0.0, 8.0, -0.5]];
    let mut speeds = [[0.0, -0.1, 0.0], [0.0, 1.4, 0.0], [-1.1, 0.0, 0.2]];
    for _ in 0..n {
        for i in 0..3 {
            for j in i + 1..3 {
                let apart: [f64; 3] = std::array::from_fn(|axis| places[i][axis] - places[j][axis]);
                let square = apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2];
                let pull = STEP / (square * square.sqrt());
                for axis in 0..3 {
                    speeds[i][axis] -= apart[axis] * MASSES[j] * pull;
                    speeds[j][axis] += apart[axis] * MASSES[i] * pull;
                }
            }
        }
        for i in 0..3 {
            for axis in 0..3 {
                places[i][axis] += STEP * speeds[i][axis];
            }
        }
    }
    let mut energy = 0.0;
    for i in 0..3 {
        let v = speeds[i];
        energy += 0.5 * MASSES[i] * (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
        for j in i + 1..3 {
            let apart: [f64; 3] = std::array::from_fn(|axis| places[i][axis] - places[j][axis]);
            let square = apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2];
            energy -= MASSES[i] * MASSES[j] / square.sqrt();
        }
    }
    energy
}

/// Integer arithmetic: the first four bytes of the SHA-256 of `n` blocks of 64 bytes; block i is all i modulo 256.
#[unsafe(no_mangle)]
pub extern "C" fn sha256(n: u32) -> u32 {
    let mut hash = Sha256::new();
    for block in 0..n {
        hash.update([block as u8; 64]);
    }
    let digest = hash.finalize();
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// 64-bit integers: counts the steps of the Collatz sequences of 1 to `n`, down to 1.
#[unsafe(no_mangle)]
pub extern "C" fn collatz(n: u32) -> u64 {
    let mut steps = 0;
    for start in 1..=u64::from(n) {
        let mut x = start;
        while x != 1 {
            x = if x % 2 == 0 { x / 2 } else { 3 * x + 1 };
            steps += 1;
        }
    }
    steps
}
