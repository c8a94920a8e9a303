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
	OFFSET(LKL_RAX, pt_regs, ax);
	OFFSET(LKL_RIP, pt_regs, ip);
	OFFSET(LKL_CS, pt_regs, cs);
	OFFSET(LKL_RSP, pt_regs, sp);
	DEFINE(LKL_USER_CS, LKL_USER_CS);

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
	return 0;
}
