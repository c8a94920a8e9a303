// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a system call, a signal and a switch of tasks leave alone: general
 * registers, flags, the red zone, vector registers of four threads.
 */
#define _GNU_SOURCE
#include "tap.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef AT_SYSINFO
#define AT_SYSINFO 32
#endif

/* A system call by the entry that the kernel names, else by the instruction. */
static unsigned long entry;

__asm__(".text\n"
	"native: popq %rcx\n"
	"	syscall\n"
	"	leaq 1f(%rip), %rcx\n"
	"1:	jmp *-8(%rsp)\n");
extern char native[];

struct regs {
	uint64_t bx, bp, r12, r13, r14, r15, di, si, dx, r10, r8, r9;
};

/*
 * Fill the registers from @in, call @nr, store what is there in @out. Returns
 * the flags after the call.
 */
unsigned long call_with(unsigned long nr, const struct regs *in,
			struct regs *out, unsigned long flags,
			unsigned long how);
__asm__(".text\n"
	".globl call_with\n"
	"call_with:\n"
	"	pushq %rbx\n"
	"	pushq %rbp\n"
	"	pushq %r12\n"
	"	pushq %r13\n"
	"	pushq %r14\n"
	"	pushq %r15\n"
	"	pushq %rdx\n" /* out */
	"	pushq %r8\n" /* entry */
	"	pushq %rcx\n"
	"	popfq\n"
	"	movq %rdi, %rax\n"
	"	movq %rsi, %rcx\n"
	"	movq 0(%rcx), %rbx\n"
	"	movq 8(%rcx), %rbp\n"
	"	movq 16(%rcx), %r12\n"
	"	movq 24(%rcx), %r13\n"
	"	movq 32(%rcx), %r14\n"
	"	movq 40(%rcx), %r15\n"
	"	movq 48(%rcx), %rdi\n"
	"	movq 56(%rcx), %rsi\n"
	"	movq 64(%rcx), %rdx\n"
	"	movq 72(%rcx), %r10\n"
	"	movq 80(%rcx), %r8\n"
	"	movq 88(%rcx), %r9\n"
	"	popq %rcx\n"
	"	call *%rcx\n"
	"	pushfq\n"
	"	popq %r11\n"
	"	popq %rcx\n"
	"	movq %rbx, 0(%rcx)\n"
	"	movq %rbp, 8(%rcx)\n"
	"	movq %r12, 16(%rcx)\n"
	"	movq %r13, 24(%rcx)\n"
	"	movq %r14, 32(%rcx)\n"
	"	movq %r15, 40(%rcx)\n"
	"	movq %rdi, 48(%rcx)\n"
	"	movq %rsi, 56(%rcx)\n"
	"	movq %rdx, 64(%rcx)\n"
	"	movq %r10, 72(%rcx)\n"
	"	movq %r8, 80(%rcx)\n"
	"	movq %r9, 88(%rcx)\n"
	"	pushq $0\n"
	"	popfq\n"
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbp\n"
	"	popq %rbx\n"
	"	movq %r11, %rax\n"
	"	ret\n");

#define DF 0x400UL
#define TF 0x100UL
#define AC 0x40000UL

static void registers(void)
{
	struct regs in, out;

	for (size_t i = 0; i < sizeof(in) / 8; i++)
		((uint64_t *)&in)[i] = 0x1111111111111111UL * (i + 1);
	call_with(SYS_getppid, &in, &out, 0, entry);
	OK(!memcmp(&in, &out, sizeof(in)));
	call_with(SYS_sched_yield, &in, &out, 0, entry);
	OK(!memcmp(&in, &out, sizeof(in)));
	call_with(100000, &in, &out, 0, entry);
	OK(!memcmp(&in, &out, sizeof(in)));
}

static volatile sig_atomic_t traps;

static void on_trap(int sig)
{
	(void)sig;
	traps++;
}

/* The kernel's own code must not run with a program's odd flags. */
static void odd_flags(void)
{
	static char buffer[4096];
	struct regs in = { .di = 0 }, out;
	int fd[2];

	OK(!pipe(fd));
	memset(buffer, 'x', sizeof(buffer));
	in.di = fd[1];
	in.si = (uint64_t)buffer;
	in.dx = 4096;
	call_with(SYS_write, &in, &out, DF, entry);
	memset(buffer, 0, sizeof(buffer));
	EQ(read(fd[0], buffer, sizeof(buffer)), 4096);
	OK(buffer[0] == 'x' && buffer[4095] == 'x');

	in.di = fd[1];
	in.si = (uint64_t)buffer + 1;
	in.dx = 4001;
	call_with(SYS_write, &in, &out, AC, entry);
	EQ(read(fd[0], buffer, sizeof(buffer)), 4001);

	signal(SIGTRAP, on_trap);
	call_with(SYS_getppid, &in, &out, TF, entry);
	OK(traps > 0);
	OK(traps < 100);
	close(fd[0]);
	close(fd[1]);
}

