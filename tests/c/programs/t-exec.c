// SPDX-License-Identifier: GPL-2.0-only
/*
 * t-exec: execve(2) and its refusals, processes and their ends. The program is
 * its own child: `t-exec child WORD ...`.
 */
#define _GNU_SOURCE
#include "tap.h"

#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SELF "/proc/self/exe"

static int status_of(pid_t pid)
{
	int status = -1;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The errno of executing @path, or 0 and the status it ended with. */
static int run(const char *path, char **argv, char **envp, int *status)
{
	volatile int error = 0;
	pid_t pid = vfork();

	if (!pid) {
		execve(path, argv, envp);
		error = errno;
		_exit(99);
	}
	*status = status_of(pid);
	return error;
}

static int error_of(const char *path)
{
	char *argv[] = { "t-exec", "child", "status", "7", NULL };
	int status, error = run(path, argv, environ, &status);

	return error ? error : -status;
}

static void put(const char *name, const char *text, size_t len, int mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len || fchmod(fd, mode))
		tap_ok(false, "file %s", name);
	close(fd);
}

static void refusals(void)
{
	static char zeros[8192];
	int fd;

	EQ(error_of(SELF), -7);
	EQ(error_of("/no/such"), ENOENT);
	EQ(error_of(""), ENOENT);
	EQ(error_of("/"), EACCES);
	EQ(error_of((char *)1), EFAULT);
	put("e", zeros, 0, 0755);
	EQ(error_of("./e"), ENOEXEC);
	put("e", zeros, sizeof(zeros), 0755);
	EQ(error_of("./e"), ENOEXEC);
	put("e", "\177ELF", 4, 0755);
	EQ(error_of("./e"), ENOEXEC);
	put("e", "#!/no/such\n", 11, 0755);
	EQ(error_of("./e"), ENOENT);
	put("e", "#!./e\n", 6, 0755);
	EQ(error_of("./e"), ELOOP);
	put("e", "plain text\n", 11, 0755);
	EQ(error_of("./e"), ENOEXEC);
	put("e", "#!" SELF "\n", strlen("#!" SELF "\n"), 0644);
	EQ(error_of("./e"), EACCES);
	EQ(error_of("./e/e"), ENOTDIR);
	put("e", "#!" SELF "\n", strlen("#!" SELF "\n"), 0755);
	fd = open("./e", O_WRONLY);
	EQ(error_of("./e"), ETXTBSY);
	close(fd);
	unlink("e");
}

/* "#!PROGRAM ARGUMENT" gives PROGRAM ARGUMENT SCRIPT ARGS. */
static void scripts(void)
{
	char *argv[] = { "x", "one", NULL };
	char text[256];
	int status = -1, n;

	n = snprintf(text, sizeof(text), "#! %s child script\n", SELF);
	put("s", text, n, 0755);
	EQ(run("./s", argv, environ, &status), 0);
	EQ(status, 2); /* one argument: "child script" */
	n = snprintf(text, sizeof(text), "#!%s child-script\n", SELF);
	put("s", text, n, 0755);
	EQ(run("./s", argv, environ, &status), 0);
	EQ(status, 23);
	unlink("s");
}

/* Arguments and environment: how much there may be. */
static void sizes(void)
{
	static char *argv[600], *envp[600];
	char *big = malloc(128 << 10);
	int status = -1;

	memset(big, 'a', (128 << 10) - 1);
	big[(128 << 10) - 1] = 0;
	argv[0] = "t-exec";
	argv[1] = "child";
	argv[2] = "count";
	for (int i = 3; i < 3 + 14; i++)
		argv[i] = big;
	EQ(run(SELF, argv, envp, &status), 0);
	EQ(status, 17); /* 14 times 128 KiB fit in 2 MiB */
	for (int i = 3; i < 3 + 100; i++)
		argv[i] = big;
	EQ(run(SELF, argv, envp, &status), E2BIG);
	argv[3] = NULL;
	for (int i = 0; i < 100; i++)
		envp[i] = big;
	EQ(run(SELF, argv, envp, &status), E2BIG);
	envp[0] = NULL;
	for (int i = 3; i < 500; i++)
		argv[i] = i % 2 ? "" : "word";
	argv[200] = NULL;
	EQ(run(SELF, argv, envp, &status), 0);
	EQ(status, 200);
	argv[3] = (char *)1;
	EQ(run(SELF, argv, envp, &status), EFAULT);
	EQ(run(SELF, (char **)1, envp, &status), EFAULT);
	EQ(run(SELF, argv, (char **)1, &status), EFAULT);
}

