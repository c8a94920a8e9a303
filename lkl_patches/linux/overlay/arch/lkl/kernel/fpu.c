// SPDX-License-Identifier: GPL-2.0-only
/*
 * XSAVE and its relatives (Intel SDM volume 1, chapter 13).
 */
#include <linux/init.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/extable.h>
#include <asm/fpu.h>
#include <asm/sigcontext.h>
#include "lkl.h"

/*
 * x87, SSE, AVX, AVX-512 and PKRU: what every program may use without asking.
 * AMX asks first, by an arch_prctl() that answers no here.
 */
#define KEPT (1UL << 0 | 1UL << 1 | 1UL << 2 | 7UL << 5 | 1UL << 9)
#define FPSSE 3UL
#define LEGACY_SIZE 512
#define HEADER_SIZE 64
#define MXCSR_DEFAULT 0x1f80
#define FCW_DEFAULT 0x37f
#define MXCSR_OFFSET 24
#define MXCSR_MASK 0xffff

unsigned int lkl_fpu_size __ro_after_init;
static u64 kept __ro_after_init;
static bool have_xsaveopt __ro_after_init;

static u8 initial[4096] __aligned(64);
static u8 scratch[4096] __aligned(64);

static void cpuid(u32 leaf, u32 sub, u32 *a, u32 *b, u32 *c, u32 *d)
{
	asm volatile("cpuid"
		     : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d)
		     : "a"(leaf), "c"(sub));
}

static u64 enabled(void)
{
	u32 a, d;

	asm volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	return a | (u64)d << 32;
}

static void xsave(void *area, bool modified_only)
{
	u32 lo = kept, hi = kept >> 32;

	if (modified_only && have_xsaveopt)
		asm volatile("xsaveopt64 (%0)" ::"r"(area), "a"(lo), "d"(hi)
			     : "memory");
	else
		asm volatile("xsave64 (%0)" ::"r"(area), "a"(lo), "d"(hi)
			     : "memory");
}

/* A header that makes no sense faults: -EINVAL. */
static int xrstor(const void *area)
{
	u32 lo = kept, hi = kept >> 32;
	int err = 0;

	asm volatile("1:	xrstor64 (%[area])\n"
		     "2:\n"
		     ".pushsection .text.fixup, \"ax\"\n"
		     "3:	movl %[einval], %[err]\n"
		     "	jmp 2b\n"
		     ".popsection\n" LKL_EX_TABLE("1b", "3b")
		     : [err] "+r"(err)
		     : [area] "r"(area), "a"(lo), "d"(hi), [einval] "i"(-EINVAL)
		     : "memory");
	return err;
}

/* The end of the last component that is kept. */
static unsigned int area_size(void)
{
	unsigned int size = LEGACY_SIZE + HEADER_SIZE;
	u32 a, b, c, d;

	for (int i = 2; i < 63; i++) {
		if (!(kept & 1UL << i))
			continue;
		cpuid(0xd, i, &a, &b, &c, &d);
		size = max(size, a + b);
	}
	return size;
}

void lkl_fpu_init(void)
{
	u32 a, b, c, d;

	cpuid(1, 0, &a, &b, &c, &d);
	if (!(c & 1 << 27))
		panic("this processor has no XSAVE: programs need it");
	kept = enabled() & KEPT;
	cpuid(0xd, 1, &a, &b, &c, &d);
	have_xsaveopt = a & 1;
	lkl_fpu_size = area_size();
	if (lkl_fpu_size > sizeof(scratch))
		panic("an XSAVE area of %u octets", lkl_fpu_size);
	*(u16 *)initial = FCW_DEFAULT;
	*(u32 *)(initial + MXCSR_OFFSET) = MXCSR_DEFAULT;
}

void lkl_fpu_reset(void)
{
	xrstor(initial);
}

int lkl_fpu_alloc(struct task_struct *task)
{
	/* Areas of a power of two are aligned to their size. */
	void *area = kzalloc(roundup_pow_of_two(lkl_fpu_size), GFP_KERNEL);

	if (!area)
		return -ENOMEM;
	xsave(area, false);
	task->thread.fpu = area;
	return 0;
}

void lkl_fpu_free(struct task_struct *task)
{
	kfree(task->thread.fpu);
	task->thread.fpu = NULL;
}

void lkl_fpu_save(struct task_struct *task)
{
	xsave(task->thread.fpu, true);
}

void lkl_fpu_load(struct task_struct *task)
{
	xrstor(task->thread.fpu);
}

/*
 * The frame is what Linux makes on this machine: the area, its reserved words
 * that say how long it is, and a magic number behind it.
 */
int lkl_fpu_to_frame(void __user *frame)
{
	struct _fpx_sw_bytes *sw =
		(void *)(scratch + LEGACY_SIZE - sizeof(struct _fpx_sw_bytes));
	u32 magic = FP_XSTATE_MAGIC2;

	memset(scratch + LEGACY_SIZE, 0, HEADER_SIZE);
	xsave(scratch, false);
	/* A handler may change these without knowing of the header. */
	*(u64 *)(scratch + LEGACY_SIZE) |= FPSSE;
	*sw = (struct _fpx_sw_bytes){
		.magic1 = FP_XSTATE_MAGIC1,
		.extended_size = lkl_fpu_size + FP_XSTATE_MAGIC2_SIZE,
		.xfeatures = kept,
		.xstate_size = lkl_fpu_size,
	};
	if (copy_to_user(frame, scratch, lkl_fpu_size) ||
	    copy_to_user(frame + lkl_fpu_size, &magic, sizeof(magic)))
		return -EFAULT;
	return 0;
}

/* A handler may have made the area itself, with the first 512 octets only. */
static size_t size_in_frame(const void __user *frame)
{
	struct _fpx_sw_bytes sw;
	u32 magic;

	if (copy_from_user(&sw, frame + LEGACY_SIZE - sizeof(sw), sizeof(sw)))
		return 0;
	if (sw.magic1 != FP_XSTATE_MAGIC1 || sw.xstate_size != lkl_fpu_size ||
	    get_user(magic, (u32 __user *)(frame + lkl_fpu_size)) ||
	    magic != FP_XSTATE_MAGIC2)
		return LEGACY_SIZE;
	return lkl_fpu_size;
}

int lkl_fpu_from_frame(const void __user *frame)
{
	size_t size = size_in_frame(frame);
	u64 *header = (u64 *)(scratch + LEGACY_SIZE);

	if (!size || copy_from_user(scratch, frame, size))
		return -EFAULT;
	if (size == LEGACY_SIZE) {
		memset(header, 0, HEADER_SIZE);
		header[0] = FPSSE;
	}
	header[0] &= kept;
	header[1] = 0;
	memset(header + 2, 0, HEADER_SIZE - 16);
	*(u32 *)(scratch + MXCSR_OFFSET) &= MXCSR_MASK;
	return xrstor(scratch);
}
