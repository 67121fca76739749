;; Every number of results and types of numbers, and more parameters than any machine has registers.
(module
  (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
  (func (export "nothing"))
  (func (export "addAll") (param i64 f32 f64) (result f64)
    local.get 0 f64.convert_i64_s local.get 1 f64.promote_f32 f64.add local.get 2 f64.add)
  (func (export "f32-identity") (param f32) (result f32) local.get 0)
  (func (export "swap") (param i32 i64) (result i64 i32) local.get 1 local.get 0)
  (func (export "four") (param f32) (result f32 f64 i32 i64)
    local.get 0 f64.const 2.5 i32.const -3 i64.const -4)
  (func (export "divide") (param i32 i32) (result i32) local.get 0 local.get 1 i32.div_s)
  (func (export "twenty")
    (param i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64)
    (result i64 f64)
    ;; each times its place, so that no two can be mixed up
    local.get 1 i64.const 2 i64.mul local.get 5 i64.const 6 i64.mul i64.add
    local.get 9 i64.const 10 i64.mul i64.add local.get 13 i64.const 14 i64.mul i64.add
    local.get 17 i64.const 18 i64.mul i64.add
    local.get 0 i64.extend_i32_s i64.add local.get 16 i64.extend_i32_s i64.const 17 i64.mul i64.add
    local.get 3 f64.const 4 f64.mul local.get 19 f64.const 20 f64.mul f64.add
    local.get 18 f64.promote_f32 f64.const 19 f64.mul f64.add))
