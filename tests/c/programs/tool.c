// SPDX-License-Identifier: GPL-2.0-only
/*
 * tool WORD [ARGUMENT]: small things that the tests of ukrun have done inside.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static char buffer[64 << 10];

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0)
			return -1;
		text += n;
		len -= n;
	}
	return 0;
}

/* Standard input to standard output. */
static int cat(const char *arg)
{
	ssize_t n;

	(void)arg;
	while ((n = read(0, buffer, sizeof(buffer))) > 0)
		if (write_all(1, buffer, n))
			return 1;
	return n < 0;
}

/* Write that many octets. */
static int octets(const char *arg)
{
	unsigned long left = strtoul(arg, NULL, 0);

	memset(buffer, 'y', sizeof(buffer));
	while (left) {
		size_t len = left < sizeof(buffer) ? left : sizeof(buffer);

		if (write_all(1, buffer, len))
			return errno == EPIPE ? 3 : 1;
		left -= len;
	}
	return 0;
}

/* As above, and say with which error it ended. */
static int epipe(const char *arg)
{
	(void)arg;
	signal(SIGPIPE, SIG_IGN);
	return octets("1000000000");
}

static int wc(const char *arg)
{
	unsigned long sum = 0;
	ssize_t n;

	(void)arg;
	while ((n = read(0, buffer, sizeof(buffer))) > 0)
		sum += n;
	printf("%lu\n", sum);
	return n < 0;
}

/* What the first descriptors are. */
static int fds(const char *arg)
{
	struct stat st;

	(void)arg;
	for (int fd = 0; fd < 3; fd++) {
		const char *what = "closed";

		if (fcntl(fd, F_GETFD) >= 0 && fcntl(fd, F_GETFL) & O_PATH)
			what = "path";
		else if (!fstat(fd, &st))
			what = S_ISREG(st.st_mode)  ? "file" :
			       S_ISFIFO(st.st_mode) ? "pipe" :
			       S_ISSOCK(st.st_mode) ? "socket" :
			       S_ISCHR(st.st_mode)  ? "device" :
						      "other";
		/* where standard output is not the thing to write to */
		dprintf(arg ? atoi(arg) : 1, "%d %s\n", fd, what);
	}
	return 0;
}

static int seek(const char *arg)
{
	(void)arg;
	printf("%ld\n", (long)lseek(0, 5, SEEK_SET));
	return cat(NULL);
}

static void *spin(void *arg)
{
	(void)arg;
	for (volatile unsigned long i = 0;; i++)
		;
	return NULL;
}

/* One thread computes, the other waits for input. */
static int starve(const char *arg)
{
	pthread_t thread;

	(void)arg;
	pthread_create(&thread, NULL, spin, NULL);
	_exit(cat(NULL));
}

/* The same with system calls. */
static void *spin_in_kernel(void *arg)
{
	(void)arg;
	for (;;)
		getppid();
	return NULL;
}

static int starve_calls(const char *arg)
{
	pthread_t thread;

	(void)arg;
	pthread_create(&thread, NULL, spin_in_kernel, NULL);
	_exit(cat(NULL));
}

static int compute(const char *arg)
{
	(void)arg;
	write(1, "ready\n", 6);
	spin(NULL);
	return 0;
}

static int compute_calls(const char *arg)
{
	(void)arg;
	write(1, "ready\n", 6);
	spin_in_kernel(NULL);
	return 0;
}

static int alarmed(const char *arg)
{
	(void)arg;
	alarm(1);
	spin(NULL);
	return 0;
}

/* Two tasks compute for a second; each gets its share. */
static volatile unsigned long turns[2];

static void *count_turns(void *which)
{
	for (;;)
		turns[(long)which]++;
	return which;
}

static int two_compute(const char *arg)
{
	pthread_t thread[2];

	(void)arg;
	for (long i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, count_turns, (void *)i);
	sleep(1);
	_exit(turns[0] / 4 > turns[1] || turns[1] / 4 > turns[0]);
}

static int sleeping(const char *arg)
{
	write(1, "ready\n", 6);
	sleep(arg ? atoi(arg) : 1000);
	return 0;
}

/* Say which signals come; SIGTERM is the last. */
static int signals(const char *arg)
{
	sigset_t all;
	int sig;

	(void)arg;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	dprintf(1, "ready\n");
	do {
		sigwait(&all, &sig);
		dprintf(1, "%d\n", sig);
	} while (sig != SIGTERM);
	return 0;
}

