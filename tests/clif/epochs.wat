;;! epochs
;; The first function calls nothing and has no loop: nothing is asked. The second asks as it begins, and
;; at each turn of its loop.
(module
  (func $leaf (param i32) (result i32) (i32.div_u (i32.const 9) (local.get 0)))
  (func (export "run") (param i32)
    (loop $l (br_if $l (local.tee 0 (call $leaf (local.get 0)))))))
;; | ; wasm[test]::function[0]::leaf
;; | function u0:0(i64 vmctx, i32) -> i32 tail {
;; |     region0 = 1 "memory"
;; |     region1 = 2 "global"
;; |     region2 = 3 "context"
;; |     region3 = 4 "table"
;; |     region4 = 5 "function reference"
;; |     region5 = 6 "limits"
;; |     gv0 = vmctx
;; |     gv1 = load.i64 notrap aligned gv0+24
;; |     stack_limit = gv1
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0026                               v3 = load.i64 notrap aligned readonly can_move region2 v0+32
;; | @0027                               v4 = iconst.i32 9
;; | @002b                               v5 = udiv v4, v1  ; v4 = 9
;; | @002c                               return v5
;; | }
;; |
;; | ; wasm[test]::function[1]::run
;; | ;   u9:19 is wasmaot_v1_exit_builtin_interrupted
;; | function u0:1(i64 vmctx, i64, i32) tail {
;; |     region0 = 1 "memory"
;; |     region1 = 2 "global"
;; |     region2 = 3 "context"
;; |     region3 = 4 "table"
;; |     region4 = 5 "function reference"
;; |     region5 = 6 "limits"
;; |     gv0 = vmctx
;; |     gv1 = load.i64 notrap aligned gv0+24
;; |     sig0 = (i64) preserve_all
;; |     fn0 = colocated u9:19 sig0
;; |     stack_limit = gv1
;; |
;; |                                 block0(v0: i64, v1: i64, v2: i32):
;; |                                     v15 -> v2
;; | @002e                               v3 = load.i64 notrap aligned readonly can_move region2 v0+32
;; | @002e                               v4 = iconst.i64 8
;; | @002e                               v5 = iadd v3, v4  ; v4 = 8
;; | @002e                               v6 = atomic_load.i32 notrap aligned region5 v5
;; | @002e                               brif v6, block2, block3
;; |
;; |                                 block2 cold:
;; | @002e                               call fn0(v0)
;; | @002e                               jump block3
;; |
;; |                                 block3:
;; | @002f                               jump block4(v2)
;; |
;; |                                 block4(v11: i32):
;; |                                     v10 -> v11
;; | @002f                               v7 = iconst.i64 8
;; | @002f                               v8 = iadd.i64 v3, v7  ; v7 = 8
;; | @002f                               v9 = atomic_load.i32 notrap aligned region5 v8
;; | @002f                               brif v9, block5, block6
;; |
;; |                                 block5 cold:
;; | @002f                               call fn0(v0)
;; | @002f                               jump block6
;; |
;; |                                 block6:
;; | @003d                               v13 = iconst.i32 9
;; | @0041                               v14 = udiv v13, v11  ; v13 = 9
;; | @0037                               brif v14, block4(v14), block8
;; |
;; |                                 block8:
;; | @003a                               return
;; | }
;; |