static void *exec_from_thread(void *arg)
{
	char *argv[] = { "t-exec", "child", "alone", NULL };

	(void)arg;
	execv(SELF, argv);
	_exit(98);
}

static void *wait_forever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void *spin_forever(void *arg)
{
	for (;;)
		__asm__ volatile("pause");
	return arg;
}

/* In a child: a thread executes while others wait and compute. */
static _Noreturn void threaded(void)
{
	pthread_t t;

	for (int i = 0; i < 4; i++) {
		pthread_create(&t, NULL, wait_forever, NULL);
		pthread_create(&t, NULL, spin_forever, NULL);
	}
	pthread_create(&t, NULL, exec_from_thread, NULL);
	for (;;)
		pause();
}

/* A whole process dies with one of its threads. */
static void *fault(void *arg)
{
	usleep(1000);
	*(volatile int *)0 = 1;
	return arg;
}

static _Noreturn void dying(void)
{
	pthread_t t;

	pthread_create(&t, NULL, spin_forever, NULL);
	pthread_create(&t, NULL, wait_forever, NULL);
	pthread_create(&t, NULL, fault, NULL);
	for (;;)
		pause();
}

static int count_threads(void)
{
	char text[4096] = "", *at;
	int fd = open("/proc/self/status", O_RDONLY);

	if (read(fd, text, sizeof(text) - 1) < 0)
		return -1;
	close(fd);
	at = strstr(text, "Threads:");
	return at ? atoi(at + 8) : -1;
}

static pid_t spawn(const char *word)
{
	char *argv[] = { "t-exec", "child", (char *)word, NULL };
	pid_t pid;

	return posix_spawn(&pid, SELF, NULL, NULL, argv, environ) ? -1 : pid;
}