static void say_size(void)
{
	struct winsize w = { 0 };

	ioctl(0, TIOCGWINSZ, &w);
	dprintf(1, "size %dx%d\n", w.ws_col, w.ws_row);
}

static void on_winch(int sig)
{
	(void)sig;
	say_size();
}

/* On a terminal: its size, each time it changes; what is typed, by line. */
static int terminal(const char *arg)
{
	struct sigaction sa = { .sa_handler = on_winch,
				.sa_flags = SA_RESTART };
	struct termios t;

	(void)arg;
	sigaction(SIGWINCH, &sa, NULL);
	dprintf(1, "tty %d %d %d %s\n", isatty(0), isatty(1), isatty(2),
		ttyname(0) ? ttyname(0) : "none");
	dprintf(1, "canonical %d\n",
		!tcgetattr(0, &t) && (t.c_lflag & ICANON) != 0);
	dprintf(1, "leader %d foreground %d\n", getsid(0) == getpid(),
		tcgetpgrp(0) == getpgrp());
	say_size();
	return cat(NULL);
}

/* On a terminal that passes all on: write a lot, read nothing. */
static int deaf(const char *arg)
{
	struct termios t;

	tcgetattr(0, &t);
	cfmakeraw(&t);
	tcsetattr(0, TCSANOW, &t);
	write(1, "ready\n", 6);
	sleep(1);
	return octets(arg);
}

/* Give the terminal back and go on. */
static int detached(const char *arg)
{
	(void)arg;
	write(1, "ready\n", 6);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	sleep(1);
	return 6;
}

/* As a shell has it: a child in a group of its own computes on the terminal. */
static int job(const char *arg)
{
	char *argv[] = { "tool", "compute", NULL };
	posix_spawnattr_t attr;
	int status = 0;
	pid_t pid;

	(void)arg;
	signal(SIGTTOU, SIG_IGN);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
	if (posix_spawn(&pid, "/proc/self/exe", NULL, &attr, argv, environ) ||
	    tcsetpgrp(0, pid))
		return 1;
	waitpid(pid, &status, WUNTRACED);
	tcsetpgrp(0, getpgrp());
	if (WIFSTOPPED(status)) {
		printf("stopped %d\n", WSTOPSIG(status));
		kill(-pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	printf("ended %d\n", WTERMSIG(status));
	return 0;
}

static int ls(const char *arg)
{
	DIR *dir = opendir(arg);
	struct dirent *d;

	if (!dir) {
		perror(arg);
		return 1;
	}
	while ((d = readdir(dir)))
		if (d->d_name[0] != '.')
			printf("%s\n", d->d_name);
	return 0;
}

static int show(const char *arg)
{
	int fd = open(arg, O_RDONLY);
	ssize_t n;

	if (fd < 0) {
		perror(arg);
		return 1;
	}
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		if (write_all(1, buffer, n))
			return 1;
	return n < 0;
}

static int create(const char *arg)
{
	int fd = open(arg, O_WRONLY | O_CREAT | O_EXCL, 0644);

	if (fd < 0) {
		perror(arg);
		return 1;
	}
	return write_all(fd, "made\n", 5) ? 1 : 0;
}

static int append(const char *arg)
{
	int fd = open(arg, O_WRONLY | O_CREAT | O_APPEND, 0644);

	return fd < 0 || write_all(fd, "more\n", 5) ||
	       (fsync(fd) && errno != EINVAL) || close(fd);
}

/* What a file is, without what its file system decides. */
static int show_stat(const char *arg)
{
	struct stat st;

	if (lstat(arg, &st)) {
		perror(arg);
		return 1;
	}
	printf("%o %d:%d %ld links %ld device %lx time %ld\n", st.st_mode,
	       st.st_uid, st.st_gid, (long)st.st_size, (long)st.st_nlink,
	       (long)st.st_rdev, (long)st.st_mtime);
	return 0;
}

/* A server on that port of all addresses, one connection after the other. */
static int echo(const char *arg)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6,
				   .sin6_port = htons(atoi(arg)) };
	int fd = socket(AF_INET6, SOCK_STREAM, 0), one = 1, to;
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 5)) {
		perror("echo");
		return 1;
	}
	write(1, "ready\n", 6);
	while ((to = accept(fd, NULL, NULL)) >= 0) {
		while ((n = read(to, buffer, sizeof(buffer))) > 0)
			if (write_all(to, buffer, n))
				break;
		close(to);
	}
	return 1;
}

static int echo_busy(const char *arg)
{
	pthread_t thread;

	pthread_create(&thread, NULL, spin, NULL);
	return echo(arg);
}

