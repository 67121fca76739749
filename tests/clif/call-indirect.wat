;; The table cannot grow, so its length is a constant and its place does not change. Null faults
;; at the load of the type, which is compared by address.
(module
  (type $t (func (param i32) (result i32)))
  (table (export "table") 4 4 funcref)
  (func (export "call") (param i32) (result i32)
    (call_indirect (type $t) (i32.const 7) (local.get 0))))
;; | ; wasm[test]::function[0]::call
;; | ;   u11:0 is wasmaot_v1_type_i_i
;; | function u0:0(i64 vmctx, i64, i32) -> i32 tail {
;; |     region0 = 1 "memory"
;; |     region1 = 2 "global"
;; |     region2 = 3 "context"
;; |     region3 = 4 "table"
;; |     region4 = 5 "function reference"
;; |     gv0 = vmctx
;; |     gv1 = load.i64 notrap aligned gv0+24
;; |     gv2 = symbol colocated userextname0
;; |     sig0 = (i64 vmctx, i64, i32) -> i32 tail
;; |     stack_limit = gv1
;; |
;; |                                 block0(v0: i64, v1: i64, v2: i32):
;; | @0032                               v4 = iconst.i32 7
;; | @0036                               v5 = uextend.i64 v2
;; | @0036                               v6 = iconst.i64 4
;; | @0036                               v7 = icmp uge v5, v6  ; v6 = 4
;; | @0036                               trapnz v7, user4
;; | @0036                               v8 = iconst.i64 3
;; | @0036                               v9 = ishl v5, v8  ; v8 = 3
;; | @0036                               v10 = load.i64 notrap aligned readonly can_move region2 v0+64
;; | @0036                               v11 = iadd v10, v9
;; | @0036                               v12 = load.i64 notrap aligned region3 v11
;; | @0036                               v13 = load.i64 user5 aligned region4 v12+8
;; | @0036                               v14 = symbol_value.i64 gv2
;; | @0036                               v15 = icmp ne v13, v14
;; | @0036                               trapnz v15, user6
;; | @0036                               v16 = load.i64 notrap aligned region4 v12
;; | @0036                               v17 = load.i64 notrap aligned region4 v12+16
;; | @0036                               v18 = call_indirect sig0, v16(v17, v0, v4)  ; v4 = 7
;; | @0039                               return v18
;; | }
;; |
