;; References of the host are in a stack slot, which the call's stack map names, while a call is
;; under way.
(module
  (import "host" "f" (func $f))
  (func (export "keep") (param externref) (result externref)
    (call $f)
    (local.get 0)))
;; | ; wasm[test]::function[1]::keep
;; | function u0:1(i64 vmctx, i64, i32) -> i32 tail {
;; |     ss0 = explicit_slot 4, align = 4
;; |     region0 = 1 "memory"
;; |     region1 = 2 "global"
;; |     region2 = 3 "context"
;; |     region3 = 4 "table"
;; |     region4 = 5 "function reference"
;; |     gv0 = vmctx
;; |     gv1 = load.i64 notrap aligned gv0+24
;; |     sig0 = (i64 vmctx, i64) tail
;; |     stack_limit = gv1
;; |
;; |                                 block0(v0: i64, v1: i64, v2: i32):
;; |                                     v8 = stack_addr.i64 ss0
;; |                                     store notrap aligned v2, v8
;; | @0032                               v4 = load.i64 notrap aligned readonly can_move region2 v0+64
;; | @0032                               v5 = load.i64 notrap aligned readonly can_move region2 v0+72
;; | @0032                               call_indirect sig0, v4(v5, v0), stack_map=[i32 @ ss0+0]
;; |                                     v6 = stack_addr.i64 ss0
;; |                                     v7 = load.i32 notrap aligned v6
;; | @0036                               return v7
;; | }
;; |
