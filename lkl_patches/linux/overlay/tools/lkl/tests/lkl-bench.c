// SPDX-License-Identifier: GPL-2.0-only
/*
 * lkl-bench: what the library kernel costs, and the host's kernel beside it.
 * One JSON object per sample on stdout; seconds by CLOCK_MONOTONIC. Nothing is
 * averaged over samples here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <lkl.h>

#define GETPPID_BATCH 100000
#define PING_PONG_ROUNDS 10000
#define RATE_SECONDS 0.3
#define RATE_STRIDE 256 /* calls between two looks at the clock's flag */
#define MAX_THREADS 64
#define STACK_SIZE (128 * 1024)

static struct {
	bool host;
	int samples;
	unsigned long mem;
	int threads;
} opt = { false, 20, 64UL << 20, 1 };

static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("lkl-bench: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	/* Not exit(): the kernel may be in the state that made us stop. */
	_exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

static void emit(const char *metric, const char *unit, double value,
		 const char *params)
{
	printf("{\"metric\": \"%s\", \"system\": \"%s\", \"unit\": \"%s\", \"value\": %.9g, "
	       "\"params\": {%s}}\n",
	       metric, opt.host ? "host" : "lkl", unit, value, params);
	fflush(stdout);
}

/* "mem": only of the library; the host has all there is. */
static const char *params(const char *fmt, ...)
{
	static char text[256];
	int len = 0;
	va_list ap;

	if (!opt.host)
		len = snprintf(text, sizeof(text), "\"mem\": %lu%s", opt.mem,
			       *fmt ? ", " : "");
	va_start(ap, fmt);
	vsnprintf(text + len, sizeof(text) - len, fmt, ap);
	va_end(ap);
	return text;
}

static long call(long nr, long a, long b, long c, long d)
{
	const long args[6] = { a, b, c, d, 0, 0 };
	long ret;

	if (!opt.host)
		return lkl_syscall(nr, args);
	ret = syscall(nr, a, b, c, d);
	return ret == -1 ? -errno : ret;
}

static void start(void)
{
	struct lkl_options options = {
		.size = sizeof(options),
		.mem = opt.mem,
		.cmdline = "quiet",
		.console_fd = -1,
	};
	int ret;

	if (opt.host)
		return;
	ret = lkl_start(&options);
	if (ret)
		die("lkl_start: %s", strerror(-ret));
}

static void stop(void)
{
	int ret = opt.host ? 0 : lkl_halt();

	if (ret)
		die("lkl_halt: %s", strerror(-ret));
}

/* Runs one sample in a process of its own, as there is one kernel per process. */
static void in_process(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid) {
		fn();
		exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		die("a sample's process ended with status %#x", status);
}

/* --- boot: from the call of lkl_start to the return of the first call --- */

static void boot_sample(void)
{
	double begin = now(), end;

	start();
	if (call(SYS_getpid, 0, 0, 0, 0) != 1)
		die("the first call failed");
	end = now();
	emit("boot", "s", end - begin, params(""));
	stop();
}

static void bench_boot(void)
{
	int i;

	/* The host has no counterpart: it has booted. */
	for (i = 0; i < opt.samples && !opt.host; i++)
		in_process(boot_sample);
}

/* --- syscall_getppid: one thread, the owner of the virtual processor --- */

/* Separate loops: no branch on the system inside what is measured. */
static double getppid_lkl(void)
{
	static const long none[6];
	double begin = now();
	int i;

	for (i = 0; i < GETPPID_BATCH; i++)
		lkl_syscall(SYS_getppid, none);
	return now() - begin;
}

static double getppid_host(void)
{
	double begin = now();
	int i;

	for (i = 0; i < GETPPID_BATCH; i++)
		syscall(SYS_getppid);
	return now() - begin;
}

static void bench_getppid(void)
{
	int i;

	start();
	for (i = 0; i < opt.samples; i++) {
		double seconds = opt.host ? getppid_host() : getppid_lkl();

		emit("syscall_getppid", "s", seconds / GETPPID_BATCH,
		     params("\"batch\": %d", GETPPID_BATCH));
	}
	stop();
}

/* --- pipe_pingpong: one byte there and back between two tasks --- */

struct pingpong {
	int there[2], back[2];
	int samples;
	uint32_t done;
};

static void make_pipes(struct pingpong *p)
{
	if (call(SYS_pipe2, (long)p->there, 0, 0, 0) ||
	    call(SYS_pipe2, (long)p->back, 0, 0, 0))
		die("pipe2 failed");
}

static int ping(void *arg)
{
	struct pingpong *p = arg;
	char byte = 0;
	int s, i;

	for (s = 0; s < p->samples; s++) {
		double begin = now();

		for (i = 0; i < PING_PONG_ROUNDS; i++)
			if (call(SYS_write, p->there[1], (long)&byte, 1, 0) !=
				    1 ||
			    call(SYS_read, p->back[0], (long)&byte, 1, 0) != 1)
				die("ping failed");
		emit("pipe_pingpong", "s", (now() - begin) / PING_PONG_ROUNDS,
		     params("\"rounds\": %d", PING_PONG_ROUNDS));
	}
	__atomic_store_n(&p->done, 1, __ATOMIC_RELEASE);
	call(SYS_futex, (long)&p->done, FUTEX_WAKE_PRIVATE, 1, 0);
	return 0;
}

static int pong(void *arg)
{
	struct pingpong *p = arg;
	char byte;
	long i;

	for (i = 0; i < (long)p->samples * PING_PONG_ROUNDS; i++)
		if (call(SYS_read, p->there[0], (long)&byte, 1, 0) != 1 ||
		    call(SYS_write, p->back[1], (long)&byte, 1, 0) != 1)
			die("pong failed");
	return 0;
}

static void spawn_task(int (*fn)(void *), void *arg)
{
	char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	long tid;

	if (stack == MAP_FAILED)
		die("no memory for a stack");
	tid = lkl_clone(fn, arg, stack + STACK_SIZE);
	if (tid < 0)
		die("lkl_clone: %s", strerror(-tid));
}

static void pingpong_lkl(struct pingpong *p)
{
	spawn_task(pong, p);
	spawn_task(ping, p);
	while (!__atomic_load_n(&p->done, __ATOMIC_ACQUIRE))
		call(SYS_futex, (long)&p->done, FUTEX_WAIT_PRIVATE, 0, 0);
}

/* Both on one CPU, the host's best case: no sleeping CPU is to be woken. */
static void stay_here(void)
{
	cpu_set_t one;
	int cpu = sched_getcpu();

	CPU_ZERO(&one);
	if (cpu >= 0)
		CPU_SET(cpu, &one);
	if (cpu < 0 || sched_setaffinity(0, sizeof(one), &one))
		die("staying on one CPU: %s", strerror(errno));
}

static void pingpong_host(struct pingpong *p)
{
	int status;
	pid_t pid;

	stay_here();
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid)
		_exit(pong(p));
	ping(p);
	if (waitpid(pid, &status, 0) != pid || status)
		die("the other process failed");
}

