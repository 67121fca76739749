;; A string in, another one out: where to write the one is known, where the other is, is said.
(module
  (memory (export "memory") 1)
  (func (export "buffer") (result i32) (i32.const 1024))
  ;; Has small letters made large ones in place.
  (func (export "shout") (param $at i32) (param $len i32) (result i32 i32)
    (local $end i32) (local $next i32) (local $letter i32)
    (local.set $next (local.get $at))
    (local.set $end (i32.add (local.get $at) (local.get $len)))
    (block $done
      (loop $again
        (br_if $done (i32.ge_u (local.get $next) (local.get $end)))
        (local.set $letter (i32.load8_u (local.get $next)))
        (if (i32.lt_u (i32.sub (local.get $letter) (i32.const 97)) (i32.const 26))
          (then (i32.store8 (local.get $next) (i32.sub (local.get $letter) (i32.const 32)))))
        (local.set $next (i32.add (local.get $next) (i32.const 1)))
        (br $again)))
    (local.get $at) (local.get $len)))
