;; The first index is below 2^32 whatever is masked, so the sum and the scale become part of the address;
;; the second one can wrap around.
(module
  (memory 1)
  (func (export "table") (param i32) (result i32)
    (i32.load
      (i32.add (i32.shl (i32.and (local.get 0) (i32.const 255)) (i32.const 2)) (i32.const 1056))))
  (func (export "wraps") (param i32) (result i32)
    (i32.load (i32.add (i32.shl (local.get 0) (i32.const 2)) (i32.const 1056)))))
;; | ; wasm[test]::function[0]::table
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
;; | @003f                               v13 = load.i64 notrap aligned readonly can_move region2 v0+64
;; | @0034                               v4 = iconst.i32 255
;; | @0037                               v5 = band v2, v4  ; v4 = 255
;; | @0038                               v6 = iconst.i32 2
;; | @003a                               v7 = ishl v5, v6  ; v6 = 2
;; | @003b                               v8 = iconst.i32 1056
;; | @003e                               v9 = iadd v7, v8  ; v8 = 1056
;; | @003f                               v10 = uextend.i64 v5
;; | @003f                               v11 = iconst.i64 2
;; | @003f                               v12 = ishl v10, v11  ; v11 = 2
;; | @003f                               v14 = iadd v13, v12
;; | @003f                               v15 = load.i32 little region0 v14+1056
;; | @0042                               return v15
;; | }
;; |
;; | ; wasm[test]::function[1]::wraps
;; | function u0:1(i64 vmctx, i64, i32) -> i32 tail {
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
;; | @004e                               v9 = load.i64 notrap aligned readonly can_move region2 v0+64
;; | @0047                               v4 = iconst.i32 2
;; | @0049                               v5 = ishl v2, v4  ; v4 = 2
;; | @004a                               v6 = iconst.i32 1056
;; | @004d                               v7 = iadd v5, v6  ; v6 = 1056
;; | @004e                               v8 = uextend.i64 v7
;; | @004e                               v10 = iadd v9, v8
;; | @004e                               v11 = load.i32 little region0 v10
;; | @0051                               return v11
;; | }
;; |