static void threads(void)
{
	pid_t other = spawn("wait");
	int status;

	EQ(status_of(spawn("threaded")), 5);
	EQ(status_of(spawn("dying")), 128 + SIGSEGV);
	OK(!kill(other, 0)); /* nobody else is hurt */
	kill(other, SIGTERM);
	EQ(waitpid(other, &status, 0), other);
	OK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void usage(void)
{
	struct rusage ru;
	pid_t pid = spawn("work");
	int status;

	memset(&ru, 0xff, sizeof(ru));
	EQ(wait4(pid, &status, 0, &ru), pid);
	EQ(status, 0);
	OK(ru.ru_utime.tv_sec >= 0 && ru.ru_utime.tv_sec < 100);
	OK(ru.ru_utime.tv_sec || ru.ru_utime.tv_usec || ru.ru_stime.tv_usec);
	FAILS(wait4(pid, &status, 0, NULL), ECHILD);
	FAILS(waitpid(-1, &status, WNOHANG), ECHILD);
}

static void stopping(void)
{
	pid_t pid = spawn("wait");
	siginfo_t info;
	int status = 0;

	EQ(waitpid(pid, &status, WNOHANG), 0);
	OK(!kill(pid, SIGSTOP));
	EQ(waitpid(pid, &status, WUNTRACED), pid);
	OK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	OK(!kill(pid, SIGCONT));
	EQ(waitpid(pid, &status, WCONTINUED), pid);
	OK(WIFCONTINUED(status));
	OK(!kill(pid, SIGSTOP));
	OK(!waitid(P_PID, pid, &info, WSTOPPED));
	EQ(info.si_code, CLD_STOPPED);
	OK(!kill(pid, SIGKILL)); /* that works while it is stopped */
	OK(!waitid(P_PID, pid, &info, WEXITED));
	EQ(info.si_code, CLD_KILLED);
	EQ(info.si_status, SIGKILL);
}

static void orphans(void)
{
	int fd[2];
	pid_t parent = -1;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	OK(!pipe(fd));
	EQ(status_of(spawn("parent")), 0); /* leaves a child behind */
	OK((parent = waitpid(-1, NULL, 0)) > 0); /* which comes to us */
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	close(fd[0]);
	close(fd[1]);
}

static void vectors(void)
{
	OK(getauxval(AT_PHDR));
	EQ(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
	OK(getauxval(AT_PHNUM) > 2);
	EQ(getauxval(AT_PAGESZ), 4096);
	EQ(getauxval(AT_CLKTCK), 100);
	OK(getauxval(AT_ENTRY));
	EQ(getauxval(AT_UID), getuid());
	EQ(getauxval(AT_EGID), getegid());
	EQ(getauxval(AT_SECURE), 0);
	OK(getauxval(AT_RANDOM));
	OK(getauxval(AT_HWCAP));
	OK(!strcmp((char *)getauxval(AT_PLATFORM), "x86_64"));
	OK(strlen((char *)getauxval(AT_EXECFN)) > 0);
	OK(getauxval(AT_SYSINFO_EHDR));
	OK(!memcmp((char *)getauxval(AT_SYSINFO_EHDR), ELFMAG, SELFMAG));
}

/* What fork(2) is here: either it works or it says so. */
static void forking(void)
{
	pid_t pid = syscall(SYS_fork);

	if (!pid)
		_exit(3);
	if (pid < 0)
		EQ(errno, ENOSYS);
	else
		EQ(status_of(pid), 3);
	pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (!pid)
		_exit(4);
	if (pid < 0)
		EQ(errno, ENOSYS);
	else
		EQ(status_of(pid), 4);
}

static void clones(void)
{
	static char stack[4096];
	char *top = stack + sizeof(stack);

	FAILS(syscall(SYS_clone, CLONE_THREAD, top, 0, 0, 0), EINVAL);
	FAILS(syscall(SYS_clone, CLONE_SIGHAND, top, 0, 0, 0), EINVAL);
	FAILS(syscall(SYS_clone3, NULL, 0), EINVAL);
	FAILS(syscall(SYS_clone3, (void *)1, 64), EFAULT);
	FAILS(syscall(SYS_clone3, NULL, 1 << 20), E2BIG);
}

static int child(int argc, char **argv)
{
	const char *word = argv[2];
	pid_t pid;

	if (!strcmp(word, "status"))
		return atoi(argv[3]);
	if (!strcmp(word, "count"))
		return argc;
	if (!strcmp(word, "alone"))
		return count_threads() == 1 ? 5 : 6;
	if (!strcmp(word, "threaded"))
		threaded();
	if (!strcmp(word, "dying"))
		dying();
	if (!strcmp(word, "wait"))
		for (;;)
			pause();
	if (!strcmp(word, "work"))
		for (volatile long i = 0; i < 30000000; i++)
			;
	if (!strcmp(word, "parent")) {
		pid = spawn("short");
		return pid < 0;
	}
	if (!strcmp(word, "short"))
		usleep(10000);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "child"))
		return child(argc, argv);
	if (argc == 4 && !strcmp(argv[1], "child-script"))
		return !strcmp(argv[2], "./s") && !strcmp(argv[3], "one") ? 23 :
									    24;
	if (argc > 1 && !strcmp(argv[1], "child script"))
		return 2;
	vectors();
	refusals();
	scripts();
	sizes();
	forking();
	clones();
	threads();
	usage();
	stopping();
	orphans();
	return tap_done();
}
