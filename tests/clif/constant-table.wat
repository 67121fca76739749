;; A table that nobody can change: what an index leads to is looked into only where it traps, if
;; the functions of the type stand side by side.
(module
  (type $t (func (param i32) (result i32)))
  (type $u (func (param i64) (result i64)))
  (table 6 funcref)
  (elem (i32.const 1) $t1 $t2 $t3 $u1)
  (func $t1 (type $t) (local.get 0))
  (func $t2 (type $t) (i32.const 2))
  (func $t3 (type $t) (i32.const 3))
  (func $u1 (type $u) (local.get 0))
  (func (export "call") (param i32) (result i32)
    (call_indirect (type $t) (i32.const 7) (local.get 0))))
;; | ; wasm[test]::function[0]::t1
;; | function u0:0(i64 vmctx, i32) -> i32 tail {
;; |     region0 = 1 "memory"
;; |     region1 = 2 "global"
;; |     region2 = 3 "context"
;; |     region3 = 4 "table"
;; |     region4 = 5 "function reference"
;; |     gv0 = vmctx
;; |     gv1 = load.i64 notrap aligned gv0+24
;; |     stack_limit = gv1
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0040                               return v1
;; | }
;; |
;; | ; wasm[test]::function[1]::t2
;; | function u0:1(i64 vmctx, i32) -> i32 tail {
;; |     region0 = 1 "memory"
;; |     region1 = 2 "global"
;; |     region2 = 3 "context"
;; |     region3 = 4 "table"
;; |     region4 = 5 "function reference"
;; |     gv0 = vmctx
;; |     gv1 = load.i64 notrap aligned gv0+24
;; |     stack_limit = gv1
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0043                               v3 = iconst.i32 2
;; | @0045                               return v3  ; v3 = 2
;; | }
;; |
;; | ; wasm[test]::function[2]::t3
;; | function u0:2(i64 vmctx, i32) -> i32 tail {
;; |     region0 = 1 "memory"
;; |     region1 = 2 "global"
;; |     region2 = 3 "context"
;; |     region3 = 4 "table"
;; |     region4 = 5 "function reference"
;; |     gv0 = vmctx
;; |     gv1 = load.i64 notrap aligned gv0+24
;; |     stack_limit = gv1
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0048                               v3 = iconst.i32 3
;; | @004a                               return v3  ; v3 = 3
;; | }
;; |
;; | ; wasm[test]::function[4]::call
;; | ;   u12:0 is wasm[test]::table[0]
;; | function u0:4(i64 vmctx, i64, i32) -> i32 tail {
;; |     region0 = 1 "memory"
;; |     region1 = 2 "global"
;; |     region2 = 3 "context"
;; |     region3 = 4 "table"
;; |     region4 = 5 "function reference"
;; |     gv0 = vmctx
;; |     gv1 = load.i64 notrap aligned gv0+24
;; |     gv2 = symbol colocated userextname0
;; |     sig0 = (i64 vmctx, i32) -> i32 tail
;; |     stack_limit = gv1
;; |
;; |                                 block0(v0: i64, v1: i64, v2: i32):
;; | @0052                               v4 = iconst.i32 7
;; | @0056                               v5 = uextend.i64 v2
;; | @0056                               v6 = symbol_value.i64 gv2
;; | @0056                               v7 = iconst.i64 -1
;; | @0056                               v8 = iadd v5, v7  ; v7 = -1
;; | @0056                               v9 = iconst.i64 3
;; | @0056                               v10 = icmp ult v8, v9  ; v9 = 3
;; | @0056                               brif v10, block3, block2
;; |
;; |                                 block2 cold:
;; | @0056                               v11 = iconst.i64 6
;; | @0056                               v12 = icmp.i64 uge v5, v11  ; v11 = 6
;; | @0056                               trapnz v12, user4
;; | @0056                               v13 = iconst.i64 3
;; | @0056                               v14 = ishl.i64 v5, v13  ; v13 = 3
;; | @0056                               v15 = iadd.i64 v6, v14
;; | @0056                               v16 = load.i32 notrap aligned readonly v15+4
;; | @0056                               v17 = iconst.i32 0
;; | @0056                               v18 = icmp eq v16, v17  ; v17 = 0
;; | @0056                               trapnz v18, user5
;; | @0056                               nop
;; | @0056                               trap user6
;; |
;; |                                 block3:
;; | @0056                               v19 = iconst.i64 3
;; | @0056                               v20 = ishl.i64 v5, v19  ; v19 = 3
;; | @0056                               v21 = iadd.i64 v6, v20
;; | @0056                               v22 = sload32 notrap aligned readonly v21
;; | @0056                               v23 = iadd.i64 v6, v22
;; | @0056                               v24 = call_indirect sig0, v23(v0, v4)  ; v4 = 7
;; | @0059                               return v24
;; | }
;; |
