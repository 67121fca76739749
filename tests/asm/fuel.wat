;;! fuel
;; In the loop, besides what it does: one subtraction, one store, one comparison that is not taken, and
;; nothing has to leave its register.
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
;; |   movq %rcx, %r10
;; |   movq 0x20(%rdi), %rcx
;; |   movq (%rcx), %rsi
;; |   uninit  %rax
;; |   xorl %eax, %eax
;; |   movq 0x40(%rdi), %r8
;; |   jmp     label1
;; | block1:
;; |   subq $0xd, %rsi
;; |   movq %rsi, (%rcx)
;; |   testq %rsi, %rsi
;; |   jl      label3; j label2
;; | block2:
;; |   jmp     label4
;; | block4:
;; |   movl %edx, %r9d
;; |   movl (%r8, %r9), %r9d
;; |   leal 4(%rdx), %edx
;; |   leal (%rax, %r9), %eax
;; |   movq %r10, %r9
;; |   cmpl %r9d, %edx
;; |   jb      label5; j label6
;; | block5:
;; |   movq %r9, %r10
;; |   jmp     label1
;; | block6:
;; |   subq $0x1, %rsi
;; |   movq %rsi, (%rcx)
;; |   testq %rsi, %rsi
;; |   jl      label8; j label7
;; | block7:
;; |   jmp     label9
;; | block9:
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; | block3:
;; |   call    wasmaot_v1_exit_builtin_out_of_fuel
;; |   movq (%rcx), %rsi
;; |   jmp     label4
;; | block8:
;; |   call    wasmaot_v1_exit_builtin_out_of_fuel
;; |   movq (%rcx), %rcx
;; |   jmp     label9
;; |