static void bench_pingpong(void)
{
	struct pingpong p = { .samples = opt.samples };

	start();
	make_pipes(&p);
	if (opt.host)
		pingpong_host(&p);
	else
		pingpong_lkl(&p);
	stop();
}

/* --- syscall_rate: calls per second of several host threads together --- */

static struct {
	pthread_barrier_t barrier;
	uint32_t stop;
} rate;

static void *rate_thread(void *arg)
{
	static const long none[6];
	unsigned long *calls = arg, n = 0;
	int i;

	pthread_barrier_wait(&rate.barrier);
	while (!__atomic_load_n(&rate.stop, __ATOMIC_RELAXED)) {
		for (i = 0; i < RATE_STRIDE; i++) {
			if (opt.host)
				syscall(SYS_getppid);
			else
				lkl_syscall(SYS_getppid, none);
		}
		n += RATE_STRIDE;
	}
	*calls = n;
	return NULL;
}

static void rate_sample(void)
{
	static unsigned long calls[MAX_THREADS];
	struct timespec length = { 0, RATE_SECONDS * 1e9 };
	pthread_t threads[MAX_THREADS];
	unsigned long total = 0;
	double begin, end;
	int i;

	__atomic_store_n(&rate.stop, 0, __ATOMIC_RELAXED);
	pthread_barrier_init(&rate.barrier, NULL, opt.threads + 1);
	for (i = 0; i < opt.threads; i++)
		if (pthread_create(&threads[i], NULL, rate_thread, &calls[i]))
			die("pthread_create failed");
	pthread_barrier_wait(&rate.barrier);
	begin = now();
	nanosleep(&length, NULL);
	__atomic_store_n(&rate.stop, 1, __ATOMIC_RELAXED);
	end = now();
	for (i = 0; i < opt.threads; i++) {
		pthread_join(threads[i], NULL);
		total += calls[i];
	}
	pthread_barrier_destroy(&rate.barrier);
	emit("syscall_rate", "1/s", total / (end - begin),
	     params("\"threads\": %d", opt.threads));
}

