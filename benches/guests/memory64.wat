;; Accesses of a 64-bit memory, each kernel n times over 64 KiB: in order, in order with a long offset,
;; and all over the place. src/language.rs computes the same.
(module
  (memory i64 2)

  (func (export "fill") (param i32) (result i64) (local $p i64) (local $x i64)
    (local.set $x (i64.const 1))
    (loop $l
      (local.set $x (i64.add
        (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.const 1442695040888963407)))
      (i64.store (local.get $p) (local.get $x))
      (br_if $l (i64.lt_u
        (local.tee $p (i64.add (local.get $p) (i64.const 8))) (i64.const 65536))))
    (local.get $x))

  (func (export "sum") (param $n i32) (result i64) (local $p i64) (local $sum i64)
    (loop $again
      (local.set $p (i64.const 0))
      (loop $l
        (local.set $sum (i64.add (local.get $sum) (i64.load (local.get $p))))
        (br_if $l (i64.lt_u
          (local.tee $p (i64.add (local.get $p) (i64.const 8))) (i64.const 65536))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))

  (func (export "copy") (param $n i32) (result i64) (local $p i64)
    (loop $again
      (local.set $p (i64.const 0))
      (loop $l
        (i64.store offset=65536 (local.get $p) (i64.load (local.get $p)))
        (br_if $l (i64.lt_u
          (local.tee $p (i64.add (local.get $p) (i64.const 8))) (i64.const 65536))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.load offset=131064 (i64.const 0)))

  (func (export "scatter") (param $n i32) (result i64) (local $p i64) (local $left i32)
    (loop $again
      (local.set $left (i32.const 8192))
      (loop $l
        (local.set $p (i64.and (i64.load (local.get $p)) (i64.const 0xfff8)))
        (br_if $l (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $p)))
