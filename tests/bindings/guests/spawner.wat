;; A program whose work is done by threads: each adds its numbers to a sum that all share.
(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  ;; 0: the sum; 4: how many are done.
  (func (export "wasi_thread_start") (param $id i32) (param $n i32)
    (loop $again
      (drop (i32.atomic.rmw.add (i32.const 0) (i32.add (local.get $n) (local.get $id))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 4) (i32.const 1))))
  ;; One thread; its number.
  (func (export "spawn") (param $n i32) (result i32) (call $spawn (local.get $n)))
  ;; Waits for so many threads; the sum.
  (func (export "join") (param $count i32) (result i32) (local $done i32)
    (loop $again
      (local.set $done (i32.atomic.load (i32.const 4)))
      (if (i32.lt_u (local.get $done) (local.get $count)) (then
        (drop (memory.atomic.wait32 (i32.const 4) (local.get $done) (i64.const -1)))
        (br $again))))
    (i32.atomic.load (i32.const 0))))
