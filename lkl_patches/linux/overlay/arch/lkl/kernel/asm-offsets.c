// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kbuild.h>
#include <linux/stddef.h>
#include <asm/lkl_host.h>
#include <asm/ptrace.h>

int main(void)
{
	OFFSET(LKL_R15, pt_regs, r15);
	OFFSET(LKL_R14, pt_regs, r14);
	OFFSET(LKL_R13, pt_regs, r13);
	OFFSET(LKL_R12, pt_regs, r12);
	OFFSET(LKL_RBP, pt_regs, bp);
	OFFSET(LKL_RBX, pt_regs, bx);
	OFFSET(LKL_R11, pt_regs, r11);
	OFFSET(LKL_R10, pt_regs, r10);
	OFFSET(LKL_R9, pt_regs, r9);
	OFFSET(LKL_R8, pt_regs, r8);
	OFFSET(LKL_RAX, pt_regs, ax);
	OFFSET(LKL_RCX, pt_regs, cx);
	OFFSET(LKL_RDX, pt_regs, dx);
	OFFSET(LKL_RSI, pt_regs, si);
	OFFSET(LKL_RDI, pt_regs, di);
	OFFSET(LKL_ORIG_RAX, pt_regs, orig_ax);
	OFFSET(LKL_RIP, pt_regs, ip);
	OFFSET(LKL_CS, pt_regs, cs);
	OFFSET(LKL_FLAGS, pt_regs, flags);
	OFFSET(LKL_RSP, pt_regs, sp);
	OFFSET(LKL_SS, pt_regs, ss);
	DEFINE(LKL_USER_CS, LKL_USER_CS);
	DEFINE(LKL_USER_SS, LKL_USER_SS);
	DEFINE(LKL_USER_FLAGS, LKL_USER_FLAGS);

	OFFSET(LKL_THREAD_WAIT_SP, lkl_thread, wait_sp);
	OFFSET(LKL_THREAD_WAIT, lkl_thread, wait);
	OFFSET(LKL_THREAD_REGS, lkl_thread, regs);
	OFFSET(LKL_ATTACH_R15, lkl_thread, attach.r15);
	OFFSET(LKL_ATTACH_R14, lkl_thread, attach.r14);
	OFFSET(LKL_ATTACH_R13, lkl_thread, attach.r13);
	OFFSET(LKL_ATTACH_R12, lkl_thread, attach.r12);
	OFFSET(LKL_ATTACH_RBP, lkl_thread, attach.rbp);
	OFFSET(LKL_ATTACH_RBX, lkl_thread, attach.rbx);
	OFFSET(LKL_ATTACH_RIP, lkl_thread, attach.rip);
	OFFSET(LKL_ATTACH_RSP, lkl_thread, attach.rsp);

	OFFSET(LKL_VCPU_RESUME_SP, lkl_vcpu, resume_sp);
	OFFSET(LKL_VCPU_REGS, lkl_vcpu, regs);
	OFFSET(LKL_VCPU_PENDING, lkl_vcpu, pending);
	return 0;
}
