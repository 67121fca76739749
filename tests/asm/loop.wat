;; The memory's start is loaded once, before the loop. Four turns at a time are done with vectors.
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
;; |   leal 4(%rdx), %r8d
;; |   movl %ecx, %r10d
;; |   subq %r8, %r10
;; |   sarq $0x4, %r10
;; |   cmpq $0x3, %r10
;; |   jnl     label3; j label2
;; | block2:
;; |   jmp     label9
;; | block3:
;; |   movq 0x48(%rdi), %rdi
;; |   movl %edx, %r8d
;; |   imulq $0x10, %r10, %r9
;; |   leaq -4(%r9), %r9
;; |   leaq 4(%r8, %r9), %r11
;; |   uninit  %xmm0
;; |   pxor %xmm0, %xmm0
;; |   imull $0x10, %r10d, %r9d
;; |   leal (%r8, %r9), %r9d
;; |   cmpq %rdi, %r11
;; |   jnbe    label4; j label5
;; | block4:
;; |   jmp     label9
;; | block5:
;; |   jmp     label6
;; | block6:
;; |   movl %r8d, %edi
;; |   movdqu (%rdi, %rsi), %xmm1
;; |   leal 0x10(%r8), %r8d
;; |   paddd %xmm1, %xmm0
;; |   cmpl %r9d, %r8d
;; |   jnz     label7; j label8
;; | block7:
;; |   jmp     label6
;; | block8:
;; |   movd %xmm0, %edi
;; |   leal (%rax, %rdi), %eax
;; |   pshufd $0x1, %xmm0, %xmm1
;; |   movd %xmm1, %edi
;; |   leal (%rax, %rdi), %eax
;; |   pshufd $0x2, %xmm0, %xmm1
;; |   movd %xmm1, %edi
;; |   leal (%rax, %rdi), %eax
;; |   pshufd $0x3, %xmm0, %xmm0
;; |   movd %xmm0, %edi
;; |   leal (%rax, %rdi), %eax
;; |   imull $0x10, %r10d, %edi
;; |   leal (%rdx, %rdi), %edx
;; |   jmp     label9
;; | block9:
;; |   movl %edx, %edi
;; |   movl (%rdi, %rsi), %edi
;; |   leal 4(%rdx), %edx
;; |   leal (%rax, %rdi), %eax
;; |   cmpl %ecx, %edx
;; |   jb      label10; j label11
;; | block10:
;; |   jmp     label9
;; | block11:
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; |
