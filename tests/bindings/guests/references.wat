;; References of both kinds, through parameters, results, tables and globals.
(module
  (table (export "things") 2 externref)
  (table (export "functions") 2 funcref)
  (global (export "kept") (mut externref) (ref.null extern))
  (global (export "function") (mut funcref) (ref.null func))
  (global (export "constant") f64 (f64.const 1.5))
  (type $unary (func (param i32) (result i32)))
  (func $double (type $unary) local.get 0 i32.const 2 i32.mul)
  (elem declare func $double)
  (func (export "same") (param externref) (result externref) local.get 0)
  (func (export "pair") (param externref i32 funcref) (result funcref externref i32)
    local.get 2 local.get 0 local.get 1)
  (func (export "keep") (param externref) local.get 0 global.set 0)
  (func (export "kept_is_null") (result i32) global.get 0 ref.is_null)
  (func (export "double") (result funcref) ref.func $double)
  (func (export "apply") (param funcref i32) (result i32)
    i32.const 0 local.get 0 table.set 1
    local.get 1 i32.const 0 call_indirect 1 (type $unary)))
