;; A shared memory that comes from outside, beside other imports, and can be had again.
(module
  (import "env" "memory" (memory 1 2 shared))
  (import "env" "add" (func $add (param i32 i32) (result i32)))
  (import "env" "base" (global $base i32))
  (export "words" (memory 0))
  (func (export "draw") (result i32)
    (call $add (global.get $base) (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))))
