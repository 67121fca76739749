;; By default a 32-bit address reaches only what belongs to the memory or faults: a load is the
;; memory's start, which never changes, plus the address.
(module
  (memory 1)
  (func (export "load") (param i32) (result i32)
    (i32.load offset=8 (local.get 0))))
;; | ; wasm[test]::function[0]::load
;; | function u0:0(i64 vmctx, i64, i32) -> i32 tail {
;; |     region0 = 1 "memory"
;; |     region1 = 2 "global"
;; |     region2 = 3 "context"
;; |     region3 = 4 "table"
;; |     region4 = 5 "function reference"
;; |     gv0 = vmctx
;; |     gv1 = load.i64 notrap aligned gv0+24
;; |     stack_limit = gv1
;; |
;; |                                 block0(v0: i64, v1: i64, v2: i32):
;; | @002a                               v5 = load.i64 notrap aligned readonly can_move region2 v0+64
;; | @002a                               v4 = uextend.i64 v2
;; | @002a                               v6 = iadd v5, v4
;; | @002a                               v7 = load.i32 little region0 v6+8
;; | @002d                               return v7
;; | }
;; |
