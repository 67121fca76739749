;; A leaf function has no frame beyond the frame pointer's, and no stack check.
(module
  (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1))))
;; | wasm[test]::function[0]::add:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; | block0:
;; |   leal (%rdx, %rcx), %eax
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
