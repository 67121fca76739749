;; The two ways in which compilers put a 128-bit product together, and callers of them.
(module
  (memory (export "memory") 1 1)
  ;; Both factors as halves: 5 is a0, 6 is a1, 7 is b0, 8 is b1; 9 is a0*b0, 10 is a1*b0.
  (func $low_first (param i32 i64 i64 i64 i64) (local i64 i64 i64 i64 i64 i64 i64)
    (local.set 5 (i64.and (local.get 1) (i64.const 4294967295)))
    (local.set 6 (i64.shr_u (local.get 1) (i64.const 32)))
    (local.set 7 (i64.and (i64.const 4294967295) (local.get 3)))
    (local.set 8 (i64.shr_u (local.get 3) (i64.const 32)))
    (local.set 9 (i64.mul (local.get 7) (local.get 5)))
    (local.set 10 (i64.mul (local.get 6) (local.get 7)))
    (local.set 5 (i64.add (local.get 10) (i64.mul (local.get 5) (local.get 8))))
    (i64.store (local.get 0)
      (local.tee 11 (i64.add (local.get 9) (i64.shl (local.get 5) (i64.const 32)))))
    (i64.store offset=8 (local.get 0) (i64.add
      (i64.add
        (i64.extend_i32_u (i64.lt_u (local.get 11) (local.get 9)))
        (i64.or
          (i64.shr_u (local.get 5) (i64.const 32))
          (i64.shl (i64.extend_i32_u (i64.lt_u (local.get 5) (local.get 10))) (i64.const 32))))
      (i64.add (i64.mul (local.get 6) (local.get 8))
        (i64.add (i64.mul (local.get 2) (local.get 3)) (i64.mul (local.get 4) (local.get 1)))))))
  (func $high_first (param i32 i64 i64 i64 i64) (local i64 i64 i64 i64 i64 i64 i64)
    (local.set 5 (i64.and (local.get 1) (i64.const 4294967295)))
    (local.set 6 (i64.shr_u (local.get 1) (i64.const 32)))
    (local.set 7 (i64.and (i64.const 4294967295) (local.get 3)))
    (local.set 8 (i64.shr_u (local.get 3) (i64.const 32)))
    (local.set 9 (i64.mul (local.get 7) (local.get 5)))
    (local.set 10 (i64.mul (local.get 6) (local.get 7)))
    (local.set 10 (i64.add (local.get 10) (i64.shr_u (local.get 9) (i64.const 32))))
    (local.set 11 (i64.add (i64.mul (local.get 8) (local.get 5))
      (i64.and (local.get 10) (i64.const 4294967295))))
    (i64.store offset=8 (local.get 0) (i64.add
      (i64.add (i64.shr_u (local.get 11) (i64.const 32)) (i64.shr_u (local.get 10) (i64.const 32)))
      (i64.add (i64.mul (local.get 6) (local.get 8))
        (i64.add (i64.mul (local.get 2) (local.get 3)) (i64.mul (local.get 4) (local.get 1))))))
    (i64.store (local.get 0)
      (i64.or (i64.shl (local.get 11) (i64.const 32))
        (i64.and (local.get 9) (i64.const 4294967295)))))
  (func (export "low_first") (param $to i32) (param $al i64) (param $ah i64) (param $bl i64) (param $bh i64)
    (call $low_first
      (local.get $to) (local.get $al) (local.get $ah) (local.get $bl) (local.get $bh)))
  (func (export "high_first") (param $to i32) (param $al i64) (param $ah i64) (param $bl i64) (param $bh i64)
    (call $high_first
      (local.get $to) (local.get $al) (local.get $ah) (local.get $bl) (local.get $bh)))
  ;; Factors of 64 bits.
  (func (export "narrow") (param $to i32) (param $a i64) (param $b i64)
    (call $low_first
      (local.get $to) (local.get $a) (i64.const 0) (local.get $b) (i64.const 0))))
