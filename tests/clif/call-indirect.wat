;; The table cannot grow, so its length is a constant and its place does not change. Null faults
;; at the load of the type, which is compared by address.
(module
  (type $t (func (param i32) (result i32)))
  (table 4 4 funcref)
  (func (export "call") (param i32) (result i32)
    (call_indirect (type $t) (i32.const 7) (local.get 0))))
;; | ; wasm[test]::function[0]::call
;; | ;   u11:0 is wasmaot_v1_type_i_i
;; | function u0:0(i64 vmctx, i64, i32) -> i32 tail {
;; |     region0 = 1 "context"
;; |     region1 = 2 "global"
;; |     region2 = 3 "memory"
;; |     region3 = 4 "table"
;; |     region4 = 5 "function reference"
;; |     gv0 = vmctx
;; |     gv1 = load.i64 notrap aligned gv0+24
;; |     gv2 = symbol colocated userextname0
;; |     sig0 = (i64 vmctx, i64, i32) -> i32 tail
;; |     stack_limit = gv1
;; |
;; |                                 block0(v0: i64, v1: i64, v2: i32):
;; | @002a                               v4 = iconst.i32 7
;; | @002e                               v5 = uextend.i64 v2
;; | @002e                               v6 = iconst.i64 4
;; | @002e                               v7 = icmp uge v5, v6  ; v6 = 4
;; | @002e                               trapnz v7, user4
;; | @002e                               v8 = iconst.i64 3
;; | @002e                               v9 = ishl v5, v8  ; v8 = 3
;; | @002e                               v10 = load.i64 notrap aligned readonly can_move region0 v0+64
;; | @002e                               v11 = iadd v10, v9
;; | @002e                               v12 = load.i64 notrap aligned region3 v11
;; | @002e                               v13 = load.i64 user5 aligned region4 v12+8
;; | @002e                               v14 = symbol_value.i64 gv2
;; | @002e                               v15 = icmp ne v13, v14
;; | @002e                               trapnz v15, user6
;; | @002e                               v16 = load.i64 notrap aligned region4 v12
;; | @002e                               v17 = load.i64 notrap aligned region4 v12+16
;; | @002e                               v18 = call_indirect sig0, v16(v17, v0, v4)  ; v4 = 7
;; | @0031                               return v18
;; | }
;; |
