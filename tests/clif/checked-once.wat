;;! explicit
;; Of accesses to the same address, only one further out than those before is checked.
(module
  (memory 1)
  (func (export "increment") (param i32)
    (i32.store offset=4 (local.get 0)
      (i32.add (i32.load offset=4 (local.get 0)) (i32.load (local.get 0))))))
;; | ; wasm[test]::function[0]::increment
;; | ;   u9:17 is wasmaot_v1_exit_builtin_trap
;; | function u0:0(i64 vmctx, i64, i32) tail {
;; |     region0 = 1 "memory"
;; |     region1 = 2 "global"
;; |     region2 = 3 "context"
;; |     region3 = 4 "table"
;; |     region4 = 5 "function reference"
;; |     sig0 = (i64, i32) tail
;; |     fn0 = colocated u9:17 sig0
;; |
;; |                                 block0(v0: i64, v1: i64, v2: i32):
;; | @0030                               v13 = load.i64 notrap aligned readonly can_move region2 v0+64
;; | @002b                               v3 = load.i64 notrap aligned region2 v0+24
;; | @002b                               v4 = get_stack_pointer.i64
;; | @002b                               v5 = icmp ult v4, v3
;; | @002b                               brif v5, block1, block2
;; |
;; |                                 block1 cold:
;; | @002b                               v6 = iconst.i32 10
;; | @002b                               call fn0(v0, v6)  ; v6 = 10
;; | @002b                               trap user250
;; |
;; |                                 block2:
;; | @0030                               v7 = uextend.i64 v2
;; | @0030                               v8 = load.i64 notrap aligned region2 v0+72
;; | @0030                               v9 = iconst.i64 8
;; | @0030                               v10 = iadd v7, v9  ; v9 = 8
;; | @0030                               v11 = icmp ugt v10, v8
;; | @0030                               brif v11, block4, block5
;; |
;; |                                 block4 cold:
;; | @0030                               v12 = iconst.i32 2
;; | @0030                               call fn0(v0, v12)  ; v12 = 2
;; | @0030                               trap user250
;; |
;; |                                 block5:
;; | @0030                               v14 = iadd.i64 v13, v7
;; | @0030                               v15 = load.i32 notrap little region0 v14+4
;; | @0035                               v16 = load.i32 notrap little region0 v14
;; | @0038                               v17 = iadd v15, v16
;; | @0039                               store notrap little region0 v17, v14+4
;; | @003c                               return
;; | }
;; |
