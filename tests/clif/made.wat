;; What has been made on every path is not made again; where paths meet, what only one of them made is forgotten.
;; An `if` without `else` leads straight to its end, and nothing is widened only to be looked at by a branch.
(module
  (memory 1)
  (func (export "store") (param i32 i32)
    (i32.store (local.get 0) (i32.const 7))
    (if (i32.eqz (i32.lt_u (local.get 0) (local.get 1)))
      (then
        (i32.store offset=4 (local.get 0) (i32.const 7))
        (i32.store (local.get 1) (i32.const 8))))
    (if (f64.lt (f64.load (local.get 0)) (f64.const 1))
      (then (i32.store (local.get 1) (i32.const 8)))
      (else (i32.store offset=8 (local.get 1) (i32.const 7))))
    (i32.store offset=12 (local.get 1) (i32.const 8))))
;; | ; wasm[test]::function[0]::store
;; | function u0:0(i64 vmctx, i64, i32, i32) tail {
;; |     region0 = 1 "memory"
;; |     region1 = 2 "global"
;; |     region2 = 3 "context"
;; |     region3 = 4 "table"
;; |     region4 = 5 "function reference"
;; |     gv0 = vmctx
;; |     gv1 = load.i64 notrap aligned gv0+24
;; |     stack_limit = gv1
;; |
;; |                                 block0(v0: i64, v1: i64, v2: i32, v3: i32):
;; | @002d                               v6 = load.i64 notrap aligned readonly can_move region2 v0+64
;; | @002b                               v4 = iconst.i32 7
;; | @002d                               v5 = uextend.i64 v2
;; | @002d                               v7 = iadd v6, v5
;; | @002d                               store little region0 v4, v7  ; v4 = 7
;; | @0034                               v8 = icmp ult v2, v3
;; | @0035                               v9 = icmp uge v2, v3
;; | @0036                               brif v9, block2, block3
;; |
;; |                                 block2:
;; | @003c                               store.i32 little region0 v4, v7+4  ; v4 = 7
;; | @0041                               v10 = iconst.i32 8
;; | @0043                               v11 = uextend.i64 v3
;; | @0043                               v12 = iadd.i64 v6, v11
;; | @0043                               store little region0 v10, v12  ; v10 = 8
;; | @0046                               jump block3
;; |
;; |                                 block3:
;; | @0049                               v13 = load.f64 little region0 v7
;; | @004c                               v14 = f64const 0x1.0000000000000p0
;; | @0055                               v15 = fcmp lt v13, v14  ; v14 = 0x1.0000000000000p0
;; | @0056                               brif v15, block4, block6
;; |
;; |                                 block4:
;; | @005a                               v16 = iconst.i32 8
;; | @005c                               v17 = uextend.i64 v3
;; | @005c                               v18 = iadd.i64 v6, v17
;; | @005c                               store little region0 v16, v18  ; v16 = 8
;; | @005f                               jump block5
;; |
;; |                                 block6:
;; | @0064                               v19 = uextend.i64 v3
;; | @0064                               v20 = iadd.i64 v6, v19
;; | @0064                               store.i32 little region0 v4, v20+8  ; v4 = 7
;; | @0067                               jump block5
;; |
;; |                                 block5:
;; | @006a                               v21 = iconst.i32 8
;; | @006c                               v22 = uextend.i64 v3
;; | @006c                               v23 = iadd.i64 v6, v22
;; | @006c                               store little region0 v21, v23+12  ; v21 = 8
;; | @006f                               return
;; | }
;; |
