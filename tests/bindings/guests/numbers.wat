;; Every number of results and types of numbers, and more parameters than any machine has registers.
(module
  (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
  (func (export "nothing"))
  (func (export "addAll") (param i64 f32 f64) (result f64)
    local.get 0 f64.convert_i64_s local.get 1 f64.promote_f32 f64.add local.get 2 f64.add)
  (func (export "f32-identity") (param f32) (result f32) local.get 0)
  (func (export "swap") (param i32 i64) (result i64 i32) local.get 1 local.get 0)
  (func (export "four") (param f32) (result f32 f64 i32 i64)
    local.get 0 f64.const 2.5 i32.const -3 i64.const -4)
  (func (export "divide") (param i32 i32) (result i32) local.get 0 local.get 1 i32.div_s)
  (func (export "twenty")
    (param i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64)
    (result i64 f64)
    ;; each times its place, so that no two can be mixed up
    local.get 1 i64.const 2 i64.mul local.get 5 i64.const 6 i64.mul i64.add
    local.get 9 i64.const 10 i64.mul i64.add local.get 13 i64.const 14 i64.mul i64.add
    local.get 17 i64.const 18 i64.mul i64.add
    local.get 0 i64.extend_i32_s i64.add local.get 16 i64.extend_i32_s i64.const 17 i64.mul i64.add
    local.get 3 f64.const 4 f64.mul local.get 19 f64.const 20 f64.mul f64.add
    local.get 18 f64.promote_f32 f64.const 19 f64.mul f64.add)
  ;; A parameter in every register, each with a weight of its own.
  (func (export "weigh")
    (param f64 i32 f32 i64 f64 f32 i32 f64 f32 i64 f64 f32) (result f64)
    local.get 0
    (f64.mul (f64.const 2) (f64.convert_i32_s (local.get 1))) f64.add
    (f64.mul (f64.const 3) (f64.promote_f32 (local.get 2))) f64.add
    (f64.mul (f64.const 4) (f64.convert_i64_s (local.get 3))) f64.add
    (f64.mul (f64.const 5) (local.get 4)) f64.add
    (f64.mul (f64.const 6) (f64.promote_f32 (local.get 5))) f64.add
    (f64.mul (f64.const 7) (f64.convert_i32_s (local.get 6))) f64.add
    (f64.mul (f64.const 8) (local.get 7)) f64.add
    (f64.mul (f64.const 9) (f64.promote_f32 (local.get 8))) f64.add
    (f64.mul (f64.const 10) (f64.convert_i64_s (local.get 9))) f64.add
    (f64.mul (f64.const 11) (local.get 10)) f64.add
    (f64.mul (f64.const 12) (f64.promote_f32 (local.get 11))) f64.add)
  (func (export "weigh_f32") (param f32 i32) (result f32)
    (f32.add (local.get 0) (f32.convert_i32_s (local.get 1))))

  ;; Keeps much across calls of itself, the innermost of which traps.
  (func $deep (export "deep") (param $n i64) (result i64)
    (local $a i64) (local $b i64) (local $c i64) (local $d i64) (local $e i64) (local $f i64)
    (if (i64.eqz (local.get $n)) (then unreachable))
    (local.set $a (i64.mul (local.get $n) (i64.const 3)))
    (local.set $b (i64.mul (local.get $n) (i64.const 5)))
    (local.set $c (i64.mul (local.get $n) (i64.const 7)))
    (local.set $d (i64.mul (local.get $n) (i64.const 11)))
    (local.set $e (i64.mul (local.get $n) (i64.const 13)))
    (local.set $f (i64.mul (local.get $n) (i64.const 17)))
    (call $deep (i64.sub (local.get $n) (i64.const 1)))
    (local.get $a) i64.xor (local.get $b) i64.xor (local.get $c) i64.xor
    (local.get $d) i64.xor (local.get $e) i64.xor (local.get $f) i64.xor))