static void bench_rate(void)
{
	int i;

	start();
	for (i = 0; i < opt.samples; i++)
		rate_sample();
	stop();
}

/* --- rss: resident memory of the process --- */

static long resident_bytes(void)
{
	char line[256];
	long kilobytes = -1;
	FILE *status = fopen("/proc/self/status", "re");

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "VmRSS: %ld kB", &kilobytes) == 1)
			break;
	if (kilobytes < 0)
		die("no VmRSS in /proc/self/status");
	fclose(status);
	return kilobytes * 1024;
}

static void rss_sample(void)
{
	long before = resident_bytes();

	start();
	call(SYS_getpid, 0, 0, 0, 0);
	emit("rss", "B", resident_bytes(), params("\"before\": %ld", before));
	stop();
}

static void bench_rss(void)
{
	int i;

	/* The host kernel's memory is not the process's: no counterpart. */
	for (i = 0; i < opt.samples && !opt.host; i++)
		in_process(rss_sample);
}

static const struct {
	const char *name;
	void (*run)(void);
} benches[] = {
	{ "boot", bench_boot },
	{ "syscall_getppid", bench_getppid },
	{ "pipe_pingpong", bench_pingpong },
	{ "syscall_rate", bench_rate },
	{ "rss", bench_rss },
};

#define BENCHES (sizeof(benches) / sizeof(benches[0]))

static void usage(FILE *out)
{
	size_t i;

	fputs("usage: lkl-bench BENCH [--system lkl|host] [--samples N] [--mem SIZE]"
	      " [--threads N]\n"
	      "Prints one JSON object per sample. SIZE in bytes, or with K, M or G.\n"
	      "boot and rss have no counterpart on the host and print nothing there.\n"
	      "BENCH is one of:",
	      out);
	for (i = 0; i < BENCHES; i++)
		fprintf(out, " %s", benches[i].name);
	fputc('\n', out);
}

static long parse_number(const char *what, const char *text, long max)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < 1 || n > max)
		die("%s: %s is not a number from 1 to %ld", what, text, max);
	return n;
}

static unsigned long parse_size(const char *text)
{
	static const char units[] = "KMG";
	char *end;
	unsigned long n = strtoul(text, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;

	if (end == text || !n || (*end && (!unit || end[1])))
		die("--mem: %s is not a size such as 64M", text);
	return unit ? n << (10 * (unit - units + 1)) : n;
}

static void set_system(const char *name)
{
	opt.host = !strcmp(name, "host");
	if (!opt.host && strcmp(name, "lkl"))
		die("--system: %s is neither lkl nor host", name);
}

static void parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "system", required_argument, NULL, 's' },
		{ "samples", required_argument, NULL, 'n' },
		{ "mem", required_argument, NULL, 'm' },
		{ "threads", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			set_system(optarg);
			break;
		case 'n':
			opt.samples =
				parse_number("--samples", optarg, 1000000);
			break;
		case 'm':
			opt.mem = parse_size(optarg);
			break;
		case 't':
			opt.threads =
				parse_number("--threads", optarg, MAX_THREADS);
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	size_t i;

	parse_options(argc, argv);
	if (optind + 1 != argc) {
		usage(stderr);
		return 2;
	}
	for (i = 0; i < BENCHES; i++) {
		if (!strcmp(argv[optind], benches[i].name)) {
			benches[i].run();
			return 0;
		}
	}
	fprintf(stderr, "lkl-bench: no benchmark is called %s\n", argv[optind]);
	usage(stderr);
	return 2;
}
