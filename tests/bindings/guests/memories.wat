;; What can be done to a memory, table and globals from outside.
(module
  (memory (export "memory") 1 3)
  (data (i32.const 16) "hello from the guest")
  (table (export "table") 3 8 funcref)
  (elem (i32.const 1) func $get)
  (global (export "counter") (mut i32) (i32.const 7))
  (global (export "limit") i64 (i64.const -9))
  (global (export "ratio") (mut f32) (f32.const 0.5))
  (func $get (export "get_byte") (param i32) (result i32) local.get 0 i32.load8_u)
  (func (export "count") (result i32)
    global.get 0 i32.const 1 i32.add global.set 0 global.get 0)
  (func (export "grow") (param i32) (result i32) local.get 0 memory.grow))
