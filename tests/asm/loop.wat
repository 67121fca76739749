;; The memory's start is loaded once, before the loop.
(module
  (memory 1)
  (func (export "sum") (param $p i32) (param $end i32) (result i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $p))))
      (local.set $p (i32.add (local.get $p) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get $p) (local.get $end))))
    (local.get $sum)))
;; | wasm[test]::function[0]::sum:
;; |   pushq %rbp
;; |   movq %rsp, %rbp
;; | block0:
;; |   uninit  %rax
;; |   xorl %eax, %eax
;; |   movq 0x40(%rdi), %rsi
;; |   jmp     label1
;; | block1:
;; |   movl %edx, %edi
;; |   movl (%rsi, %rdi), %edi
;; |   leal 4(%rdx), %edx
;; |   leal (%rax, %rdi), %eax
;; |   cmpl %ecx, %edx
;; |   jb      label2; j label3
;; | block2:
;; |   jmp     label1
;; | block3:
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
