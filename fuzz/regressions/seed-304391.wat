;; seed: 304391
;; found: call: wasmtime says Returned; ours, signals, speed says Trapped(Memory)
(module (memory (export "m") 1)
 (func (export "f") (param $p i32) (param $n i32) (result i32) (local $i i32)
  (loop
    (f32.store offset=8192 (local.get $p)
      (select (f32.const 1) (f32.const 2) (f32.le (f32.load offset=4096 (local.get $p)) (f32.load (local.get $p)))))
    (local.set $p (i32.add (local.get $p) (i32.const 4)))
    (br_if 0 (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
  (i32.load offset=8196 (local.get $p))))
