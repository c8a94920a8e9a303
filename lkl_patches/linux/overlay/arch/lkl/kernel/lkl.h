/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ARCH_LKL_KERNEL_LKL_H
#define _ARCH_LKL_KERNEL_LKL_H

#include <linux/linkage.h>
#include <asm/lkl_host.h>

struct pt_regs;
struct task_struct;

extern struct lkl_host_ops lkl_ops;

/* vcpu.c */
extern struct lkl_thread *lkl_attach_making;
void lkl_attach_regs(struct pt_regs *regs, const struct lkl_thread *thread);
void lkl_block_signals(struct task_struct *p);
void lkl_exit_to_user(struct pt_regs *regs);
void lkl_wake_wanted(void);
void lkl_leave(struct lkl_thread *holder);
void __noreturn lkl_init_task(void);

/* irq.c */
void lkl_irq_deliver_user(struct pt_regs *regs);

/* syscall.c */
void lkl_exit_work(struct pt_regs *regs);

/* user.c: programs */
asmlinkage void lkl_program_call(struct pt_regs *regs);
asmlinkage void lkl_program_interrupted(struct pt_regs *regs);
asmlinkage void lkl_program_fault(struct pt_regs *regs);
asmlinkage void lkl_program_trap(struct pt_regs *regs);
asmlinkage void lkl_program_leave(struct pt_regs *regs);

struct kernel_clone_args;
int lkl_copy_registers(struct task_struct *p,
		       const struct kernel_clone_args *args);
void lkl_new_registers(void);
void lkl_forward_signals(void);
void lkl_device_looked(void);
void lkl_signals_wanted(void);

/* signal.c: of programs */
void lkl_user_signal(struct pt_regs *regs);
unsigned int lkl_sigframe_size(void);

/* drivers/hostfd.c: host descriptors that are waited for; whether there are any */
void lkl_watches_ready(void);
extern bool lkl_waiting;

/* time.c */
void lkl_tick_catch_up(void);
void lkl_timer_before_user(void);
void lkl_timer_interrupt(void);

/* entry.S and what it calls */
asmlinkage void lkl_ret_from_fork(void);
asmlinkage void lkl_new_task(struct task_struct *prev, int (*fn)(void *),
			     void *arg, struct pt_regs *regs);
asmlinkage void lkl_do_syscall(struct pt_regs *regs, unsigned long nr,
			       const unsigned long *args);
asmlinkage void lkl_user_interrupted(struct pt_regs *regs);
void __noreturn lkl_program_return(struct pt_regs *regs);
void __noreturn lkl_start_on(unsigned long sp, void (*fn)(void *), void *arg);

#endif
