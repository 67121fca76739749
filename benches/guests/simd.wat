;; Vector kernels: each goes n times over 16 KiB of memory, which fit the innermost cache, or computes n
;; blocks. What it gives is the two halves of a vector, by exclusive or; src/simd.rs computes the same
;; without vectors.
(module
  (memory 1)
  (func $fold (param v128) (result i64)
    (i64.xor (i64x2.extract_lane 0 (local.get 0)) (i64x2.extract_lane 1 (local.get 0))))

  (func (export "fill") (local $p i32) (local $x i32)
    (local.set $x (i32.const 1))
    (loop $l
      (local.set $x
        (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223)))
      (i32.store8 (local.get $p) (i32.shr_u (local.get $x) (i32.const 24)))
      (br_if $l (i32.lt_u
        (local.tee $p (i32.add (local.get $p) (i32.const 1))) (i32.const 16384)))))

  ;; The product of two vectors of 16-bit integers.
  (func (export "dot_i16") (param $n i32) (result i64) (local $p i32) (local $sum v128)
    (loop $again
      (local.set $p (i32.const 0))
      (loop $l
        (local.set $sum (i32x4.add (local.get $sum)
          (i32x4.dot_i16x8_s (v128.load (local.get $p)) (v128.load offset=8192 (local.get $p)))))
        (br_if $l (i32.lt_u
          (local.tee $p (i32.add (local.get $p) (i32.const 16))) (i32.const 8192))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (call $fold (local.get $sum)))

  ;; The product of two vectors of numbers, which are made of integers first.
  (func (export "dot_f32") (param $n i32) (result i64) (local $p i32) (local $sum v128)
    (loop $again
      (local.set $p (i32.const 0))
      (loop $l
        (local.set $sum (f32x4.add (local.get $sum) (f32x4.mul
          (f32x4.convert_i32x4_s (v128.load16x4_s (local.get $p)))
          (f32x4.convert_i32x4_s (v128.load16x4_s offset=8192 (local.get $p))))))
        (br_if $l (i32.lt_u
          (local.tee $p (i32.add (local.get $p) (i32.const 8))) (i32.const 8192))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (call $fold (local.get $sum)))

  ;; How many bytes exceed 200.
  (func (export "count") (param $n i32) (result i64) (local $p i32) (local $sum i64)
    (loop $again
      (local.set $p (i32.const 0))
      (loop $l
        (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (i32.popcnt (i8x16.bitmask
          (i8x16.gt_u (v128.load (local.get $p)) (i8x16.splat (i32.const 200))))))))
        (br_if $l (i32.lt_u
          (local.tee $p (i32.add (local.get $p) (i32.const 16))) (i32.const 16384))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))

  ;; Two pictures laid over each other: (a * 77 + b * 178) / 256 for each byte, and all of them added.
  (func (export "blend") (param $n i32) (result i64)
    (local $p i32) (local $sum v128) (local $a v128) (local $b v128) (local $x v128) (local $y v128)
    (local.set $x (i8x16.splat (i32.const 77)))
    (local.set $y (i8x16.splat (i32.const 178)))
    (loop $again
      (local.set $p (i32.const 0))
      (loop $l
        (local.set $a (v128.load (local.get $p)))
        (local.set $b (v128.load offset=8192 (local.get $p)))
        (local.set $sum (i32x4.add (local.get $sum) (i32x4.extadd_pairwise_i16x8_u
          (i16x8.extadd_pairwise_i8x16_u (i8x16.narrow_i16x8_u
            (i16x8.shr_u
              (i16x8.add
                (i16x8.extmul_low_i8x16_u (local.get $a) (local.get $x))
                (i16x8.extmul_low_i8x16_u (local.get $b) (local.get $y)))
              (i32.const 8))
            (i16x8.shr_u
              (i16x8.add
                (i16x8.extmul_high_i8x16_u (local.get $a) (local.get $x))
                (i16x8.extmul_high_i8x16_u (local.get $b) (local.get $y)))
              (i32.const 8)))))))
        (br_if $l (i32.lt_u
          (local.tee $p (i32.add (local.get $p) (i32.const 16))) (i32.const 8192))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (call $fold (local.get $sum)))

  ;; Bytes looked up in a table of 16 by their lower halves, then by their upper ones; all added.
  (func (export "look_up") (param $n i32) (result i64)
    (local $p i32) (local $sum v128) (local $v v128) (local $table v128) (local $mask v128)
    (local.set $table (v128.load (i32.const 64)))
    (local.set $mask (i8x16.splat (i32.const 15)))
    (loop $again
      (local.set $p (i32.const 0))
      (loop $l
        (local.set $v (v128.load (local.get $p)))
        (local.set $sum (i8x16.add (local.get $sum) (i8x16.add
          (i8x16.swizzle (local.get $table) (v128.and (local.get $v) (local.get $mask)))
          (i8x16.swizzle (local.get $table) (i8x16.shr_u (local.get $v) (i32.const 4))))))
        (br_if $l (i32.lt_u
          (local.tee $p (i32.add (local.get $p) (i32.const 16))) (i32.const 16384))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (call $fold (local.get $sum)))

  ;; Ten double rounds of ChaCha for each block, the rows of the state being vectors.
  (func (export "chacha") (param $n i32) (result i64)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128) (local $i i32)
    (local.set $a (v128.load (i32.const 0)))
    (local.set $b (v128.load (i32.const 16)))
    (local.set $c (v128.load (i32.const 32)))
    (local.set $d (v128.load (i32.const 48)))
    (loop $again
      (local.set $i (i32.const 20))
      (loop $l
        (local.set $a (i32x4.add (local.get $a) (local.get $b)))
        (local.set $d (v128.xor (local.get $d) (local.get $a)))
        (local.set $d (i8x16.shuffle 2 3 0 1 6 7 4 5 10 11 8 9 14 15 12 13 (local.get $d) (local.get $d)))
        (local.set $c (i32x4.add (local.get $c) (local.get $d)))
        (local.set $b (v128.xor (local.get $b) (local.get $c)))
        (local.set $b (v128.or
          (i32x4.shl (local.get $b) (i32.const 12)) (i32x4.shr_u (local.get $b) (i32.const 20))))
        (local.set $a (i32x4.add (local.get $a) (local.get $b)))
        (local.set $d (v128.xor (local.get $d) (local.get $a)))
        (local.set $d (i8x16.shuffle 3 0 1 2 7 4 5 6 11 8 9 10 15 12 13 14 (local.get $d) (local.get $d)))
        (local.set $c (i32x4.add (local.get $c) (local.get $d)))
        (local.set $b (v128.xor (local.get $b) (local.get $c)))
        (local.set $b (v128.or
          (i32x4.shl (local.get $b) (i32.const 7)) (i32x4.shr_u (local.get $b) (i32.const 25))))
        ;; Rows to diagonals, and back by the next round: after an even number it is as it was.
        (if (i32.and (local.get $i) (i32.const 1))
          (then
            (local.set $b (i8x16.shuffle 12 13 14 15 0 1 2 3 4 5 6 7 8 9 10 11 (local.get $b) (local.get $b)))
            (local.set $c (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $c) (local.get $c)))
            (local.set $d (i8x16.shuffle 4 5 6 7 8 9 10 11 12 13 14 15 0 1 2 3 (local.get $d) (local.get $d))))
          (else
            (local.set $b (i8x16.shuffle 4 5 6 7 8 9 10 11 12 13 14 15 0 1 2 3 (local.get $b) (local.get $b)))
            (local.set $c (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $c) (local.get $c)))
            (local.set $d (i8x16.shuffle 12 13 14 15 0 1 2 3 4 5 6 7 8 9 10 11 (local.get $d) (local.get $d)))))
        (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (call $fold (v128.xor
      (v128.xor (local.get $a) (local.get $b)) (v128.xor (local.get $c) (local.get $d)))))

  ;; Two points at a time of 64 by 64 * n of the Mandelbrot set's surroundings, at most 50 steps each.
  (func (export "mandelbrot") (param $n i32) (result i64)
    (local $x v128) (local $y v128) (local $u v128) (local $v v128) (local $uu v128) (local $vv v128)
    (local $left i32) (local $row i32) (local $column i32) (local $inside v128) (local $sum v128)
    (loop $again
      (local.set $row (i32.const 64))
      (loop $rows
        (local.set $column (i32.const 64))
        (loop $columns
          (local.set $x (f64x2.sub
            (f64x2.mul
              (f64x2.convert_low_i32x4_s (i32x4.add
                (i32x4.splat (local.get $column)) (v128.const i32x4 0 -1 0 0)))
              (v128.const f64x2 0.046875 0.046875))
            (v128.const f64x2 2 2)))
          (local.set $y (f64x2.sub
            (f64x2.mul (f64x2.splat (f64.convert_i32_s (local.get $row)))
              (v128.const f64x2 0.03125 0.03125))
            (v128.const f64x2 1 1)))
          (local.set $u (local.get $x))
          (local.set $v (local.get $y))
          (local.set $left (i32.const 50))
          (block $out
            (loop $steps
              (local.set $uu (f64x2.mul (local.get $u) (local.get $u)))
              (local.set $vv (f64x2.mul (local.get $v) (local.get $v)))
              (local.set $inside (f64x2.le
                (f64x2.add (local.get $uu) (local.get $vv)) (v128.const f64x2 4 4)))
              (br_if $out (i32.eqz (v128.any_true (local.get $inside))))
              (local.set $sum (i64x2.sub (local.get $sum) (local.get $inside)))
              (local.set $v (f64x2.add (local.get $y) (f64x2.mul
                (f64x2.add (local.get $u) (local.get $u)) (local.get $v))))
              (local.set $u (f64x2.add (local.get $x) (f64x2.sub (local.get $uu) (local.get $vv))))
              (br_if $steps (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
          (br_if $columns (local.tee $column (i32.sub (local.get $column) (i32.const 2)))))
        (br_if $rows (local.tee $row (i32.sub (local.get $row) (i32.const 1)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (call $fold (local.get $sum))))
