// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz CALLS SEED [show]: CALLS system calls with arguments from a pool of bad
 * pointers, sizes, descriptors. Prints what happened; exit status 1 when memory
 * of the kernel changed under a pointer that was handed to it.
 *
 * Worker processes make the calls, for some calls damage the one who makes
 * them; the first process only starts the next. The same seed is the same calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCH 2000 /* calls of one worker */
#define STALL_S 10
#define WROTE 99 /* exit status of a worker who has seen that */
#define LOG 900 /* beyond the descriptors that calls get */
#define AREA (256 << 10)
#define SPARE (256 << 10) /* behind it, where lengths reach */
#define LAST_CALL 464 /* and some that no kernel has yet */
#define TOP "f" /* in the working directory */

/* Where the library kernel keeps itself. */
#define KERNEL_IMAGE 0x7e0000000000UL
#define KERNEL_MEMORY 0x7e1000000000UL
#define KERNEL_SIZE (64UL << 20)

/* Left out, with the reason. */
static const struct {
	int nr;
	const char *why;
} left_out[] = {
	{ SYS_exit, "ends the worker" },
	{ SYS_exit_group, "ends the worker" },
	{ SYS_pause, "waits for a signal; so does ppoll, which is in" },
	{ SYS_rt_sigsuspend, "as pause" },
	{ SYS_rt_sigreturn, "t-signal-frame does that" },
	{ SYS_vfork, "the child would return into this frame" },
	{ SYS_clone, "t-clone does that" },
	{ SYS_clone3, "t-clone does that" },
	{ SYS_reboot, "ends the machine" },
	{ SYS_kill, "t-signal does that; -1 ends the machine" },
	{ SYS_tkill, "may end the supervisor" },
	{ SYS_tgkill, "may end the supervisor" },
	{ SYS_rt_sigqueueinfo, "may end the supervisor" },
	{ SYS_rt_tgsigqueueinfo, "may end the supervisor" },
	{ SYS_rt_sigaction, "the timer that ends waiting calls needs SIGALRM" },
	{ SYS_rt_sigprocmask, "the same" },
	{ SYS_setitimer, "the same" },
	{ SYS_alarm, "the same" },
	{ SYS_setrlimit, "limits of time and addresses end the worker" },
	{ SYS_prlimit64, "the same" },
	{ SYS_ptrace, "a traced worker stops at each signal" },
};

/*
 * What a call's arguments are: f descriptor, p pointer, s path, n size, i small
 * number, m many-bit flags, t process, a page address, l length from there. Anything may come
 * instead now and then. Calls that are not here take whatever there is.
 */
