;; A WASI reactor, beside an import of the host's own.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "host" "offset" (func $offset (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (global $ready (mut i32) (i32.const 0))
  (func (export "_initialize") (global.set $ready (i32.const 1)))
  (func (export "ready") (result i32) (global.get $ready))
  ;; How many arguments there are, and how many bytes; and where they are.
  (func (export "arguments") (result i32 i32 i32)
    (if (call $sizes (i32.const 0) (i32.const 4)) (then unreachable))
    (if (call $args (i32.const 16) (call $offset)) (then unreachable))
    (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.load (i32.const 16)))
  ;; What a bad address comes to.
  (func (export "outside") (result i32) (call $args (i32.const 65534) (i32.const 0)))
  (func (export "leave") (param i32) (call $exit (local.get 0)) unreachable))
