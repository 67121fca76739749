;; A guest. Replace it by what your compiler makes: build.rs takes .wasm files as well, and
;; Cargo packages that compile to wasm.
(module $fibonacci
  ;; What the host provides.
  (import "host" "report" (func $report (param i32 i64)))

  ;; The number at a place of the sequence. Traps if it does not fit into 64 bits.
  (func $fibonacci (export "fibonacci") (param $place i32) (result i64)
    (local $a i64)
    (local $b i64)
    (local $next i64)
    (local.set $b (i64.const 1))
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $place)))
        (local.set $next (i64.add (local.get $a) (local.get $b)))
        (if (i64.lt_u (local.get $next) (local.get $b)) (then (unreachable)))
        (local.set $a (local.get $b))
        (local.set $b (local.get $next))
        (local.set $place (i32.sub (local.get $place) (i32.const 1)))
        (br $again)))
    (local.get $a))

  ;; Tells the host the first numbers.
  (func (export "list") (param $count i32)
    (local $place i32)
    (block $done
      (loop $again
        (br_if $done (i32.ge_u (local.get $place) (local.get $count)))
        (call $report (local.get $place) (call $fibonacci (local.get $place)))
        (local.set $place (i32.add (local.get $place) (i32.const 1)))
        (br $again)))))