static const struct {
	int nr;
	const char *args;
} calls[] = {
	{ SYS_read, "fpn" },
	{ SYS_write, "fpn" },
	{ SYS_open, "smm" },
	{ SYS_stat, "sp" },
	{ SYS_fstat, "fp" },
	{ SYS_lstat, "sp" },
	{ SYS_poll, "pii" },
	{ SYS_lseek, "fni" },
	{ SYS_mmap, "almmfn" },
	{ SYS_mprotect, "ali" },
	{ SYS_munmap, "al" },
	{ SYS_brk, "a" },
	{ SYS_ioctl, "fmp" },
	{ SYS_pread64, "fpnn" },
	{ SYS_pwrite64, "fpnn" },
	{ SYS_readv, "fpi" },
	{ SYS_writev, "fpi" },
	{ SYS_access, "si" },
	{ SYS_pipe, "p" },
	{ SYS_select, "ipppp" },
	{ SYS_mremap, "allma" },
	{ SYS_msync, "ali" },
	{ SYS_mincore, "alp" },
	{ SYS_madvise, "ali" },
	{ SYS_dup2, "ff" },
	{ SYS_nanosleep, "pp" },
	{ SYS_getitimer, "ip" },
	{ SYS_sendfile, "ffpn" },
	{ SYS_socket, "iii" },
	{ SYS_connect, "fpn" },
	{ SYS_accept, "fpp" },
	{ SYS_sendto, "fpnmpn" },
	{ SYS_recvfrom, "fpnmpp" },
	{ SYS_sendmsg, "fpm" },
	{ SYS_recvmsg, "fpm" },
	{ SYS_bind, "fpn" },
	{ SYS_getsockname, "fpp" },
	{ SYS_getpeername, "fpp" },
	{ SYS_socketpair, "iiip" },
	{ SYS_setsockopt, "fiipn" },
	{ SYS_getsockopt, "fiipp" },
	{ SYS_execve, "ppp" },
	{ SYS_wait4, "tpip" },
	{ SYS_uname, "p" },
	{ SYS_shmget, "inm" },
	{ SYS_shmat, "iai" },
	{ SYS_shmctl, "iip" },
	{ SYS_semop, "ipn" },
	{ SYS_semctl, "iiip" },
	{ SYS_msgsnd, "ipnm" },
	{ SYS_msgrcv, "ipnim" },
	{ SYS_msgctl, "iip" },
	{ SYS_fcntl, "fip" },
	{ SYS_truncate, "sn" },
	{ SYS_ftruncate, "fn" },
	{ SYS_getdents, "fpn" },
	{ SYS_getdents64, "fpn" },
	{ SYS_getcwd, "pn" },
	{ SYS_chdir, "s" },
	{ SYS_rename, "ss" },
	{ SYS_mkdir, "sm" },
	{ SYS_rmdir, "s" },
	{ SYS_creat, "sm" },
	{ SYS_link, "ss" },
	{ SYS_unlink, "s" },
	{ SYS_symlink, "ss" },
	{ SYS_readlink, "spn" },
	{ SYS_chmod, "sm" },
	{ SYS_chown, "sii" },
	{ SYS_gettimeofday, "pp" },
	{ SYS_getrlimit, "ip" },
	{ SYS_getrusage, "ip" },
	{ SYS_sysinfo, "p" },
	{ SYS_times, "p" },
	{ SYS_syslog, "ipn" },
	{ SYS_getgroups, "ip" },
	{ SYS_setgroups, "ip" },
	{ SYS_getresuid, "ppp" },
	{ SYS_capget, "pp" },
	{ SYS_capset, "pp" },
	{ SYS_rt_sigpending, "pn" },
	{ SYS_rt_sigtimedwait, "pppn" },
	{ SYS_sigaltstack, "pp" },
	{ SYS_utime, "sp" },
	{ SYS_mknod, "smm" },
	{ SYS_statfs, "sp" },
	{ SYS_fstatfs, "fp" },
	{ SYS_sched_setparam, "tp" },
	{ SYS_sched_getparam, "tp" },
	{ SYS_prctl, "ipppp" },
	{ SYS_arch_prctl, "ip" },
	{ SYS_adjtimex, "p" },
	{ SYS_mount, "sspmp" },
	{ SYS_umount2, "sm" },
	{ SYS_setxattr, "sppni" },
	{ SYS_getxattr, "sppn" },
	{ SYS_listxattr, "spn" },
	{ SYS_futex, "piippi" },
	{ SYS_sched_setaffinity, "tnp" },
	{ SYS_sched_getaffinity, "tnp" },
	{ SYS_io_setup, "ip" },
	{ SYS_io_submit, "pip" },
	{ SYS_io_getevents, "piipp" },
	{ SYS_epoll_wait, "fpii" },
	{ SYS_epoll_ctl, "fifp" },
	{ SYS_epoll_pwait, "fpiipn" },
	{ SYS_set_tid_address, "p" },
	{ SYS_timer_create, "ipp" },
	{ SYS_timer_settime, "iipp" },
	{ SYS_clock_gettime, "ip" },
	{ SYS_clock_settime, "ip" },
	{ SYS_clock_nanosleep, "iipp" },
	{ SYS_utimes, "sp" },
	{ SYS_mq_open, "smip" },
	{ SYS_mq_timedsend, "fpnip" },
	{ SYS_mq_timedreceive, "fpnpp" },
	{ SYS_waitid, "itpip" },
	{ SYS_add_key, "sspni" },
	{ SYS_keyctl, "ippnn" },
	{ SYS_inotify_add_watch, "fsm" },
	{ SYS_openat, "fsmm" },
	{ SYS_mkdirat, "fsm" },
	{ SYS_newfstatat, "fspm" },
	{ SYS_unlinkat, "fsm" },
	{ SYS_renameat, "fsfs" },
	{ SYS_linkat, "fsfsm" },
	{ SYS_readlinkat, "fspn" },
	{ SYS_pselect6, "ippppp" },
	{ SYS_ppoll, "pippn" },
	{ SYS_set_robust_list, "pn" },
	{ SYS_get_robust_list, "tpp" },
	{ SYS_splice, "fpfpnm" },
	{ SYS_tee, "ffnm" },
	{ SYS_vmsplice, "fpim" },
	{ SYS_utimensat, "fspm" },
	{ SYS_signalfd4, "fpnm" },
	{ SYS_timerfd_settime, "fmpp" },
	{ SYS_timerfd_gettime, "fp" },
	{ SYS_fallocate, "finn" },
	{ SYS_eventfd2, "im" },
	{ SYS_preadv, "fpinn" },
	{ SYS_pwritev, "fpinn" },
	{ SYS_recvmmsg, "fpimp" },
	{ SYS_sendmmsg, "fpim" },
	{ SYS_name_to_handle_at, "fsppm" },
	{ SYS_open_by_handle_at, "fpm" },
	{ SYS_process_vm_readv, "tpipii" },
	{ SYS_process_vm_writev, "tpipii" },
	{ SYS_sched_setattr, "tpi" },
	{ SYS_sched_getattr, "tpni" },
	{ SYS_renameat2, "fsfsm" },
	{ SYS_seccomp, "imp" },
	{ SYS_getrandom, "pni" },
	{ SYS_memfd_create, "sm" },
	{ SYS_bpf, "ipn" },
	{ SYS_execveat, "fpppm" },
	{ SYS_copy_file_range, "fpfpnm" },
	{ SYS_preadv2, "fpinnm" },
	{ SYS_pwritev2, "fpinnm" },
	{ SYS_statx, "fsmmp" },
	{ SYS_io_pgetevents, "piippp" },
	{ 425, "ip" }, /* io_uring_setup */
	{ 428, "fsm" }, /* open_tree */
	{ 429, "fsfsm" }, /* move_mount */
	{ 430, "sm" }, /* fsopen */
	{ 431, "fispi" }, /* fsconfig */
	{ 436, "ff" }, /* close_range */
	{ 437, "fspn" }, /* openat2 */
	{ 438, "tfm" }, /* pidfd_getfd */
	{ 440, "fpnim" }, /* process_madvise */
	{ 441, "fpippn" }, /* epoll_pwait2 */
	{ 442, "fsmpn" }, /* mount_setattr */
	{ 449, "pimpi" }, /* futex_waitv */
	{ 451, "fppm" }, /* cachestat */
	{ 457, "ppnm" }, /* statmount */
	{ 458, "ppnm" }, /* listmount */
};

