/* SPDX-License-Identifier: GPL-2.0-only */
/* A system call of the host without its C library: no errno, no thread state. */
#ifndef LKL_LIB_HOST_CALL_H
#define LKL_LIB_HOST_CALL_H

/* Returns the result or a negative errno. */
#ifdef LKL_HOST_CALL_FUNCTION /* process mode: sandbox.c */
long host_call(long nr, long a, long b, long c, long d, long e, long f);
#else
static inline long host_call(long nr, long a, long b, long c, long d, long e,
			     long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#endif

#define host_call1(nr, a) host_call(nr, (long)(a), 0, 0, 0, 0, 0)
#define host_call2(nr, a, b) host_call(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define host_call3(nr, a, b, c) \
	host_call(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define host_call4(nr, a, b, c, d) \
	host_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define host_call5(nr, a, b, c, d, e) \
	host_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)

#endif
