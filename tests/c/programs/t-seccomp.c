// SPDX-License-Identifier: GPL-2.0-only
/*
 * t-seccomp: seccomp(2). A filter stays for good, so each is a thread's or a
 * child's. The program is its own child: `t-seccomp child WORD`.
 */
#define _GNU_SOURCE
#include "tap.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define SELF "/proc/self/exe"
#define ODD_ERROR 77

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define UNLESS(value, skip) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))

static long install(struct sock_filter *code, size_t size, unsigned int flags)
{
	struct sock_fprog all = { size / sizeof(*code), code };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &all);
}

/* @action for the call @nr, all others allowed. */
static long filter_flags(unsigned int nr, unsigned int action,
			 unsigned int flags)
{
	struct sock_filter code[] = { LOAD(nr), UNLESS(nr, 1), RETURN(action),
				      RETURN(SECCOMP_RET_ALLOW) };

	return install(code, sizeof(code), flags);
}

static long filter(unsigned int nr, unsigned int action)
{
	return filter_flags(nr, action, 0);
}

static void in_thread(void *(*what)(void *))
{
	pthread_t thread;

	OK(!pthread_create(&thread, NULL, what, NULL));
	pthread_join(thread, NULL);
}

static int status_of(pid_t pid)
{
	int status = -1;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(char *word)
{
	char *argv[] = { "t-seccomp", "child", word, NULL };
	pid_t pid = vfork();

	if (!pid) {
		execv(SELF, argv);
		_exit(99);
	}
	return status_of(pid);
}

static void *answer(void *arg)
{
	*(long *)arg = syscall(SYS_getppid) < 0 ? errno : 0;
	return NULL;
}

static void *errors(void *arg)
{
	pthread_t thread;
	long got;

	EQ(filter(SYS_getppid, SECCOMP_RET_ERRNO | ODD_ERROR), 0);
	FAILS(syscall(SYS_getppid), ODD_ERROR);
	EQ(getpid() > 0, 1);
	EQ(prctl(PR_GET_SECCOMP), SECCOMP_MODE_FILTER);
	/* Threads and programs that it starts have the filter as well. */
	pthread_create(&thread, NULL, answer, &got);
	pthread_join(thread, NULL);
	EQ(got, ODD_ERROR);
	EQ(run("ppid"), ODD_ERROR);
	/* Of two filters the harder answer counts: an error, not the permission. */
	EQ(filter(SYS_getppid, SECCOMP_RET_ALLOW), 0);
	FAILS(syscall(SYS_getppid), ODD_ERROR);
	return arg;
}

static void *arguments(void *arg)
{
	struct sock_filter code[] = {
		LOAD(arch),
		UNLESS(AUDIT_ARCH_X86_64, 5),
		LOAD(nr),
		UNLESS(SYS_dup2, 3),
		LOAD(args[1]),
		UNLESS(500, 1),
		RETURN(SECCOMP_RET_ERRNO | ODD_ERROR),
		RETURN(SECCOMP_RET_ALLOW),
	};

	EQ(install(code, sizeof(code), 0), 0);
	FAILS(syscall(SYS_dup2, 0, 500), ODD_ERROR);
	EQ(syscall(SYS_dup2, 0, 501), 501);
	close(501);
	return arg;
}

static volatile siginfo_t seen;

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	memcpy((void *)&seen, info, sizeof(seen));
	uc->uc_mcontext.gregs[REG_RAX] = 1234;
}

static void *trap(void *arg)
{
	struct sigaction act = { .sa_sigaction = on_sigsys,
				 .sa_flags = SA_SIGINFO };

	sigaction(SIGSYS, &act, NULL);
	EQ(filter(SYS_getppid, SECCOMP_RET_TRAP | 99), 0);
	EQ(syscall(SYS_getppid), 1234);
	EQ(seen.si_signo, SIGSYS);
	EQ(seen.si_code, 1 /* SYS_SECCOMP */);
	EQ(seen.si_errno, 99);
	EQ(seen.si_syscall, SYS_getppid);
	EQ(seen.si_arch, AUDIT_ARCH_X86_64);
	OK(seen.si_call_addr);
	signal(SIGSYS, SIG_DFL);
	return arg;
}

