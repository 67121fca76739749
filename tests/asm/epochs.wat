;;! epochs
;; In the loop, besides what it does: one load and one comparison; none at the start of a function that
;; calls nothing.
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
;; |   movq 0x18(%rdi), %r10
;; |   addq $0x10, %r10
;; |   cmpq %rsp, %r10
;; |   jnbe #trap=stk_ovf
;; | block0:
;; |   uninit  %rax
;; |   xorl %eax, %eax
;; |   movq 0x20(%rdi), %rsi
;; |   movq 0x40(%rdi), %r8
;; |   jmp     label1
;; | block1:
;; |   movl 8(%rsi), %r9d
;; |   testl %r9d, %r9d
;; |   jnz     label3; j label2
;; | block2:
;; |   jmp     label4
;; | block4:
;; |   movl %edx, %r9d
;; |   movl (%r9, %r8), %r9d
;; |   leal 4(%rdx), %edx
;; |   leal (%rax, %r9), %eax
;; |   cmpl %ecx, %edx
;; |   jb      label5; j label6
;; | block5:
;; |   jmp     label1
;; | block6:
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; | block3:
;; |   call    wasmaot_v1_exit_builtin_interrupted
;; |   jmp     label4
;; |
