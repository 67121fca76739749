;; A memory without data, and next to nothing else.
(module
  (memory (export "memory") 16)
  (func (export "get") (param i32) (result i32)
    (i32.load8_u (local.get 0))))
