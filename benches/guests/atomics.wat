;; Atomic accesses over and over, `$n` times, and two threads that hand something to each other.
;; The memory is that of all who take part.
(module
  (import "env" "memory" (memory 1 1 shared))

  ;; To count, without looking.
  (func (export "add") (param $n i64)
    (loop $again
      (drop (i32.atomic.rmw.add (i32.const 64) (i32.const 1)))
      (br_if $again (i64.ne (i64.const 0)
        (local.tee $n (i64.sub (local.get $n) (i64.const 1)))))))
  ;; To count, at an address that is not known, and to look.
  (func (export "add64") (param $n i64) (result i64) (local $at i32) (local $sum i64)
    (loop $again
      (local.set $at (i32.and (i32.const 0xff8) (i32.wrap_i64 (local.get $n))))
      (local.set $sum (i64.add (local.get $sum)
        (i64.atomic.rmw.add (local.get $at) (i64.const 1))))
      (br_if $again (i64.ne (i64.const 0)
        (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
    (local.get $sum))
  ;; What the machine has no instruction for.
  (func (export "xor8") (param $n i64) (result i32) (local $last i32)
    (loop $again
      (local.set $last (i32.atomic.rmw8.xor_u
        (i32.and (i32.const 0xfff) (i32.wrap_i64 (local.get $n))) (local.get $last)))
      (br_if $again (i64.ne (i64.const 0)
        (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
    (local.get $last))
  (func (export "cmpxchg") (param $n i64) (local $old i32)
    (loop $again
      (local.set $old (i32.atomic.load (i32.const 128)))
      (br_if $again (i32.ne (local.get $old)
        (i32.atomic.rmw.cmpxchg (i32.const 128) (local.get $old)
          (i32.add (local.get $old) (i32.const 1)))))
      (br_if $again (i64.ne (i64.const 0)
        (local.tee $n (i64.sub (local.get $n) (i64.const 1)))))))
  (func (export "read") (param $n i64) (result i64) (local $sum i64)
    (loop $again
      (local.set $sum (i64.add (local.get $sum)
        (i64.atomic.load (i32.and (i32.const 0xff8) (i32.wrap_i64 (local.get $n))))))
      (br_if $again (i64.ne (i64.const 0)
        (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
    (local.get $sum))
  (func (export "write") (param $n i64)
    (loop $again
      (i64.atomic.store (i32.and (i32.const 0xff8) (i32.wrap_i64 (local.get $n))) (local.get $n))
      (br_if $again (i64.ne (i64.const 0)
        (local.tee $n (i64.sub (local.get $n) (i64.const 1)))))))
  ;; Nobody waits.
  (func (export "notify") (param $n i64)
    (loop $again
      (drop (memory.atomic.notify (i32.const 192) (i32.const 1)))
      (br_if $again (i64.ne (i64.const 0)
        (local.tee $n (i64.sub (local.get $n) (i64.const 1)))))))
  ;; The value is another.
  (func (export "wait") (param $n i64)
    (loop $again
      (drop (memory.atomic.wait32 (i32.const 192) (i32.const 1) (i64.const -1)))
      (br_if $again (i64.ne (i64.const 0)
        (local.tee $n (i64.sub (local.get $n) (i64.const 1)))))))

  ;; Takes the ball `$n` times at a place of its own, and gives it to the other.
  (func (export "ball") (param $mine i32) (param $other i32) (param $n i64)
    (loop $next
      (loop $again
        (if (i32.eqz (i32.atomic.load (local.get $mine))) (then
          (drop (memory.atomic.wait32 (local.get $mine) (i32.const 0) (i64.const -1)))
          (br $again))))
      (i32.atomic.store (local.get $mine) (i32.const 0))
      (i32.atomic.store (local.get $other) (i32.const 1))
      (drop (memory.atomic.notify (local.get $other) (i32.const 1)))
      (br_if $next (i64.ne (i64.const 0)
        (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))))
