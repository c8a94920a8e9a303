/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls into the kernel under test.
 *
 * The same test text runs on two kernels: the library kernel (lkl_syscall) and,
 * with --host, the machine's own (syscall(2)). The host run shows that a test
 * is right before it accuses the library. K(name, ...) calls the kernel under
 * test, HOST(name, ...) always the host; both return a result or -errno.
 */
#ifndef TESTS_CALLS_H
#define TESTS_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

typedef long (*syscall_fn)(long nr, const long args[6]);

/* The kernel under test; set once by the harness. */
extern syscall_fn kernel;
extern bool host_mode;

long host_call(long nr, const long args[6]);

#define ARGL(x) ((long)(x))
#define ARGS0() 0
#define ARGS1(a) ARGL(a)
#define ARGS2(a, b) ARGL(a), ARGL(b)
#define ARGS3(a, b, c) ARGL(a), ARGL(b), ARGL(c)
#define ARGS4(a, b, c, d) ARGL(a), ARGL(b), ARGL(c), ARGL(d)
#define ARGS5(a, b, c, d, e) ARGL(a), ARGL(b), ARGL(c), ARGL(d), ARGL(e)
#define ARGS6(a, b, c, d, e, f) \
	ARGL(a), ARGL(b), ARGL(c), ARGL(d), ARGL(e), ARGL(f)
#define ARGS_PICK(_0, _1, _2, _3, _4, _5, _6, macro, ...) macro
/* __VA_OPT__, not ##: the arguments may hold a K() themselves. */
#define ARGS(...)                                                            \
	ARGS_PICK(_0 __VA_OPT__(, ) __VA_ARGS__, ARGS6, ARGS5, ARGS4, ARGS3, \
		  ARGS2, ARGS1, ARGS0)                                       \
	(__VA_ARGS__)

#define CALL(fn, name, ...) \
	((fn)(__NR_##name, (const long[6]){ ARGS(__VA_ARGS__) }))
#define K(name, ...) CALL(kernel, name __VA_OPT__(, ) __VA_ARGS__)
#define HOST(name, ...) CALL(host_call, name __VA_OPT__(, ) __VA_ARGS__)

/* Nanoseconds since some fixed time, as the kernel under test and the host see it. */
int64_t kernel_ns(void);
int64_t host_ns(void);

/* Sleep in the kernel under test. */
void kernel_sleep_ms(long ms);

/* Reads a whole (proc, sysfs, ...) file as a string: length or -errno. */
long read_file(const char *path, char *buf, size_t size);
/* Writes a string to an existing file: 0 or -errno. */
long write_file(const char *path, const char *text);

/*
 * A path below the scratch directory of the kernel under test, in which the
 * harness has mounted proc and sys. The answer is one of a few per-thread
 * buffers, used in turn.
 */
const char *at(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Makes the scratch directory and mounts proc and sys in it: 0 or -errno. */
long scratch_setup(void);

/*
 * A task: one more flow of control of the kernel under test, without a host
 * thread in the library (lkl_clone), a pthread on the host.
 */
struct task {
	int (*fn)(void *arg);
	void *arg;
	int result;
	long tid;
	uint32_t done;
	unsigned long host_thread;
};

long task_start(struct task *task, int (*fn)(void *arg), void *arg);
/* Waits in the kernel under test until the task's function has returned. */
int task_join(struct task *task);

#endif
