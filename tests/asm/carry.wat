;; Sums of 128 bits by halves: a carry added last, one added to a half alone, one between two words, and one that was
;; compared with something else.
(module
  (func (export "last") (param i64 i64 i64 i64) (result i64 i64) (local $low i64)
    (local.tee $low (i64.add (local.get 0) (local.get 2)))
    (i64.add
      (i64.add (local.get 1) (local.get 3))
      (i64.extend_i32_u (i64.lt_u (local.get $low) (local.get 0)))))
  (func (export "alone") (param i64 i64 i64) (result i64 i64) (local $low i64)
    (local.tee $low (i64.add (local.get 0) (local.get 1)))
    (i64.add (local.get 2) (i64.extend_i32_u (i64.gt_u (local.get 0) (local.get $low)))))
  (func (export "between") (param i64 i64 i64 i64) (result i64 i64) (local $low i64)
    (local.tee $low (i64.add (local.get 0) (local.get 2)))
    (i64.add
      (i64.add (local.get 1) (i64.extend_i32_u (i64.lt_u (local.get $low) (local.get 2))))
      (local.get 3)))
  (func (export "none") (param i64 i64 i64 i64) (result i64 i64) (local $low i64)
    (local.tee $low (i64.add (local.get 0) (local.get 2)))
    (i64.add
      (i64.add (local.get 1) (local.get 3))
      (i64.extend_i32_u (i64.lt_u (local.get $low) (local.get 1))))))
;; | wasm[test]::function[0]::last:
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
;; | wasm[test]::function[1]::alone:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; | block0:
;; |   movq %rdx, %rax
;; |   addq %rcx, %rax
;; |   movq %r8, %rcx
;; |   adcq $0x0, %rcx
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
;; | wasm[test]::function[2]::between:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; | block0:
;; |   movq %r8, %rax
;; |   addq %rdx, %rax
;; |   adcq $0x0, %rcx
;; |   leaq (%rcx, %r9), %rcx
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
;; | wasm[test]::function[3]::none:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; | block0:
;; |   leaq (%rdx, %r8), %rax
;; |   leaq (%rcx, %r9), %r9
;; |   cmpq %rcx, %rax
;; |   setb %r10b
;; |   movzbq %r10b, %r10
;; |   leaq (%r9, %r10), %rcx
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