static bool reaches(int family, const void *address, socklen_t len)
{
	struct sockaddr_storage at;
	int listener = socket(family, SOCK_STREAM, 0);
	int fd = socket(family, SOCK_STREAM, 0);
	bool good;

	memcpy(&at, address, len);
	good = !bind(listener, (struct sockaddr *)&at, len) &&
	       !listen(listener, 1) &&
	       !getsockname(listener, (struct sockaddr *)&at, &len) &&
	       !connect(fd, (struct sockaddr *)&at, len);
	close(fd);
	close(listener);
	return good;
}

static int loopback(const char *arg)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };

	(void)arg;
	printf("%s %s\n",
	       reaches(AF_INET, &in, sizeof(in)) ? "127.0.0.1" : "none",
	       reaches(AF_INET6, &in6, sizeof(in6)) ? "::1" : "none");
	return 0;
}

static int env(const char *arg)
{
	(void)arg;
	for (char **e = environ; *e; e++)
		puts(*e);
	return 0;
}

static int ids(const char *arg)
{
	char cwd[4096] = "", host[256] = "";

	(void)arg;
	printf("uid %d %d gid %d %d groups %d\n", getuid(), geteuid(), getgid(),
	       getegid(), getgroups(0, NULL));
	getcwd(cwd, sizeof(cwd));
	gethostname(host, sizeof(host));
	printf("pid %d ppid %d cwd %s host %s\n", getpid(), getppid(), cwd,
	       host);
	return 0;
}

static pid_t fixed_program(int *error)
{
	char *argv[] = { "tool-fixed", "sleeping", NULL };
	pid_t pid;

	*error =
		posix_spawn(&pid, "/bin/tool-fixed", NULL, NULL, argv, environ);
	return pid;
}

/* Programs with fixed addresses: one at a time, the next when that is gone. */
static int fixed(const char *arg)
{
	int error;
	pid_t pid = fixed_program(&error);

	(void)arg;
	printf("first: %s\n", strerror(error));
	fixed_program(&error);
	printf("second: %s\n", strerror(error));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	pid = fixed_program(&error);
	printf("third: %s\n", strerror(error));
	kill(pid, SIGKILL);
	return 0;
}

/* One that takes its own place, which is its own addresses. */
static int again(const char *arg)
{
	char left[16];
	char *argv[] = { "tool", "again", left, NULL };

	snprintf(left, sizeof(left), "%d", atoi(arg) - 1);
	if (atoi(arg) > 0)
		execv("/proc/self/exe", argv);
	return atoi(arg) ? 1 : 12;
}

/* An orphan that outlives its parent must not keep the machine. */
static int orphan(const char *arg)
{
	char *argv[] = { "tool", "sleeping", NULL };
	pid_t pid;

	(void)arg;
	return posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ) ?
		       1 :
		       7;
}

/* One that writes without end. */
static int writer(const char *arg)
{
	int fd = open(arg, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	for (;;)
		if (pwrite(fd, buffer, 4096, 0) < 0)
			return 1;
}

static int orphan_writer(const char *arg)
{
	char *argv[] = { "tool", "writer", (char *)arg, NULL };
	pid_t pid;

	return posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ) ||
	       usleep(50000);
}

static const struct {
	const char *word;
	int (*act)(const char *arg);
} words[] = {
	{ "cat", cat },
	{ "octets", octets },
	{ "epipe", epipe },
	{ "wc", wc },
	{ "fds", fds },
	{ "seek", seek },
	{ "starve", starve },
	{ "starve-calls", starve_calls },
	{ "compute", compute },
	{ "compute-calls", compute_calls },
	{ "alarmed", alarmed },
	{ "two-compute", two_compute },
	{ "sleeping", sleeping },
	{ "signals", signals },
	{ "terminal", terminal },
	{ "job", job },
	{ "deaf", deaf },
	{ "detached", detached },
	{ "ls", ls },
	{ "show", show },
	{ "create", create },
	{ "stat", show_stat },
	{ "echo", echo },
	{ "echo-busy", echo_busy },
	{ "loopback", loopback },
	{ "append", append },
	{ "env", env },
	{ "ids", ids },
	{ "orphan", orphan },
	{ "writer", writer },
	{ "orphan-writer", orphan_writer },
	{ "fixed", fixed },
	{ "again", again },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(argv[1], words[i].word))
			return words[i].act(argc > 2 ? argv[2] : NULL);
	fprintf(stderr, "tool: no such word\n");
	return 2;
}
