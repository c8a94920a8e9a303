// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vector and floating-point state belongs to a thread: it survives system calls,
 * switches to other threads, and signal handlers that destroy it.
 */
#define _GNU_SOURCE
#include "tap.h"

#include <cpuid.h>
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/time.h>

#define THREADS 4
#define ROUNDS 20000
#define REGISTERS 16
#define WIDTH 32

/* sched_yield with the registers loaded from `in`; what they are then to `out`. */
void yield_sse(uintptr_t entry, const void *in, void *out);
void yield_avx(uintptr_t entry, const void *in, void *out);

#define CALL                 \
	"	mov %rdi, %rcx\n"  \
	"	mov $24, %eax\n"   \
	"	test %rcx, %rcx\n" \
	"	jz 1f\n"           \
	"	call *%rcx\n"      \
	"	jmp 2f\n"          \
	"1:	syscall\n"       \
	"2:\n"
#define NUMBERS "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"

__asm__(".text\n"
	"yield_sse:\n"
	".irp n," NUMBERS "\n"
	"	movdqu 32*\\n(%rsi), %xmm\\n\n"
	".endr\n" CALL ".irp n," NUMBERS "\n"
	"	movdqu %xmm\\n, 32*\\n(%rdx)\n"
	".endr\n"
	"	ret\n"
	"yield_avx:\n"
	".irp n," NUMBERS "\n"
	"	vmovdqu 32*\\n(%rsi), %ymm\\n\n"
	".endr\n" CALL ".irp n," NUMBERS "\n"
	"	vmovdqu %ymm\\n, 32*\\n(%rdx)\n"
	".endr\n"
	"	vzeroupper\n"
	"	ret\n");

static void (*yield_with)(uintptr_t, const void *, void *) = yield_sse;
static size_t kept = 16; /* octets of each register that are looked at */
static uintptr_t entry;
static volatile sig_atomic_t disturbed;

static bool has_avx(void)
{
	unsigned int a, b, c, d, low, high;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) ||
	    !(c & bit_AVX))
		return false;
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (low & 6) == 6;
}

static int differences(const uint8_t *in, const uint8_t *out)
{
	int wrong = 0;

	for (size_t i = 0; i < REGISTERS; i++)
		wrong += memcmp(in + i * WIDTH, out + i * WIDTH, kept) != 0;
	return wrong;
}

static const int modes[THREADS] = { FE_TONEAREST, FE_DOWNWARD, FE_UPWARD,
				    FE_TOWARDZERO };

/* Yields with a pattern and a rounding mode of its own. */
static void *work(void *arg)
{
	intptr_t number = (intptr_t)arg;
	uint8_t in[REGISTERS * WIDTH], out[REGISTERS * WIDTH];
	long wrong = 0;

	fesetround(modes[number]);
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < sizeof(in); i++)
			in[i] = (uint8_t)((size_t)round * 7 + i * 13 +
					  (size_t)number * 101);
		yield_with(entry, in, out);
		wrong += differences(in, out);
		wrong += fegetround() !=
			 modes[number]; /* SSE's and the x87's */
	}
	return (void *)wrong;
}

static void destroy(int number)
{
	static const uint8_t zeros[REGISTERS * WIDTH];
	uint8_t after[REGISTERS * WIDTH];

	(void)number;
	disturbed++;
	yield_with(entry, zeros, after);
}

static void together(const char *what)
{
	pthread_t t[THREADS];
	void *wrong;

	for (intptr_t i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, work, (void *)i);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(t[i], &wrong);
		tap_ok(!wrong, "thread %d %s: %ld differences", i, what,
		       (long)wrong);
	}
}

int main(void)
{
	struct sigaction action = { .sa_handler = destroy,
				    .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, off = { 0 };

	entry = getauxval(AT_SYSINFO);
	together("with SSE");
	if (has_avx()) {
		yield_with = yield_avx;
		kept = WIDTH;
		together("with AVX");
	} else {
		tap_skip("AVX", "this processor has none");
	}
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	do
		together("among signals");
	while (!disturbed);
	setitimer(ITIMER_REAL, &off, NULL);
	return tap_done();
}