/* One thread asks, and another one, this one, answers in the kernel's place. */
static void *asker(void *arg)
{
	int *listener = arg;

	*listener = filter_flags(SYS_getppid, SECCOMP_RET_USER_NOTIF,
				 SECCOMP_FILTER_FLAG_NEW_LISTENER);
	return (void *)(*listener < 0 ? -1L : syscall(SYS_getppid));
}

static void notified(void)
{
	struct seccomp_notif_resp response = { .val = 4321 };
	struct seccomp_notif request = { 0 };
	volatile int listener = -2;
	pthread_t thread;
	void *got;

	pthread_create(&thread, NULL, asker, (void *)&listener);
	while (listener == -2)
		usleep(1000);
	if (!OK(listener >= 0))
		return;
	EQ(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request), 0);
	EQ(request.data.nr, SYS_getppid);
	response.id = request.id;
	EQ(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response), 0);
	pthread_join(thread, &got);
	EQ(got, 4321);
	close(listener);
}

/* What a child ends with whose call of getppid is answered so. */
static int ended_by(unsigned int action)
{
	pid_t pid = vfork();

	if (!pid) {
		if (filter(SYS_getppid, action))
			_exit(98);
		syscall(SYS_getppid);
		_exit(3);
	}
	return status_of(pid);
}

static int strict(long nr)
{
	pid_t pid = vfork();

	if (!pid) {
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
			_exit(98);
		syscall(SYS_write, 1, "", 0);
		syscall(nr, 5);
		syscall(SYS_exit, 6);
	}
	return status_of(pid);
}

static void ends(void)
{
	EQ(ended_by(SECCOMP_RET_KILL_PROCESS), 128 + SIGSYS);
	EQ(ended_by(SECCOMP_RET_KILL_THREAD), 128 + SIGSYS);
	EQ(ended_by(SECCOMP_RET_TRAP), 128 + SIGSYS);
	EQ(ended_by(SECCOMP_RET_LOG), 3);
	EQ(strict(SYS_exit), 5);
	EQ(strict(SYS_getppid), 128 + SIGKILL);
	/* And whoever is not filtered goes on. */
	EQ(prctl(PR_GET_SECCOMP), SECCOMP_MODE_DISABLED);
	EQ(syscall(SYS_getppid), getppid());
}

static void refusals(void)
{
	struct sock_filter endless[] = { BPF_STMT(BPF_JMP | BPF_JA, -1U) };
	struct sock_filter foreign[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						  4096),
					 RETURN(SECCOMP_RET_ALLOW) };
	unsigned int action = SECCOMP_RET_TRAP, none = 0x12340000;

	FAILS(install(endless, sizeof(endless), 0), EINVAL);
	FAILS(install(foreign, sizeof(foreign), 0), EINVAL);
	FAILS(install(foreign, 0, 0), EINVAL);
	FAILS(filter_flags(SYS_getppid, SECCOMP_RET_ALLOW, 1U << 30), EINVAL);
	FAILS(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL), EFAULT);
	FAILS(syscall(SYS_seccomp, 4711, 0, NULL), EINVAL);
	EQ(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action), 0);
	FAILS(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &none),
	      EOPNOTSUPP);
}

static void *wait_then_ask(void *arg)
{
	volatile int *go = arg;

	while (!*go)
		usleep(1000);
	return (void *)(syscall(SYS_getppid) < 0 ? (long)errno : 0L);
}

/* All threads at once. */
static int synchronised(void)
{
	volatile int go = 0;
	pthread_t thread;
	void *got;

	pthread_create(&thread, NULL, wait_then_ask, (void *)&go);
	if (filter_flags(SYS_getppid, SECCOMP_RET_ERRNO | ODD_ERROR,
			 SECCOMP_FILTER_FLAG_TSYNC))
		return 98;
	go = 1;
	pthread_join(thread, &got);
	return (long)got;
}

static int child(const char *word)
{
	if (!strcmp(word, "ppid"))
		return syscall(SYS_getppid) < 0 ? errno : 0;
	if (!strcmp(word, "synchronised"))
		return synchronised();
	return 97;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "child"))
		return child(argv[2]);
	EQ(prctl(PR_GET_SECCOMP), SECCOMP_MODE_DISABLED);
	EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	in_thread(errors);
	in_thread(arguments);
	in_thread(trap);
	notified();
	ends();
	refusals();
	EQ(run("synchronised"), ODD_ERROR);
	return tap_done();
}
