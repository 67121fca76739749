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
;; |   movq 0x20(%rdi), %r8
;; |   movq (%r8), %rsi
;; |   subq $0x1, %rsi
;; |   movq %rsi, (%r8)
;; |   testq %rsi, %rsi
;; |   jl      label2; j label1
;; | block1:
;; |   jmp     label3
;; | block3:
;; |   uninit  %rax
;; |   xorl %eax, %eax
;; |   movq 0x40(%rdi), %r9
;; |   jmp     label4
;; | block4:
;; |   subq $0xd, %rsi
;; |   movq %rsi, (%r8)
;; |   testq %rsi, %rsi
;; |   jl      label6; j label5
;; | block5:
;; |   jmp     label7
;; | block7:
;; |   movl %edx, %r10d
;; |   movl (%r10, %r9), %r10d
;; |   leal 4(%rdx), %edx
;; |   leal (%rax, %r10), %eax
;; |   cmpl %ecx, %edx
;; |   jb      label8; j label9
;; | block8:
;; |   jmp     label4
;; | block9:
;; |   movq %rbp, %rsp
;; |   popq %rbp
;; |   retq
;; | block2:
;; |   call    wasmaot_v1_exit_builtin_out_of_fuel
;; |   movq (%r8), %rsi
;; |   jmp     label3
;; | block6:
;; |   call    wasmaot_v1_exit_builtin_out_of_fuel
;; |   movq (%r8), %rsi
;; |   jmp     label7
;; |
