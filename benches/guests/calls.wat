;; Functions that do next to nothing, and loops that call such functions of the host.
(module
  (import "host" "nothing" (func $host_nothing))
  (import "host" "add" (func $host_add (param i32 i32) (result i32)))
  (import "host" "sum" (func $host_sum (param i64 i64 i64 i64 i64 i64 i64 i64) (result i64)))

  (func (export "nothing"))
  (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1)))
  (func (export "sum") (param i64 i64 i64 i64 i64 i64 i64 i64) (result i64)
    (i64.add
      (i64.add (i64.add (local.get 0) (local.get 1)) (i64.add (local.get 2) (local.get 3)))
      (i64.add (i64.add (local.get 4) (local.get 5)) (i64.add (local.get 6) (local.get 7)))))
  (func (export "swap") (param i32 i64) (result i64 i32) (local.get 1) (local.get 0))

  (func (export "call_nothing") (param $n i64)
    (loop $again
      (call $host_nothing)
      (local.set $n (i64.sub (local.get $n) (i64.const 1)))
      (br_if $again (i64.ne (local.get $n) (i64.const 0)))))
  (func (export "call_add") (param $n i64) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum (call $host_add (local.get $sum) (i32.wrap_i64 (local.get $n))))
      (local.set $n (i64.sub (local.get $n) (i64.const 1)))
      (br_if $again (i64.ne (local.get $n) (i64.const 0))))
    (local.get $sum))
  (func (export "call_sum") (param $n i64) (result i64)
    (local $sum i64)
    (loop $again
      (local.set $sum
        (call $host_sum
          (local.get $sum) (local.get $n) (local.get $n) (local.get $n)
          (local.get $n) (local.get $n) (local.get $n) (local.get $n)))
      (local.set $n (i64.sub (local.get $n) (i64.const 1)))
      (br_if $again (i64.ne (local.get $n) (i64.const 0))))
    (local.get $sum)))
