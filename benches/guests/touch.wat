;; Writes to so many pages of 4 KiB that nobody has come to before, and has as many.
(module
  (memory 64)
  (func (export "get") (param $pages i32) (result i32)
    (local $page i32)
    (loop $again
      (i32.store (i32.shl (local.get $page) (i32.const 12)) (i32.const 1))
      (local.set $page (i32.add (local.get $page) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $page) (local.get $pages))))
    (local.get $page)))
