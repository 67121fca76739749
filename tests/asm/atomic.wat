;; Atomic accesses are the machine's own instructions. What nobody looks at is not fetched, and an
;; access of a byte needs no check of the alignment.
(module
  (memory 1 1 shared)
  (func (export "count") (param i32)
    (drop (i32.atomic.rmw.add (local.get 0) (i32.const 1))))
  (func (export "publish") (param i32)
    (i32.atomic.store8 (local.get 0) (i32.const 1))))
;; | wasm[test]::function[0]::count:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; | block0:
;; |   testl $0x3, %edx
;; |   jnz #trap=user11
;; |   movq 0x40(%rdi), %rdi
;; |   movl %edx, %r8d
;; |   movl $0x1, %r9d
;; |   lock addl %r9d, (%r8, %rdi)
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
;; | wasm[test]::function[1]::publish:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; | block0:
;; |   movl $0x1, %esi
;; |   movq 0x40(%rdi), %rdi
;; |   movl %edx, %r8d
;; |   movb %sil, (%r8, %rdi)
;; |   mfence
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
