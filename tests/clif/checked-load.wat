;;! explicit
;; Nothing may fault: the access is compared with the memory's length, the stack with its limit.
;; Each ends in a call of the runtime, out of line.
(module
  (memory 1)
  (func (export "load") (param i32) (result i32)
    (i32.load offset=8 (local.get 0))))
;; | ; wasm[test]::function[0]::load
;; | ;   u9:17 is wasmaot_v1_exit_builtin_trap
;; | function u0:0(i64 vmctx, i64, i32) -> i32 tail {
;; |     region0 = 1 "memory"
;; |     region1 = 2 "global"
;; |     region2 = 3 "context"
;; |     region3 = 4 "table"
;; |     region4 = 5 "function reference"
;; |     sig0 = (i64, i32) tail
;; |     fn0 = colocated u9:17 sig0
;; |
;; |                                 block0(v0: i64, v1: i64, v2: i32):
;; | @002a                               v14 = load.i64 notrap aligned readonly can_move region2 v0+64
;; | @0027                               v3 = load.i64 notrap aligned region2 v0+24
;; | @0027                               v4 = get_stack_pointer.i64
;; | @0027                               v5 = icmp ult v4, v3
;; | @0027                               brif v5, block1, block2
;; |
;; |                                 block1 cold:
;; | @0027                               v6 = iconst.i32 10
;; | @0027                               call fn0(v0, v6)  ; v6 = 10
;; | @0027                               trap user250
;; |
;; |                                 block2:
;; | @002a                               v8 = uextend.i64 v2
;; | @002a                               v9 = load.i64 notrap aligned region2 v0+72
;; | @002a                               v10 = iconst.i64 12
;; | @002a                               v11 = iadd v8, v10  ; v10 = 12
;; | @002a                               v12 = icmp ugt v11, v9
;; | @002a                               brif v12, block4, block5
;; |
;; |                                 block4 cold:
;; | @002a                               v13 = iconst.i32 2
;; | @002a                               call fn0(v0, v13)  ; v13 = 2
;; | @002a                               trap user250
;; |
;; |                                 block5:
;; | @002a                               v15 = iadd.i64 v14, v8
;; | @002a                               v16 = load.i32 notrap little region0 v15+8
;; | @002d                               return v16
;; | }
;; |
