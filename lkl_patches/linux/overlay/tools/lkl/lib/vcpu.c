// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host threads and the virtual CPU.
 *
 * A thread that makes system calls takes the virtual CPU's lock, runs the call
 * on its own and gives the lock back. While nobody holds it, one more thread,
 * the idle thread, waits in a single poll for timers and devices, and comes in
 * as an interrupt.
 *
 * The lock prefers the thread that is making calls: another one that wants in
 * while calls are being made at full rate waits for a turn of its own, because
 * a change of tasks costs as much as some ten calls.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

#define WAIT_STACK_SIZE (64 * 1024UL)
#define SPINS 200
#define TURN_NS 200000 /* a busy thread keeps the virtual CPU so long */
#define YOUNG_CYCLES 6000
#define LOCK_TIMEOUT_NS 500000 /* against a wake-up that crossed a release */

struct host_thread {
	struct lkl_thread lkl;
	struct host_thread *next;
	void *stack;
	void *main_task; /* the one that is not lkl_clone()'s */
	void *main_regs; /* its user side, while it is in the kernel */
	bool saved; /* regs holds a copy of that, for after the end */
	jmp_buf *out; /* where it goes on when it leaves the kernel for good */
	char regs[LKL_REGS_SIZE];
};

enum { NOT_STARTED, RUNNING, HALTED };

static int state;
static struct host_thread idle_thread;
static pthread_t idle_pthread;
static int kick_fd = -1;
static unsigned long long idle_deadline; /* 0: the idle thread is not asleep */
static int inside; /* threads that wait in the kernel */
static int boot_done;
static int turn; /* futex of those who wait for their turn */
static int turn_waiters;
static volatile unsigned long long turn_start;
static pthread_key_t thread_key;

static __thread struct host_thread *self
	__attribute__((tls_model("initial-exec")));

static long futex(int *word, int op, int value, long timeout_ns)
{
	struct timespec ts = { .tv_nsec = timeout_ns };

	return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value,
		       timeout_ns ? &ts : NULL, NULL, 0);
}

static inline void pause_cpu(void)
{
	__builtin_ia32_pause();
}

static inline bool try_lock(void)
{
	return !__atomic_load_n(&lkl_vcpu.lock, __ATOMIC_RELAXED) &&
	       !__atomic_exchange_n(&lkl_vcpu.lock, 1, __ATOMIC_ACQUIRE);
}

/*
 * The thread that makes calls would win the lock every time. A waiter raises a
 * request, and that thread stands back once for each (let_in); once only,
 * because the waiter may have lost its host CPU.
 */
static void lock(void)
{
	for (;;) {
		if (try_lock())
			break;
		__atomic_fetch_add(&lkl_vcpu.requests, 1, __ATOMIC_SEQ_CST);
		for (int i = 0; i < SPINS; i++) {
			if (try_lock())
				goto out;
			pause_cpu();
		}
		__atomic_store_n(&lkl_vcpu.sleepers, 1, __ATOMIC_SEQ_CST);
		futex(&lkl_vcpu.lock, FUTEX_WAIT, 1, LOCK_TIMEOUT_NS);
	}
out:
	lkl_vcpu.served = lkl_vcpu.requests;
}

/* Give the virtual CPU back, and make sure that somebody sees its timer. */
static inline void release(void)
{
	unsigned long long next = lkl_vcpu.next_event;

	/* An exchange, because what follows must not be read before it. */
	__atomic_exchange_n(&lkl_vcpu.lock, 0, __ATOMIC_SEQ_CST);
	if (unlikely(lkl_vcpu.sleepers)) {
		__atomic_store_n(&lkl_vcpu.sleepers, 0, __ATOMIC_SEQ_CST);
		futex(&lkl_vcpu.lock, FUTEX_WAKE, INT_MAX, 0);
	}
	if (unlikely(next < __atomic_load_n(&idle_deadline, __ATOMIC_RELAXED)))
		vcpu_kick();
}

