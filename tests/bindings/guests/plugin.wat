;; The guest of README.md's example.
(module
  (import "env" "log" (func $log (param i32)))
  (func (export "add") (param i32 i32) (result i32)
    local.get 0 call $log
    local.get 0 local.get 1 i32.add))
