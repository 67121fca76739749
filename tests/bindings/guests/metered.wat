(module
  ;; Goes on for ever.
  (func (export "forever") (param i32)
    (loop $l
      (local.set 0 (local.get 0))
      (br_if $l (i32.const 1))))
  ;; 3.
  (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1))))
