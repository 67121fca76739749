;; What a small library looks like to whoever instantiates it: sixteen pages, three data segments, a stack
;; pointer, a short table.
(module
  (memory (export "memory") 16)
  (global $stack (mut i32) (i32.const 1048576))
  (table 4 funcref)
  (elem (i32.const 1) $get $get $get)
  (data (i32.const 1024) "the first of the segments")
  (data (i32.const 66000) "the second, on another page")
  (data (i32.const 200000) "the third, further on")
  (func $get (export "get") (param i32) (result i32)
    (i32.load8_u (local.get 0))))
