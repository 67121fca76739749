;; Few labels: the function with a hole in its table asks twice, for the bits of white space; what
;; is put in place of the call is asked for with one comparison; the table that remains has a branch
;; for what is outside, since it has holes.
(module
  (func $digit (param i32) (result i32)
    (block $no (block $yes
      (br_table $no $yes $yes $yes $no (i32.sub (local.get 0) (i32.const 48))))
      (return (i32.const 1)))
    (i32.const 0))
  (func (export "white") (param i32) (result i32)
    (block $no (block $yes
      (br_table $yes $yes $no $no $yes $no $no $yes $no $no $no $yes $no (i32.sub (local.get 0) (i32.const 9))))
      (return (i32.const 1)))
    (call $digit (local.get 0)))
  (func (export "table") (param i32) (result i32)
    (block $a (block $b (block $c (block $d (block $no
      (br_table $a $no $b $no $c $no $d $no $a $b $no (local.get 0)))
      (return (i32.const 0))) (return (i32.const 1))) (return (i32.const 2))) (return (i32.const 3)))
    (i32.const 4)))
;; | ; wasm[test]::function[0]::digit
;; | function u0:0(i64 vmctx, i32) -> i32 tail {
;; |     region0 = 1 "memory"
;; |     region1 = 2 "global"
;; |     region2 = 3 "context"
;; |     region3 = 4 "table"
;; |     region4 = 5 "function reference"
;; |     gv0 = vmctx
;; |     gv1 = load.i64 notrap aligned gv0+24
;; |     stack_limit = gv1
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0034                               v3 = iconst.i32 48
;; | @0036                               v4 = isub v1, v3  ; v3 = 48
;; | @0037                               v5 = iconst.i32 -1
;; | @0037                               v6 = iadd v4, v5  ; v5 = -1
;; | @0037                               v7 = iconst.i32 2
;; | @0037                               v8 = icmp ule v6, v7  ; v7 = 2
;; | @0037                               brif v8, block5, block6
;; |
;; |                                 block6:
;; | @0037                               jump block4
;; |
;; |                                 block5:
;; | @0037                               jump block3
;; |
;; |                                 block4:
;; | @0037                               jump block2
;; |
;; |                                 block3:
;; | @003f                               v9 = iconst.i32 1
;; | @0041                               return v9  ; v9 = 1
;; |
;; |                                 block2:
;; | @0043                               v10 = iconst.i32 0
;; | @0045                               return v10  ; v10 = 0
;; | }
;; |
;; | ; wasm[test]::function[1]::white
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
;; | @004e                               v4 = iconst.i32 9
;; | @0050                               v5 = isub v2, v4  ; v4 = 9
;; | @0051                               v6 = iconst.i32 0
;; | @0051                               v7 = iadd v5, v6  ; v6 = 0
;; | @0051                               v8 = iconst.i32 12
;; | @0051                               v9 = icmp uge v7, v8  ; v8 = 12
;; | @0051                               brif v9, block5, block6
;; |
;; |                                 block6:
;; | @0051                               v10 = iconst.i64 1
;; | @0051                               v11 = ishl v10, v7  ; v10 = 1
;; | @0051                               v12 = iconst.i64 1900
;; | @0051                               v13 = band v12, v11  ; v12 = 1900
;; | @0051                               brif v13, block5, block7
;; |
;; |                                 block7:
;; | @0051                               jump block4
;; |
;; |                                 block4:
;; | @0051                               jump block3
;; |
;; |                                 block5:
;; | @0051                               jump block2
;; |
;; |                                 block3:
;; | @0061                               v14 = iconst.i32 1
;; | @0063                               return v14  ; v14 = 1
;; |
;; |                                 block2:
;; | @0072                               v16 = iconst.i32 48
;; | @0074                               v17 = isub.i32 v2, v16  ; v16 = 48
;; | @0075                               v18 = iconst.i32 -1
;; | @0075                               v19 = iadd v17, v18  ; v18 = -1
;; | @0075                               v20 = iconst.i32 2
;; | @0075                               v21 = icmp ule v19, v20  ; v20 = 2
;; | @0075                               brif v21, block12, block13
;; |
;; |                                 block13:
;; | @0075                               jump block11
;; |
;; |                                 block12:
;; | @0075                               jump block10
;; |
;; |                                 block11:
;; | @0075                               jump block9
;; |
;; |                                 block10:
;; | @007d                               v22 = iconst.i32 1
;; | @007f                               jump block8(v22)  ; v22 = 1
;; |
;; |                                 block9:
;; | @0081                               v23 = iconst.i32 0
;; | @0083                               jump block8(v23)  ; v23 = 0
;; |
;; |                                 block8(v15: i32):
;; | @0069                               return v15
;; | }
;; |
;; | ; wasm[test]::function[2]::table
;; | function u0:2(i64 vmctx, i64, i32) -> i32 tail {
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
;; | @0078                               v4 = iconst.i32 10
;; | @0078                               v5 = icmp uge v2, v4  ; v4 = 10
;; | @0078                               brif v5, block8, block12
;; |
;; |                                 block12:
;; | @0078                               br_table v2, block7, [block7, block8, block9, block8, block10, block8, block11, block8, block7, block9]
;; |
;; |                                 block8:
;; | @0078                               jump block6
;; |
;; |                                 block11:
;; | @0078                               jump block5
;; |
;; |                                 block10:
;; | @0078                               jump block4
;; |
;; |                                 block9:
;; | @0078                               jump block3
;; |
;; |                                 block7:
;; | @0078                               jump block2
;; |
;; |                                 block6:
;; | @0086                               v6 = iconst.i32 0
;; | @0088                               return v6  ; v6 = 0
;; |
;; |                                 block5:
;; | @008a                               v7 = iconst.i32 1
;; | @008c                               return v7  ; v7 = 1
;; |
;; |                                 block4:
;; | @008e                               v8 = iconst.i32 2
;; | @0090                               return v8  ; v8 = 2
;; |
;; |                                 block3:
;; | @0092                               v9 = iconst.i32 3
;; | @0094                               return v9  ; v9 = 3
;; |
;; |                                 block2:
;; | @0096                               v10 = iconst.i32 4
;; | @0098                               return v10  ; v10 = 4
;; | }
;; |
