/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_UACCESS_H
#define _ASM_LKL_UACCESS_H

/*
 * User memory is the host process's memory. An access that faults arrives as
 * the host's SIGSEGV; its handler finds the access in the exception table and
 * goes on at the fixup, so a bad pointer is -EFAULT.
 */
#include <asm/extable.h>
#include <asm/processor.h>

static __always_inline int __access_ok(const void __user *p, unsigned long n)
{
	return n <= TASK_SIZE && (unsigned long)p <= TASK_SIZE - n;
}
#define __access_ok __access_ok

/* Copies n octets; returns how many were not copied. lib/uaccess.S */
unsigned long __lkl_copy_user(void *to, const void *from, unsigned long n);
unsigned long __lkl_clear_user(void *to, unsigned long n);

#define __LKL_USER_OP(op, err, out, in)                       \
	asm volatile("1:	" op "\n"                     \
		     "2:\n"                                   \
		     ".pushsection .text.fixup, \"ax\"\n"     \
		     "3:	movl %[efault], %[e]\n"              \
		     "	jmp 2b\n"                              \
		     ".popsection\n" LKL_EX_TABLE("1b", "3b") \
		     : [e] "+r"(err), out                     \
		     : [efault] "i"(-EFAULT), in              \
		     : "memory")

#define __LKL_COMMA(...) __VA_ARGS__

static __always_inline int __lkl_get_user(unsigned int size,
					  const void __user *from, void *to)
{
	const void *p = (const void __force *)from;
	int err = 0;

	switch (size) {
#define LKL_GET(n, t, op, reg)                                           \
	case n: {                                                        \
		t v = 0;                                                 \
		__LKL_USER_OP(op " %[m], %" reg "[v]",                   \
			      err, [v] "+r"(v), [m] "m"(*(const t *)p)); \
		*(t *)to = v;                                            \
		return err;                                              \
	}
		LKL_GET(1, u8, "movb", "b")
		LKL_GET(2, u16, "movw", "w")
		LKL_GET(4, u32, "movl", "k")
		LKL_GET(8, u64, "movq", "q")
#undef LKL_GET
	}
	return __lkl_copy_user(to, p, size) ? -EFAULT : 0;
}

static __always_inline int __lkl_put_user(unsigned int size, void __user *to,
					  const void *from)
{
	void *p = (void __force *)to;
	int err = 0;

	switch (size) {
#define LKL_PUT(n, t, op, reg)                                              \
	case n:                                                             \
		__LKL_USER_OP(                                              \
			op " %" reg "[v], %[m]",                            \
			err, [m] "=m"(*(t *)p), [v] "r"(*(const t *)from)); \
		return err;
		LKL_PUT(1, u8, "movb", "b")
		LKL_PUT(2, u16, "movw", "w")
		LKL_PUT(4, u32, "movl", "k")
		LKL_PUT(8, u64, "movq", "q")
#undef LKL_PUT
	}
	return __lkl_copy_user(p, from, size) ? -EFAULT : 0;
}

#define __get_user_fn(size, from, to) __lkl_get_user(size, from, to)
#define __put_user_fn(size, to, from) __lkl_put_user(size, to, from)

static inline __must_check unsigned long
raw_copy_from_user(void *to, const void __user *from, unsigned long n)
{
	return __lkl_copy_user(to, (const void __force *)from, n);
}

static inline __must_check unsigned long
raw_copy_to_user(void __user *to, const void *from, unsigned long n)
{
	return __lkl_copy_user((void __force *)to, from, n);
}

#define INLINE_COPY_FROM_USER
#define INLINE_COPY_TO_USER

#define __clear_user(to, n) __lkl_clear_user((void __force *)(to), (n))

#include <asm-generic/uaccess.h>

#endif
