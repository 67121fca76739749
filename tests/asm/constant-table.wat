;; A table that nobody can change: a comparison for the index, one for the type, and neither a
;; reference nor a context is loaded.
(module
  (type $t (func (param i32) (result i32)))
  (type $u (func (param i64) (result i64)))
  (table 6 funcref)
  (elem (i32.const 1) $t1 $t2 $u1 $t3)
  (func $t1 (type $t) (local.get 0))
  (func $t2 (type $t) (i32.const 2))
  (func $t3 (type $t) (i32.const 3))
  (func $u1 (type $u) (local.get 0))
  (func (export "call") (param i32) (result i32)
    (call_indirect (type $t) (i32.const 7) (local.get 0))))
;; | wasm[test]::function[0]::t1:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; | block0:
;; |   movq %rsi, %rax
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
;; | wasm[test]::function[1]::t2:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; | block0:
;; |   movl $0x2, %eax
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
;; | wasm[test]::function[2]::t3:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; | block0:
;; |   movl $0x3, %eax
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
;; | wasm[test]::function[4]::call:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; |   movq 0x18(%rdi), %r10
;; |   addq $0x10, %r10
;; |   cmpq %rsp, %r10
;; |   jnbe #trap=stk_ovf
;; | block0:
;; |   movl %edx, %r9d
;; |   cmpq $0x6, %r9
;; |   jnb #trap=user4
;; |   load_ext_name wasm[test]::table[0]+0, %r11
;; |   movl 4(%r11, %r9, 8), %eax
;; |   cmpl $0x1, %eax
;; |   jz      label2; j label1
;; | block2:
;; |   movslq (%r11, %r9, 8), %rax
;; |   leaq (%r11, %rax), %rax
;; |   movl $0x7, %esi
;; |   call    *%rax
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; | block1:
;; |   testl %eax, %eax
;; |   jz #trap=user5
;; |   ud2
;; |
