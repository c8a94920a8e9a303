/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_ATOMIC_H
#define _ASM_LKL_ATOMIC_H

/*
 * One virtual CPU and interrupts only at known points: a plain operation is
 * atomic for everybody who can see the kernel's memory.
 */
#include <linux/types.h>
#include <asm/barrier.h>
#include <asm/cmpxchg.h>

#define arch_atomic_read(v) READ_ONCE((v)->counter)
#define arch_atomic_set(v, i) WRITE_ONCE((v)->counter, (i))
#define arch_atomic64_read(v) READ_ONCE((v)->counter)
#define arch_atomic64_set(v, i) WRITE_ONCE((v)->counter, (i))

#define ATOMIC64_INIT(i) { (i) }

#define LKL_ATOMIC(prefix, type, ctype, op, c_op)                             \
	static __always_inline void prefix##_##op(ctype i, type *v)           \
	{                                                                     \
		v->counter = v->counter c_op i;                               \
	}                                                                     \
	static __always_inline ctype prefix##_##op##_return(ctype i, type *v) \
	{                                                                     \
		return v->counter = v->counter c_op i;                        \
	}                                                                     \
	static __always_inline ctype prefix##_fetch_##op(ctype i, type *v)    \
	{                                                                     \
		ctype old = v->counter;                                       \
                                                                              \
		v->counter = old c_op i;                                      \
		return old;                                                   \
	}

#define LKL_ATOMICS(prefix, type, ctype)        \
	LKL_ATOMIC(prefix, type, ctype, add, +) \
	LKL_ATOMIC(prefix, type, ctype, sub, -) \
	LKL_ATOMIC(prefix, type, ctype, and, &) \
	LKL_ATOMIC(prefix, type, ctype, or, |)  \
	LKL_ATOMIC(prefix, type, ctype, xor, ^)

LKL_ATOMICS(arch_atomic, atomic_t, int)
LKL_ATOMICS(arch_atomic64, atomic64_t, s64)

#undef LKL_ATOMICS
#undef LKL_ATOMIC

#define arch_atomic_add_return arch_atomic_add_return
#define arch_atomic_sub_return arch_atomic_sub_return
#define arch_atomic_fetch_add arch_atomic_fetch_add
#define arch_atomic_fetch_sub arch_atomic_fetch_sub
#define arch_atomic_fetch_and arch_atomic_fetch_and
#define arch_atomic_fetch_or arch_atomic_fetch_or
#define arch_atomic_fetch_xor arch_atomic_fetch_xor
#define arch_atomic64_add_return arch_atomic64_add_return
#define arch_atomic64_sub_return arch_atomic64_sub_return
#define arch_atomic64_fetch_add arch_atomic64_fetch_add
#define arch_atomic64_fetch_sub arch_atomic64_fetch_sub
#define arch_atomic64_fetch_and arch_atomic64_fetch_and
#define arch_atomic64_fetch_or arch_atomic64_fetch_or
#define arch_atomic64_fetch_xor arch_atomic64_fetch_xor

#endif