/* Below the stack pointer a function may keep 128 octets. */
static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	volatile char clobber[2000];

	memset((char *)clobber, 0xff, sizeof(clobber));
	(void)sig;
	alarms++;
}

static void red_zone(void)
{
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { 0 };
	unsigned long bad = 0;

	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &often, NULL);
	while (alarms < 50) {
		unsigned long seen;

		__asm__ volatile("movq $0x1234567, -8(%%rsp)\n"
				 "movq $0x7654321, -128(%%rsp)\n"
				 "movl $2000, %%ecx\n"
				 "1: pause\n"
				 "decl %%ecx\n"
				 "jnz 1b\n"
				 "movq -8(%%rsp), %0\n"
				 "subq $0x1234567, %0\n"
				 "subq $0x7654321, -128(%%rsp)\n"
				 "orq -128(%%rsp), %0\n"
				 : "=&r"(seen)::"rcx", "cc");
		bad |= seen;
	}
	setitimer(ITIMER_REAL, &never, NULL);
	EQ(bad, 0);
}

#define WORDS 64

static bool have_avx512(void)
{
	return __builtin_cpu_supports("avx512f");
}

static bool have_avx(void)
{
	return __builtin_cpu_supports("avx2");
}

/* 16 (32 with AVX-512) registers go to memory and come from there. */
typedef uint64_t block[32 * 8];

static void pattern(block b, uint64_t seed)
{
	for (int i = 0; i < 32 * 8; i++)
		b[i] = seed * 0x9e3779b97f4a7c15UL + i;
}

#define EACH16(op)                                                         \
	op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) \
		op(11) op(12) op(13) op(14) op(15)
#define EACH32(op)                                                            \
	EACH16(op)                                                            \
	op(16) op(17) op(18) op(19) op(20) op(21) op(22) op(23) op(24) op(25) \
		op(26) op(27) op(28) op(29) op(30) op(31)
#define LOAD_Z(n) "vmovdqu64 " #n "*64(%0), %%zmm" #n "\n"
#define STORE_Z(n) "vmovdqu64 %%zmm" #n ", " #n "*64(%1)\n"
#define LOAD_Y(n) "vmovdqu " #n "*32(%0), %%ymm" #n "\n"
#define STORE_Y(n) "vmovdqu %%ymm" #n ", " #n "*32(%1)\n"
#define LOAD_X(n) "movdqu " #n "*16(%0), %%xmm" #n "\n"
#define STORE_X(n) "movdqu %%xmm" #n ", " #n "*16(%1)\n"

#define SPIN                  \
	"movl $3000, %%ecx\n" \
	"1: pause\n"          \
	"decl %%ecx\n"        \
	"jnz 1b\n"
#define CALL                                  \
	"movl $24, %%eax\n" /* sched_yield */ \
	"movq %2, %%rcx\n"                    \
	"call *%%rcx\n"
#define CLOBBERS "rax", "rcx", "r11", "memory", "cc"

static size_t keep(const uint64_t *in, uint64_t *out, bool yield)
{
	if (have_avx512()) {
		if (yield)
			__asm__ volatile(EACH32(LOAD_Z)
						 CALL EACH32(STORE_Z)::"r"(in),
					 "r"(out), "r"(entry)
					 : CLOBBERS);
		else
			__asm__ volatile(EACH32(LOAD_Z)
						 SPIN EACH32(STORE_Z)::"r"(in),
					 "r"(out), "r"(entry)
					 : CLOBBERS);
		return 32 * 64;
	}
	if (have_avx()) {
		if (yield)
			__asm__ volatile(EACH16(LOAD_Y)
						 CALL EACH16(STORE_Y)::"r"(in),
					 "r"(out), "r"(entry)
					 : CLOBBERS);
		else
			__asm__ volatile(EACH16(LOAD_Y)
						 SPIN EACH16(STORE_Y)::"r"(in),
					 "r"(out), "r"(entry)
					 : CLOBBERS);
		return 16 * 32;
	}
	if (yield)
		__asm__ volatile(EACH16(LOAD_X) CALL EACH16(STORE_X)::"r"(in),
				 "r"(out), "r"(entry)
				 : CLOBBERS);
	else
		__asm__ volatile(EACH16(LOAD_X) SPIN EACH16(STORE_X)::"r"(in),
				 "r"(out), "r"(entry)
				 : CLOBBERS);
	return 16 * 16;
}

