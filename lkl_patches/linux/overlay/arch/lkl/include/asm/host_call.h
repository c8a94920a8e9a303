/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_HOST_CALL_H
#define _ASM_LKL_HOST_CALL_H

/*
 * host_call(nr, ...): a system call of the host with up to six arguments; the
 * result or a negative errno. Pointers are addresses of this process, of kernel
 * or of program memory alike; the host answers bad ones with -EFAULT.
 */
#include <asm/lkl_host.h>
#include <linux/args.h>

extern struct lkl_host_ops lkl_ops;

#define __host_call0(nr) lkl_ops.call(nr, 0, 0, 0, 0, 0, 0)
#define __host_call1(nr, a) lkl_ops.call(nr, (long)(a), 0, 0, 0, 0, 0)
#define __host_call2(nr, a, b) \
	lkl_ops.call(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define __host_call3(nr, a, b, c) \
	lkl_ops.call(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define __host_call4(nr, a, b, c, d) \
	lkl_ops.call(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define __host_call5(nr, a, b, c, d, e)                              \
	lkl_ops.call(nr, (long)(a), (long)(b), (long)(c), (long)(d), \
		     (long)(e), 0)
#define __host_call6(nr, a, b, c, d, e, f)                           \
	lkl_ops.call(nr, (long)(a), (long)(b), (long)(c), (long)(d), \
		     (long)(e), (long)(f))

#define host_call(nr, ...) \
	CONCATENATE(__host_call, COUNT_ARGS(__VA_ARGS__))(nr, ##__VA_ARGS__)

#endif