#define KNOWN (sizeof(calls) / sizeof(*calls))

static uint64_t state;

static uint64_t rnd(void)
{
	/* splitmix64: Steele, Lea, Flood, OOPSLA 2014 */
	uint64_t z = state += 0x9e3779b97f4a7c15UL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return z ^ z >> 31;
}

static unsigned long below(unsigned long n)
{
	return rnd() % n;
}

static char *area, *nowhere, *constant;
static unsigned long guarded; /* in the kernel's memory, nobody uses it */
static unsigned char before[256];

static const char *const paths[] = {
	"",	      ".",	   "..",	"/",	      "f/a",
	"f/b",	      "f/dir",	   "f/dir/c",	"f/link",     "f/nothing",
	"f/fifo",     "/dev/null", "/dev/zero", "/dev/full",  "/proc/self/maps",
	"/proc/self", "/dev/tty",  "/sys",	"f/dir/../a",
};

static unsigned long pointer(void)
{
	switch (below(16)) {
	case 0:
		return 0;
	case 1:
		return 1 + below(4096);
	case 2:
		return (unsigned long)area + AREA - below(64);
	case 3:
		return (unsigned long)constant + below(4000);
	case 4:
		return (unsigned long)nowhere + below(4000);
	case 5:
		return guarded + below(200);
	case 6:
		return KERNEL_IMAGE + below(0x500000);
	case 7: /* not below the image: process 1 lives there, unprotected */
		return KERNEL_MEMORY + below(KERNEL_SIZE);
	case 8:
		return (1UL << 47) - below(8192);
	case 9:
		return rnd() | 1UL << 63;
	case 10:
		return -below(8192);
	default:
		return (unsigned long)area + (below(AREA - 8192) & ~7UL);
	}
}

