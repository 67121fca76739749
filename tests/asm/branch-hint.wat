;; What a hint calls unlikely lies behind the function's end; the likely way falls through.
(module
  (global $g (mut i32) (i32.const 0))
  (func (export "if") (param i32) (result i32)
    (@metadata.code.branch_hint "\00")
    (if (local.get 0) (then (global.set $g (i32.const 1))))
    (i32.const 7))
  (func (export "br_if") (param i32) (result i32)
    (block $rare
      (@metadata.code.branch_hint "\00")
      (br_if $rare (local.get 0))
      (return (i32.const 7)))
    (global.set $g (i32.const 1))
    (i32.const 8)))
;; | wasm[test]::function[0]::if:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; | block0:
;; |   testl %edx, %edx
;; |   jnz     label2; j label1
;; | block1:
;; |   jmp     label3
;; | block3:
;; |   movl $0x7, %eax
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; | block2:
;; |   movl $0x1, 0x40(%rdi)
;; |   jmp     label3
;; |
;; | wasm[test]::function[1]::br_if:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; | block0:
;; |   testl %edx, %edx
;; |   jnz     label2; j label1
;; | block1:
;; |   movl $0x7, %eax
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; | block2:
;; |   jmp     label3
;; | block3:
;; |   movl $0x1, 0x40(%rdi)
;; |   movl $0x8, %eax
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
