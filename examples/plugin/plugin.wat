;; A plugin: it adds, and tells the host what it got.
(module $plugin
  (import "env" "log" (func $log (param i32)))
  (func (export "add") (param $a i32) (param $b i32) (result i32)
    (call $log (local.get $a))
    (call $log (local.get $b))
    (i32.add (local.get $a) (local.get $b))))