void vcpu_kick(void)
{
	uint64_t one = 1;

	if (write(kick_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		abort();
}

/*
 * Stand back for those who have asked for the lock, and then until the one who
 * got it is through with making its task the current one.
 */
static void let_in(void)
{
	unsigned int requests = lkl_vcpu.requests;

	for (int i = 0; i < SPINS && lkl_vcpu.served != requests; i++)
		pause_cpu();
	for (int i = 0;
	     i < SPINS && __atomic_load_n(&lkl_vcpu.lock, __ATOMIC_RELAXED);
	     i++)
		pause_cpu();
	lkl_vcpu.served = requests;
}

/*
 * Another thread's task is in user mode. If that thread makes calls at full
 * rate, sleep for a turn; if it does something else, take over at once. A task
 * that has just taken over has had no time yet to show which.
 */
static void wait_turn(void)
{
	unsigned int calls;

	while (__builtin_ia32_rdtsc() - turn_start < YOUNG_CYCLES)
		pause_cpu();
	calls = __atomic_load_n(&lkl_vcpu.calls, __ATOMIC_RELAXED);
	for (int i = 0; i < 20; i++)
		pause_cpu();
	if (calls == __atomic_load_n(&lkl_vcpu.calls, __ATOMIC_RELAXED))
		return;
	__atomic_fetch_add(&turn_waiters, 1, __ATOMIC_RELAXED);
	futex(&turn, FUTEX_WAIT, __atomic_load_n(&turn, __ATOMIC_RELAXED),
	      TURN_NS);
	__atomic_fetch_sub(&turn_waiters, 1, __ATOMIC_RELAXED);
}

static void end_turn(void)
{
	if (__atomic_load_n(&turn_waiters, __ATOMIC_RELAXED)) {
		__atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED);
		futex(&turn, FUTEX_WAKE, 1, 0);
	}
}

static void wake(struct lkl_thread *thread)
{
	__atomic_store_n(&thread->wanted, 1, __ATOMIC_SEQ_CST);
	futex(&thread->wanted, FUTEX_WAKE, 1, 0);
}

/* The thread leaves the kernel for good; the lock is its own. */
static void leave_for_good(struct host_thread *t)
{
	release();
	_longjmp(*t->out, 1);
}

/* All threads with a task, for the end of the kernel. */
static struct host_thread *threads;
static pthread_mutex_t threads_lock = PTHREAD_MUTEX_INITIALIZER;

/* Copy what the way back needs, because then the kernel's memory may go. */
static void save_regs(struct host_thread *t)
{
	if (t->main_regs && !t->saved) {
		memcpy(t->regs, t->main_regs, sizeof(t->regs));
		t->saved = true;
	}
}

/*
 * The kernel has gone, and the thread's own task was in a call: return from
 * that. Its lkl_clone()d tasks end where they are.
 */
static void return_halted(struct host_thread *t)
{
	pthread_mutex_lock(&threads_lock);
	save_regs(t);
	pthread_mutex_unlock(&threads_lock);
	t->lkl.task = t->main_task;
	lkl_kernel_abandon(t->regs, -ESHUTDOWN);
}

static void leave_halted(struct host_thread *t)
{
	if (!t->main_regs)
		leave_for_good(t);
	release();
	return_halted(t);
}

/*
 * Wait function of a thread that makes system calls: its task sleeps, and the
 * virtual CPU is idle.
 */
static void thread_wait(struct lkl_thread *thread)
{
	struct host_thread *t = (struct host_thread *)thread;

	if (thread->detached)
		leave_for_good(t);

	if (lkl_vcpu.halted)
		leave_halted(t);
	__atomic_fetch_add(&inside, 1, __ATOMIC_RELAXED);
	release();
	end_turn();
	if (host_clock_is_virtual())
		vcpu_kick();
	while (!__atomic_load_n(&thread->wanted, __ATOMIC_ACQUIRE)) {
		if (futex(&thread->wanted, FUTEX_WAIT, 0, 0) < 0 &&
		    errno == EINTR) {
			/* A host signal was handled: so says the call. */
			thread->interrupt = 1;
			break;
		}
	}
	lock();
	__atomic_fetch_sub(&inside, 1, __ATOMIC_RELAXED);
	if (lkl_vcpu.halted)
		leave_halted(t);
	lkl_vcpu.holder = thread;
	lkl_kernel_come_in();
}

/* Nothing runs, nothing is in user mode, and somebody waits for time to pass. */
static bool may_jump(void)
{
	return host_clock_is_virtual() &&
	       __atomic_load_n(&inside, __ATOMIC_RELAXED) > 0 &&
	       !__atomic_load_n(&lkl_vcpu.lock, __ATOMIC_RELAXED) &&
	       !lkl_vcpu.coming && lkl_vcpu.resume_sp &&
	       lkl_vcpu.next_event != ~0ULL;
}

static int fill_pollfds(struct pollfd *fds)
{
	int n = 1;

	fds[0] = (struct pollfd){ .fd = kick_fd, .events = POLLIN };
	for (int i = 0; i < host_device_count; i++) {
		struct host_device *dev = host_devices[i];

		fds[n++] = (struct pollfd){
			.fd = dev->armed ? dev->fd : -1,
			.events = POLLIN,
		};
	}
	return n;
}

static bool timer_due(void)
{
	unsigned long long next =
		__atomic_load_n(&lkl_vcpu.next_event, __ATOMIC_RELAXED);

	return next != ~0ULL && next <= host_ops.clock();
}

static int idle_poll(struct pollfd *fds, int n)
{
	unsigned long long next =
		__atomic_load_n(&lkl_vcpu.next_event, __ATOMIC_SEQ_CST);
	unsigned long long now;
	struct timespec ts, *timeout = NULL;
	int ready;

	__atomic_store_n(&idle_deadline, next, __ATOMIC_SEQ_CST);
	if (next != __atomic_load_n(&lkl_vcpu.next_event, __ATOMIC_SEQ_CST))
		next = 0;
	if (may_jump())
		next = 0;
	else if (host_clock_is_virtual())
		next = ~0ULL;
	if (next != ~0ULL) {
		now = next ? host_ops.clock() : 0;
		next = next > now ? next - now : 0;
		ts.tv_sec = next / 1000000000;
		ts.tv_nsec = next % 1000000000;
		timeout = &ts;
	}
	ready = ppoll(fds, n, timeout, NULL);
	__atomic_store_n(&idle_deadline, 0, __ATOMIC_SEQ_CST);
	return ready;
}

/* Sleep until something happens; returns the interrupts that it is. */
static unsigned int idle_sleep(void)
{
	struct pollfd fds[1 + MAX_DEVICES];
	unsigned int bits = 0;
	uint64_t count;
	int n = fill_pollfds(fds);
	int ready = idle_poll(fds, n);

	if (ready > 0 && fds[0].revents &&
	    read(kick_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		abort();
	for (int i = 1; ready > 0 && i < n; i++)
		if (fds[i].revents)
			bits |= 1u << host_devices[i - 1]->dev.irq;
	if (!bits && ready == 0 && may_jump())
		host_clock_jump(lkl_vcpu.next_event);
	if (timer_due())
		bits |= 1u << LKL_IRQ_TIMER;
	return bits;
}

/* Wait function of the idle thread. */
static void idle_wait(struct lkl_thread *thread)
{
	if (lkl_vcpu.halted)
		leave_for_good((struct host_thread *)thread);
	release();
	end_turn();
	if (unlikely(!boot_done) && lkl_vcpu.booted) {
		__atomic_store_n(&boot_done, 1, __ATOMIC_SEQ_CST);
		futex(&boot_done, FUTEX_WAKE, 1, 0);
	}
	for (;;) {
		unsigned int bits = idle_sleep();

		if (__atomic_load_n(&lkl_vcpu.halted, __ATOMIC_ACQUIRE)) {
			lock();
			leave_for_good((struct host_thread *)thread);
		}
		if (!bits)
			continue;
		__atomic_fetch_or(&lkl_vcpu.pending, bits, __ATOMIC_RELEASE);
		lock();
		if (lkl_vcpu.pending && !lkl_vcpu.halted)
			break;
		release(); /* whoever held it has taken them */
	}
	lkl_vcpu.holder = thread;
	lkl_kernel_resume();
}

static int thread_init(struct host_thread *t, void (*wait)(struct lkl_thread *))
{
	t->stack = mmap(NULL, WAIT_STACK_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (t->stack == MAP_FAILED)
		return -ENOMEM;
	t->lkl.wait_sp = (unsigned long)t->stack + WAIT_STACK_SIZE;
	t->lkl.wait = wait;
	return 0;
}

static void thread_free(struct host_thread *t)
{
	munmap(t->stack, WAIT_STACK_SIZE);
	free(t);
}

static void *idle_main(void *unused)
{
	jmp_buf out;
	sigset_t all;

	(void)unused;
	/* The program's signals are for its own threads. */
	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "lkl-idle");
	idle_thread.out = &out;
	if (!_setjmp(out)) {
		lkl_vcpu.lock = 1;
		lkl_kernel_boot(&host_ops, &idle_thread.lkl);
	}
	return NULL;
}

static void thread_link(struct host_thread *t)
{
	pthread_mutex_lock(&threads_lock);
	t->next = threads;
	threads = t;
	pthread_mutex_unlock(&threads_lock);
}

static void thread_unlink(struct host_thread *t)
{
	struct host_thread **at = &threads;

	pthread_mutex_lock(&threads_lock);
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	pthread_mutex_unlock(&threads_lock);
}

/*
 * Take the virtual CPU with this thread's task current and in user mode; false
 * when the kernel has gone.
 */
static bool enter_slow(struct host_thread *t)
{
	jmp_buf out;

	if (lkl_vcpu.current_task == t->lkl.task)
		let_in();
	if (lkl_vcpu.current_task != t->lkl.task && !lkl_vcpu.resume_sp)
		wait_turn();
	lock();
	if (lkl_vcpu.halted) {
		release();
		return false;
	}
	lkl_vcpu.holder = &t->lkl;
	if (!t->lkl.task) {
		t->out = &out;
		if (_setjmp(out))
			return false;
		t->lkl.attaching = 1;
		lkl_kernel_attach(&t->lkl);
		t->main_task = t->lkl.task;
		t->main_regs = t->lkl.regs;
	} else if (lkl_vcpu.current_task != t->lkl.task || lkl_vcpu.resume_sp ||
		   t->lkl.wanted) {
		lkl_kernel_enter(&t->lkl);
		turn_start = __builtin_ia32_rdtsc();
	}
	return !lkl_vcpu.halted;
}

static inline bool enter(struct host_thread *t)
{
	if (likely(lkl_vcpu.current_task == t->lkl.task && !t->lkl.wanted &&
		   lkl_vcpu.requests == lkl_vcpu.served && try_lock())) {
		lkl_vcpu.holder = &t->lkl;
		if (likely(lkl_vcpu.current_task == t->lkl.task &&
			   !lkl_vcpu.resume_sp))
			return true;
		release();
	}
	return enter_slow(t);
}

/*
 * exit(2) or exit_group(2) of a thread's own task: the task does not come back,
 * so the thread leaves it as soon as the virtual CPU is idle. Its next call
 * makes a new one.
 */
static void task_exit(struct host_thread *t, long nr, const long *args)
{
	jmp_buf out;

	t->out = &out;
	if (!_setjmp(out) && enter(t)) {
		t->lkl.detached = 1;
		lkl_kernel_syscall(t->lkl.regs, nr, args);
	}
	t->lkl.detached = 0;
	t->lkl.regs = NULL;
	t->lkl.task = NULL;
	t->main_task = NULL;
	t->main_regs = NULL;
}

static void thread_exit(void *arg)
{
	static const long none[6];
	struct host_thread *t = arg;

	self = NULL;
	if (state == RUNNING && t->lkl.task)
		task_exit(t, SYS_exit, none);
	thread_unlink(t);
	thread_free(t);
}

/* A fork(2) copies the kernel's memory and none of its threads. */
static void in_forked_child(void)
{
	state = HALTED;
	lkl_vcpu.halted = 1;
	lkl_vcpu.current_task = NULL;
	lkl_vcpu.lock = 0;
}

int vcpu_start(void)
{
	int err;

	if (state != NOT_STARTED)
		return state == RUNNING ? -EBUSY : -ESHUTDOWN;
	kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (kick_fd < 0)
		return -errno;
	err = thread_init(&idle_thread, idle_wait);
	if (err)
		return err;
	host_ops.wake = wake;
	err = pthread_key_create(&thread_key, thread_exit);
	if (!err)
		err = pthread_atfork(NULL, NULL, in_forked_child);
	if (!err)
		err = pthread_create(&idle_pthread, NULL, idle_main, NULL);
	if (err)
		return -err;
	while (!__atomic_load_n(&boot_done, __ATOMIC_ACQUIRE))
		futex(&boot_done, FUTEX_WAIT, 0, 0);
	state = RUNNING;
	return 0;
}

/* First call of this host thread: it will get a task. */
static struct host_thread *attach(void)
{
	struct host_thread *t;

	if (state != RUNNING)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (!t || thread_init(t, thread_wait)) {
		free(t);
		return NULL;
	}
	thread_link(t);
	pthread_setspecific(thread_key, t);
	return self = t;
}

static long __attribute__((noinline)) no_thread(void)
{
	return state == RUNNING ? -ENOMEM : -ESHUTDOWN;
}

/* What a call says when the kernel has gone, if it is the thread's own. */
static long __attribute__((noinline)) halted(struct host_thread *t)
{
	if (t->lkl.task != t->main_task)
		return_halted(t);
	return -ESHUTDOWN;
}

long lkl_syscall(long nr, const long args[6])
{
	struct host_thread *t = self;
	long ret;

	if (unlikely(!t) && !(t = attach()))
		return no_thread();
	if (unlikely(nr == SYS_exit || nr == SYS_exit_group) &&
	    t->lkl.task == t->main_task) {
		task_exit(t, nr, args);
		return lkl_vcpu.halted ? -ESHUTDOWN : 0;
	}
	if (unlikely(!enter(t)))
		return halted(t);
	lkl_vcpu.calls++;
	ret = lkl_kernel_syscall(t->lkl.regs, nr, args);
	release();
	return ret;
}

/* clone.S: clone(2) whose child calls task_main(fn, arg) on its own stack. */
long clone_call(void *regs, long nr, const long *args);
void task_main(int (*fn)(void *), void *arg) __attribute__((noreturn));

void task_main(int (*fn)(void *), void *arg)
{
	long args[6] = { 0 };

	release();
	args[0] = fn(arg);
	lkl_syscall(SYS_exit, args);
	abort(); /* the kernel does not return from exit */
}

long lkl_clone(int (*fn)(void *), void *arg, void *stack_top)
{
	void **stack = (void **)((unsigned long)stack_top & ~15UL) - 2;
	struct host_thread *t = self;
	const long args[6] = {
		CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			CLONE_THREAD | CLONE_SYSVSEM,
		(long)stack,
	};
	long ret;

	if (!fn || !stack_top)
		return -EINVAL;
	if (!t && !(t = attach()))
		return no_thread();
	stack[0] = (void *)fn;
	stack[1] = arg;
	if (!enter(t))
		return halted(t);
	ret = clone_call(t->lkl.regs, SYS_clone, args);
	release();
	return ret;
}

/* Have process 1 stop the machine, and sleep until it has. */
static long ask_for_halt(struct host_thread *t)
{
	const long forever[6] = { 0 };

	if (!enter(t))
		return -ESHUTDOWN;
	t->lkl.halting = 1;
	lkl_kernel_enter(&t->lkl);
	if (lkl_vcpu.halted)
		return -ESHUTDOWN;
	release();
	return lkl_syscall(SYS_ppoll, forever);
}

/* Stop the machine and get every thread out of the kernel's memory. */
int vcpu_stop(void)
{
	struct host_thread *t = self;

	if (state != RUNNING)
		return -ESHUTDOWN;
	if (!t && !(t = attach()))
		return -ENOMEM;
	while (!lkl_vcpu.halted && ask_for_halt(t) != -ESHUTDOWN)
		;
	state = HALTED;
	pthread_mutex_lock(&threads_lock);
	for (t = threads; t; t = t->next) {
		save_regs(t);
		wake(&t->lkl);
	}
	pthread_mutex_unlock(&threads_lock);
	vcpu_kick();
	pthread_join(idle_pthread, NULL);
	while (__atomic_load_n(&inside, __ATOMIC_ACQUIRE))
		usleep(100);
	lock(); /* the last of them is still giving it back */
	release();
	munmap(idle_thread.stack, WAIT_STACK_SIZE);
	close(kick_fd);
	return 0;
}