static unsigned long number(void)
{
	static const unsigned long limits[] = {
		0x7fffffff, 0x80000000, 0xffffffff, 1UL << 32,
		1UL << 47,  ~0UL,	1UL << 63,  ~0UL >> 1,
	};

	switch (below(4)) {
	case 0:
		return limits[below(8)];
	case 1:
		return below(1 << 17);
	default:
		return below(300);
	}
}

static unsigned long argument(char kind)
{
	if (kind == '?' || (!below(12) && kind != 'a' && kind != 'l'))
		kind = "fpsnimta"[below(8)];
	switch (kind) {
	case 'f':
		return below(12) ? 3 + below(30) :
				   (unsigned long)(long)(int)rnd();
	case 's':
		return below(6) ? (unsigned long)paths[below(sizeof(paths) /
							     sizeof(*paths))] :
				  pointer();
	case 'n':
		return number();
	case 'l':
		return below(6) ? below(8 << 12) : -below(1UL << 48);
	case 'i':
		return below(6) ? below(64) : number();
	case 'm':
		return below(2) ? 1UL << below(32) | 1UL << below(32) : rnd();
	case 't':
		return below(2) ? 0 :
				  (unsigned long)(long)(int)(rnd() | 1 << 24);
	case 'a':
		return (below(4) ? (unsigned long)area + below(AREA) :
				   pointer()) &
		       (below(8) ? ~4095UL : ~0UL);
	}
	return pointer();
}

static void map(char *at, size_t len, int prot)
{
	if (mmap(at, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) != at)
		_exit(98);
}

/* Structures in the area should look like something: pointers, sizes. */
static void fill_area(void)
{
	unsigned long *words = (unsigned long *)area;

	map(area, AREA, PROT_READ | PROT_WRITE);
	map(nowhere, 4096, PROT_NONE);
	map(constant, 4096, PROT_READ);
	for (int i = 0; i < 64; i++)
		words[below(AREA / 8)] = below(2) ? pointer() : number();
}

static void on_alarm(int sig)
{
	(void)sig;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path), 0;
}

/* Who is to be killed when a call has filled the memory. */
static void oom_order(const char *score)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	(void)!write(fd, score, strlen(score));
	close(fd);
}

/* What an earlier worker left would fill the memory. */
static void open_things(void)
{
	int pair[2];

	unshare(CLONE_NEWIPC | CLONE_NEWNS);
	nftw(TOP, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	mkdir(TOP, 0755);
	mkdir("f/dir", 0755);
	symlink("a", "f/link");
	mkfifo("f/fifo", 0644);
	dup(0);
	open("f/a", O_RDWR | O_CREAT, 0644);
	open("f/b", O_RDWR | O_CREAT | O_NONBLOCK, 0644);
	open("f/dir", O_RDONLY | O_DIRECTORY);
	open(TOP, O_PATH);
	open("/proc/self/maps", O_RDONLY);
	open("/proc/self/mem", O_RDWR);
	open("/proc", O_RDONLY);
	open("/dev/zero", O_RDWR);
	open("/dev/full", O_RDWR);
	open("/dev/null", O_RDWR);
	open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
	pipe(pair);
	pipe2(pair, O_NONBLOCK);
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair);
	socket(AF_INET, SOCK_STREAM, 0);
	socket(AF_INET, SOCK_DGRAM, 0);
	socket(AF_INET6, SOCK_STREAM, 0);
	socket(AF_NETLINK, SOCK_RAW, 0);
	socket(AF_PACKET, SOCK_RAW, 0);
	epoll_create1(0);
	eventfd(1, 0);
	timerfd_create(CLOCK_MONOTONIC, 0);
	inotify_init();
	memfd_create("m", 0);
}

static void find_guarded(void)
{
	static const unsigned char zero[4096];

	for (unsigned long at = KERNEL_MEMORY + KERNEL_SIZE - 4096;
	     at > KERNEL_MEMORY; at -= 4096)
		if (!memcmp((void *)at, zero, 4096)) {
			guarded = at + 2048;
			return;
		}
	exit(3);
}

static bool is_left_out(int nr)
{
	for (size_t i = 0; i < sizeof(left_out) / sizeof(*left_out); i++)
		if (left_out[i].nr == nr)
			return true;
	return false;
}

static const char *kinds_of(int nr)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (calls[i].nr == nr)
			return calls[i].args;
	return "";
}

