;; Pairs in registers: an addition with carry, one with nothing but a carry to add, one
;; multiplication.
(module
  (func (export "add") (param i64 i64 i64 i64) (result i64 i64)
    (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
  (func (export "carry") (param i64 i64 i64) (result i64 i64)
    (i64.add128 (local.get 0) (local.get 1) (local.get 2) (i64.const 0)))
  (func (export "carry of two") (param i64 i64) (result i64 i64)
    (i64.add128 (local.get 0) (i64.const 0) (local.get 1) (i64.const 0)))
  (func (export "sub") (param i64 i64 i64 i64) (result i64 i64)
    (i64.sub128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
  (func (export "mul_wide_u") (param i64 i64) (result i64 i64)
    (i64.mul_wide_u (local.get 0) (local.get 1)))
  (func (export "mul_wide_s") (param i64 i64) (result i64 i64)
    (i64.mul_wide_s (local.get 0) (local.get 1)))
  (func (export "high") (param i64 i64) (result i64)
    (i64.mul_wide_u (local.get 0) (local.get 1))
    (local.set 0) (drop) (local.get 0)))
;; | wasm[test]::function[0]::add:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; | block0:
;; |   movq %rdx, %rax
;; |   addq %r8, %rax
;; |   adcq %r9, %rcx
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
;; | wasm[test]::function[1]::carry:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; | block0:
;; |   movq %rdx, %rax
;; |   addq %r8, %rax
;; |   adcq $0x0, %rcx
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
;; | wasm[test]::function[2]::carry of two:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; | block0:
;; |   movq %rdx, %rax
;; |   addq %rcx, %rax
;; |   setb %sil
;; |   movzbq %sil, %rcx
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
;; | wasm[test]::function[3]::sub:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; | block0:
;; |   movq %rdx, %rax
;; |   subq %r8, %rax
;; |   sbbq %r9, %rcx
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
;; | wasm[test]::function[4]::mul_wide_u:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; | block0:
;; |   movq %rdx, %rax
;; |   mulq %rcx ;; implicit: %rax, %rdx
;; |   movq %rdx, %rcx
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
;; | wasm[test]::function[5]::mul_wide_s:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; | block0:
;; |   movq %rdx, %rax
;; |   imulq %rcx ;; implicit: %rax, %rdx
;; |   movq %rdx, %rcx
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
;; | wasm[test]::function[6]::high:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; | block0:
;; |   movq %rdx, %rax
;; |   mulq %rcx ;; implicit: %rax, %rdx
;; |   movq %rdx, %rax
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
