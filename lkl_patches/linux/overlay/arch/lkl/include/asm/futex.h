/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_FUTEX_H
#define _ASM_LKL_FUTEX_H

#include <linux/futex.h>
#include <linux/uaccess.h>

/*
 * Futex words are shared with host threads that run beside the kernel, so
 * these are the only operations that need the machine's atomic instructions.
 */
static inline int futex_atomic_cmpxchg_inatomic(u32 *uval, u32 __user *uaddr,
						u32 oldval, u32 newval)
{
	u32 *p = (u32 __force *)uaddr;
	int err = 0;

	asm volatile("1:	lock cmpxchgl %[new], %[m]\n"
		     "2:\n"
		     ".pushsection .text.fixup, \"ax\"\n"
		     "3:	movl %[efault], %[e]\n"
		     "	jmp 2b\n"
		     ".popsection\n" LKL_EX_TABLE("1b", "3b")
		     : [e] "+r"(err), [m] "+m"(*p), "+a"(oldval)
		     : [new] "r"(newval), [efault] "i"(-EFAULT)
		     : "memory", "cc");
	*uval = oldval;
	return err;
}

static inline int arch_futex_atomic_op_inuser(int op, int oparg, int *oval,
					      u32 __user *uaddr)
{
	u32 old, new, seen;
	int err;

	err = __get_user(old, uaddr);
	while (!err) {
		switch (op) {
		case FUTEX_OP_SET:
			new = oparg;
			break;
		case FUTEX_OP_ADD:
			new = old + oparg;
			break;
		case FUTEX_OP_OR:
			new = old | oparg;
			break;
		case FUTEX_OP_ANDN:
			new = old & ~oparg;
			break;
		case FUTEX_OP_XOR:
			new = old ^ oparg;
			break;
		default:
			return -ENOSYS;
		}
		err = futex_atomic_cmpxchg_inatomic(&seen, uaddr, old, new);
		if (!err && seen == old)
			break;
		old = seen;
	}
	if (!err)
		*oval = old;
	return err;
}

#endif
