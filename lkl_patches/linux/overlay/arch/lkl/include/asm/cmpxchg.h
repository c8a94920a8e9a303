/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_CMPXCHG_H
#define _ASM_LKL_CMPXCHG_H

/* Plain operations, for the reason that atomic.h gives. */

#define arch_xchg(ptr, x)                                   \
	({                                                  \
		__typeof__(ptr) __xp = (ptr);               \
		__typeof__(*(ptr)) __xo = READ_ONCE(*__xp); \
                                                            \
		WRITE_ONCE(*__xp, (x));                     \
		__xo;                                       \
	})

#define arch_cmpxchg(ptr, o, n)                             \
	({                                                  \
		__typeof__(ptr) __cp = (ptr);               \
		__typeof__(*(ptr)) __co = READ_ONCE(*__cp); \
                                                            \
		if (__co == (__typeof__(*(ptr)))(o))        \
			WRITE_ONCE(*__cp, (n));             \
		__co;                                       \
	})

#define arch_cmpxchg64 arch_cmpxchg
#define arch_cmpxchg_local arch_cmpxchg
#define arch_cmpxchg64_local arch_cmpxchg

#endif
