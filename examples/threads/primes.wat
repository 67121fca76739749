;; Counts primes, together with whoever else runs this over the same memory.
;;
;; In the memory: at 0 the next number that nobody has looked at, at 64 how many primes there were.
(module $primes
  (import "env" "memory" (memory 1 1 shared))

  (func $is_prime (param $n i32) (result i32)
    (local $d i32)
    (if (i32.lt_u (local.get $n) (i32.const 4))
      (then (return (i32.gt_u (local.get $n) (i32.const 1)))))
    (local.set $d (i32.const 2))
    (loop $next
      (if (i32.eqz (i32.rem_u (local.get $n) (local.get $d)))
        (then (return (i32.const 0))))
      (local.set $d (i32.add (local.get $d) (i32.const 1)))
      (br_if $next (i32.le_u (i32.mul (local.get $d) (local.get $d)) (local.get $n))))
    (i32.const 1))

  ;; Takes one number after the other until there are none left below the limit; how many it took.
  (func (export "work") (param $limit i32) (result i32)
    (local $n i32) (local $taken i32)
    (loop $next
      (local.set $n (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
      (if (i32.lt_u (local.get $n) (local.get $limit))
        (then
          (local.set $taken (i32.add (local.get $taken) (i32.const 1)))
          (if (call $is_prime (local.get $n))
            (then (drop (i32.atomic.rmw.add (i32.const 64) (i32.const 1)))))
          (br $next))))
    (local.get $taken)))
