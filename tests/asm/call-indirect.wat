;; A comparison with a constant, one load from the table, one comparison of types.
(module
  (type $t (func (param i32) (result i32)))
  (table (export "table") 4 4 funcref)
  (func (export "call") (param i32) (result i32)
    (call_indirect (type $t) (i32.const 7) (local.get 0))))
;; | wasm[test]::function[0]::call:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; |   movq 0x18(%rdi), %r10
;; |   addq $0x10, %r10
;; |   cmpq %rsp, %r10
;; |   jnbe #trap=stk_ovf
;; | block0:
;; |   movl %edx, %r11d
;; |   cmpq $0x4, %r11
;; |   jnb #trap=user4
;; |   movq 0x40(%rdi), %rax
;; |   movq %rdi, %rsi
;; |   movq (%rax, %r11, 8), %rax
;; |   movq 8(%rax), %rcx
;; |   load_ext_name wasmaot_v1_type_i_i+0, %rdx
;; |   cmpq %rdx, %rcx
;; |   jnz #trap=user6
;; |   movq (%rax), %rcx
;; |   movq 0x10(%rax), %rdi
;; |   movl $0x7, %edx
;; |   call    *%rcx
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