static void keep_alarm(void)
{
	struct itimerval often = { { 0, 500 }, { 0, 500 } };
	struct sigaction sa = { .sa_handler = on_alarm };
	sigset_t none;

	sigemptyset(&none);
	sigaction(SIGALRM, &sa, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static bool is_untouched(void)
{
	return !memcmp((void *)guarded, before, sizeof(before));
}

static void one_call(bool show)
{
	unsigned long a[6];
	const char *kinds;
	int nr;

	do {
		nr = below(3) ? calls[below(KNOWN)].nr : (int)below(LAST_CALL);
	} while (is_left_out(nr));
	kinds = kinds_of(nr);
	for (int i = 0; i < 6; i++)
		a[i] = argument(*kinds ? *kinds++ : '?');
	if (show)
		dprintf(LOG, "%d(%lx, %lx, %lx, %lx, %lx, %lx)\n", nr, a[0],
			a[1], a[2], a[3], a[4], a[5]);
	syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (!is_untouched()) {
		dprintf(LOG,
			"# call %d(%lx, %lx, %lx, %lx, %lx, %lx) wrote to %lx\n",
			nr, a[0], a[1], a[2], a[3], a[4], a[5], guarded);
		_exit(WROTE);
	}
}

static void guard(void)
{
	find_guarded();
	memcpy(before, (void *)guarded, sizeof(before));
}

static void worker(unsigned long seed, long count, bool show)
{
	state = seed;
	area = mmap(NULL, AREA + SPARE, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	nowhere = area + AREA;
	constant = nowhere + 4096;
	guard();
	oom_order("1000");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	dup2(2, LOG);
	dup2(open("/dev/null", O_RDWR), 1);
	dup2(1, 2);
	open_things();
	for (long i = 0; i < count; i++) {
		if (i % 256 == 0) {
			keep_alarm();
			fill_area();
		}
		one_call(show);
	}
	_exit(0);
}

static pid_t start(unsigned long seed, long count, char *show)
{
	char number[32], many[32];
	char *argv[] = { "fuzz", "worker", number, many, show, NULL };
	pid_t pid;

	snprintf(number, sizeof(number), "%lu", seed);
	snprintf(many, sizeof(many), "%ld", count);
	if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ))
		return -1;
	return pid;
}

static int wait_for(pid_t pid)
{
	struct timespec limit = { .tv_sec = STALL_S };
	int status = 0;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (;;) {
		int found = waitpid(pid, &status, WNOHANG | WUNTRACED);

		if (found == pid && !WIFSTOPPED(status))
			return status;
		if (found == pid || (sigtimedwait(&child, NULL, &limit) < 0 &&
				     errno == EAGAIN)) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return found == pid ? status : -1;
		}
	}
}

int main(int argc, char **argv)
{
	long calls_left, ended = 0, stalled = 0, done = 0;
	unsigned long seed;
	int status, wrote = 0;
	sigset_t all;

	if (argc >= 4 && !strcmp(argv[1], "worker"))
		worker(strtoul(argv[2], NULL, 0), atol(argv[3]), argc > 4);
	if (argc == 2 && !strcmp(argv[1], "write")) {
		guard();
		*(volatile char *)guarded = 1; /* what the check is to see */
		return is_untouched() ? 1 : WROTE;
	}
	if (argc < 3)
		return 2;
	calls_left = atol(argv[1]);
	seed = strtoul(argv[2], NULL, 0);
	oom_order("-1000");
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (; calls_left > 0; calls_left -= BATCH, seed++, done++) {
		pid_t pid = start(seed, calls_left < BATCH ? calls_left : BATCH,
				  argc > 3 ? argv[3] : NULL);

		if (pid < 0) {
			printf("cannot start a worker: %s\n", strerror(errno));
			return 1;
		}
		status = wait_for(pid);
		stalled += status == -1;
		ended += status > 0 && WIFSIGNALED(status);
		wrote += status > 0 && WIFEXITED(status) &&
			 WEXITSTATUS(status) == WROTE;
		if (status)
			printf("# seed %lu: status %#x\n", seed, status);
	}
	printf("%ld workers, %ld ended by a signal, %ld stalled, %d wrote to the kernel\n",
	       done, ended, stalled, wrote);
	return wrote != 0;
}