static void *vectors(void *arg)
{
	block in, out;
	long bad = 0;
	unsigned short fcw = 0x37f, fcw_seen;
	unsigned int mxcsr = 0x1f80 | (unsigned int)(uintptr_t)arg << 13;
	unsigned int mxcsr_seen;

	/* Rounding modes differ between the threads, too. */
	fcw |= (unsigned short)((uintptr_t)arg << 10);
	__asm__ volatile("fldcw %0; ldmxcsr %1" ::"m"(fcw), "m"(mxcsr));
	for (int i = 0; i < 3000; i++) {
		size_t len;

		pattern(in, (uintptr_t)arg * 1000003 + i);
		len = keep(in, out, i & 1);
		bad += memcmp(in, out, len) != 0;
		__asm__ volatile("fnstcw %0; stmxcsr %1"
				 : "=m"(fcw_seen), "=m"(mxcsr_seen));
		bad += fcw != fcw_seen || (mxcsr ^ mxcsr_seen) & 0x6000;
	}
	return (void *)bad;
}

/* Handlers use vector registers, which are not those of who is interrupted. */
static void on_vector_alarm(int sig)
{
	block in, out;

	(void)sig;
	pattern(in, 77);
	if (memcmp(in, out, keep(in, out, false)))
		_exit(9);
	alarms++;
}

static void vector_state(void)
{
	struct itimerval often = { { 0, 2000 }, { 0, 2000 } }, never = { 0 };
	pthread_t thread[4];
	void *bad;

	signal(SIGALRM, on_vector_alarm);
	alarms = 0;
	setitimer(ITIMER_REAL, &often, NULL);
	for (long i = 0; i < 4; i++)
		OK(!pthread_create(&thread[i], NULL, vectors, (void *)i));
	for (int i = 0; i < 4; i++) {
		pthread_join(thread[i], &bad);
		EQ(bad, 0);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	OK(alarms > 2);
}

/*
 * Whoever executes the machine's own instruction, with odd flags or a stack
 * that is none, gets an answer; int 0x80 has i386's numbers or is refused.
 */
static void instruction(void)
{
	register unsigned long sp __asm__("rbx");
	long ret;

	__asm__ volatile("movq %%rsp, %1\n"
			 "xorl %%esp, %%esp\n"
			 "syscall\n"
			 "movq %1, %%rsp"
			 : "=a"(ret), "=&r"(sp)
			 : "a"(SYS_getpid)
			 : "rcx", "r11", "memory");
	EQ(ret, getpid());
	__asm__ volatile("std; syscall; cld"
			 : "=a"(ret)
			 : "a"(SYS_getpid)
			 : "rcx", "r11", "memory");
	EQ(ret, getpid());
	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(-1L)
			 : "rcx", "r11", "memory");
	EQ(ret, -ENOSYS);
	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(20) : "memory");
	OK((int)ret == getpid() || ret == -ENOSYS);
}

/* A handler may change the registers of who is interrupted. */
static void on_change(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)info;
	uc->uc_mcontext.gregs[REG_RBX] = 0x5555;
	uc->uc_mcontext.gregs[REG_RIP] += 2; /* past ud2 */
	uc->uc_mcontext.fpregs->_xmm[7].element[0] = 0x12345678;
}

static void changed_context(void)
{
	struct sigaction sa = { .sa_sigaction = on_change,
				.sa_flags = SA_SIGINFO };
	uint64_t bx;
	uint32_t x;

	sigaction(SIGILL, &sa, NULL);
	__asm__ volatile(
		"pxor %%xmm7, %%xmm7; ud2; movq %%rbx, %0; movd %%xmm7, %1"
		: "=r"(bx), "=r"(x)::"rbx", "xmm7");
	EQ(bx, 0x5555);
	EQ(x, 0x12345678);
}

int main(void)
{
	entry = getauxval(AT_SYSINFO) ?: (unsigned long)native;
	registers();
	odd_flags();
	red_zone();
	instruction();
	changed_context();
	vector_state();
	return tap_done();
}
