;;! fuel
;; 3 before the call, which is in the same stretch as the 2 behind it: 5 in all. Behind the call the fuel
;; is loaded again. The arm of the `if` has its own charge, and what `memory.fill` is told to fill is
;; charged, too.
(module
  (memory 1)
  (func $f)
  (func (export "run") (param i32)
    (drop (i32.const 1))
    (call $f)
    (if (local.get 0) (then
      (memory.fill (i32.const 0) (i32.const 0) (local.get 0))))))
;; | ; wasm[test]::function[0]::f
;; | function u0:0(i64 vmctx) tail {
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
;; |                                 block0(v0: i64):
;; | @0029                               v1 = load.i64 notrap aligned readonly can_move region2 v0+32
;; | @0029                               v2 = load.i64 notrap aligned region5 v1
;; | @002a                               return
;; | }
;; |
;; | ; wasm[test]::function[1]::run
;; | ;   u9:18 is wasmaot_v1_exit_builtin_out_of_fuel
;; | ;   u0:0 is wasm[test]::function[0]::f
;; | ;   u10:2 is wasmaot_builtin_fill_bytes
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
;; |     sig1 = (i64 vmctx) tail
;; |     sig2 = (i64, i32, i64) system_v
;; |     fn0 = colocated u9:18 sig0
;; |     fn1 = colocated u0:0 sig1
;; |     fn2 = colocated u10:2 sig2
;; |     stack_limit = gv1
;; |
;; |                                 block0(v0: i64, v1: i64, v2: i32):
;; | @003c                               v31 = load.i64 notrap aligned readonly can_move region2 v0+64
;; | @002c                               v3 = load.i64 notrap aligned readonly can_move region2 v0+32
;; | @002c                               v4 = load.i64 notrap aligned region5 v3
;; | @002d                               v5 = iconst.i64 5
;; | @002d                               v6 = isub v4, v5  ; v5 = 5
;; | @002d                               store notrap aligned region5 v6, v3
;; | @002d                               v7 = iconst.i64 0
;; | @002d                               v8 = icmp slt v6, v7  ; v7 = 0
;; | @002d                               brif v8, block2, block3
;; |
;; |                                 block2 cold:
;; | @002d                               call fn0(v0)
;; | @002d                               v9 = load.i64 notrap aligned region5 v3
;; | @002d                               jump block3
;; |
;; |                                 block3:
;; | @002d                               v10 = iconst.i32 1
;; | @0030                               call fn1(v0)
;; | @0030                               v11 = load.i64 notrap aligned region5 v3
;; | @0034                               brif.i32 v2, block4, block5
;; |
;; |                                 block4:
;; | @0036                               v12 = iconst.i64 4
;; | @0036                               v13 = isub.i64 v11, v12  ; v12 = 4
;; | @0036                               store notrap aligned region5 v13, v3
;; | @0036                               v14 = iconst.i64 0
;; | @0036                               v15 = icmp slt v13, v14  ; v14 = 0
;; | @0036                               brif v15, block6, block7(v13)
;; |
;; |                                 block6 cold:
;; | @0036                               call fn0(v0)
;; | @0036                               v16 = load.i64 notrap aligned region5 v3
;; | @0036                               jump block7(v16)
;; |
;; |                                 block7(v21: i64):
;; | @0036                               v17 = iconst.i32 0
;; | @003c                               v18 = uextend.i64 v2
;; | @003c                               v19 = iconst.i64 6
;; | @003c                               v20 = ushr v18, v19  ; v19 = 6
;; | @003c                               v22 = isub v21, v20
;; | @003c                               store notrap aligned region5 v22, v3
;; | @003c                               v23 = iconst.i64 0
;; | @003c                               v24 = icmp slt v22, v23  ; v23 = 0
;; | @003c                               brif v24, block8, block9
;; |
;; |                                 block8 cold:
;; | @003c                               call fn0(v0)
;; | @003c                               v25 = load.i64 notrap aligned region5 v3
;; | @003c                               jump block9
;; |
;; |                                 block9:
;; | @003c                               v26 = uextend.i64 v2
;; | @003c                               v27 = uextend.i64 v17  ; v17 = 0
;; | @003c                               v28 = load.i64 notrap aligned region2 v0+72
;; | @003c                               v29 = iadd v27, v26
;; | @003c                               v30 = icmp ugt v29, v28
;; | @003c                               trapnz v30, heap_oob
;; | @003c                               v32 = iadd.i64 v31, v27
;; | @003c                               call fn2(v32, v17, v26)  ; v17 = 0
;; | @003f                               jump block5
;; |
;; |                                 block5:
;; | @0040                               return
;; | }
;; |
