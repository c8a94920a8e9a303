// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starting programs: vfork, posix_spawn, system, popen; and what they leave alone.
 * fork(2) either works or says ENOSYS; the library does not emulate it.
 */
#define _GNU_SOURCE
#include "tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD "/bin/child"

extern char **environ;

static int status_of(pid_t pid)
{
	int status = -1;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The child's frames lie over the parent's, which must not notice. */
static __attribute__((noinline)) void overwrite(int depth)
{
	volatile char frame[256];

	memset((char *)frame, depth, sizeof(frame));
	if (depth)
		overwrite(depth - 1);
}

static volatile int shared;

static pid_t child_of_vfork(void)
{
	pid_t pid = vfork();

	if (!pid) {
		overwrite(20);
		_exit(++shared);
	}
	return pid;
}

static void vforking(void)
{
	pid_t pid;

	for (int i = 1; i <= 50; i++)
		if (status_of(child_of_vfork()) != i)
			tap_ok(false, "vfork and _exit, round %d", i);
	EQ(shared, 50); /* the child's memory is the parent's */
	pid = vfork();
	if (!pid) {
		execl(CHILD, "child", "exit", "23", NULL);
		_exit(127);
	}
	EQ(status_of(pid), 23);
	pid = vfork();
	if (!pid) {
		execl("/no/such/program", "none", NULL);
		_exit(errno == ENOENT ? 45 : 46);
	}
	EQ(status_of(pid), 45);
	pid = vfork();
	if (!pid) {
		kill(getpid(), SIGKILL); /* raise() knows the parent only */
		_exit(0);
	}
	EQ(status_of(pid), 128 + SIGKILL);
	FAILS(waitpid(-1, NULL, 0), ECHILD);
}

static void forking(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(3);
	if (pid < 0)
		EQ(errno, ENOSYS);
	else
		EQ(status_of(pid), 3);
}

/* Spawn `child WHAT TEXT`; its status. */
static int spawn(const char *what, const char *text,
		 const posix_spawn_file_actions_t *files,
		 const posix_spawnattr_t *attr)
{
	char *words[] = { "child", (char *)what, (char *)text, NULL };
	pid_t pid = -1;
	int error = posix_spawn(&pid, CHILD, files, attr, words, environ);

	return error ? 1000 + error : status_of(pid);
}

/* The same, with its standard output. */
static const char *output_of(const char *what, const char *text,
			     posix_spawn_file_actions_t *files)
{
	static char text_read[256];
	int ends[2];
	ssize_t n;

	if (pipe2(ends, O_CLOEXEC))
		return "no pipe";
	posix_spawn_file_actions_adddup2(files, ends[1], 1);
	spawn(what, text, files, NULL);
	close(ends[1]);
	n = read(ends[0], text_read, sizeof(text_read) - 1);
	text_read[n > 0 ? n - 1 : 0] = '\0'; /* without the newline */
	close(ends[0]);
	return text_read;
}

static void spawning(void)
{
	posix_spawn_file_actions_t files;
	char *words[] = { "none", NULL };
	pid_t pid = 77;

	EQ(spawn("exit", "11", NULL, NULL), 11);
	EQ(posix_spawn(&pid, "/no/such/program", NULL, NULL, words, environ),
	   ENOENT);
	EQ(pid, 77);
	EQ(posix_spawnp(&pid, "child", NULL, NULL,
			(char *[]){ "child", "exit", "12", NULL }, environ),
	   0);
	EQ(status_of(pid), 12);
	posix_spawn_file_actions_init(&files);
	OK(!strcmp(output_of("echo", "a text", &files), "a text"));
	setenv("UK_SPAWNED", "yes", 1);
	OK(!strcmp(output_of("env", "UK_SPAWNED", &files), "yes"));
	posix_spawn_file_actions_addchdir_np(&files, "/bin");
	OK(!strcmp(output_of("cwd", "", &files), "/bin"));
	posix_spawn_file_actions_destroy(&files);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 9, CHILD, O_RDONLY, 0);
	EQ(spawn("fd", "9", &files, NULL), 0);
	posix_spawn_file_actions_addclose(&files, 9);
	EQ(spawn("fd", "9", &files, NULL), 1);
	posix_spawn_file_actions_addopen(&files, 9, "/no/file", O_RDONLY, 0);
	EQ(spawn("fd", "9", &files, NULL), 1000 + ENOENT);
	posix_spawn_file_actions_destroy(&files);
}

static void attributes(void)
{
	posix_spawnattr_t attr;
	sigset_t set;
	int fd = open(CHILD, O_RDONLY | O_CLOEXEC);
	char name[12];

	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
						POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETSIGDEF);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	posix_spawnattr_setsigmask(&attr, &set);
	signal(SIGUSR2, SIG_IGN);
	EQ(spawn("ignored", "12", NULL, NULL), 0);
	sigaddset(&set, SIGUSR2);
	posix_spawnattr_setsigdefault(&attr, &set);
	EQ(spawn("ignored", "12", NULL, &attr), 1);
	EQ(spawn("mask", "10", NULL, &attr), 0);
	EQ(spawn("mask", "10", NULL, NULL), 1);
	EQ(spawn("pgid", "", NULL, &attr), 0);
	EQ(spawn("pgid", "", NULL, NULL), 1);
	posix_spawnattr_destroy(&attr);
	signal(SIGUSR2, SIG_DFL);
	snprintf(name, sizeof(name), "%d", fd);
	EQ(spawn("fd", name, NULL, NULL), 1); /* closed at exec */
	close(fd);
}

static void shell(void)
{
	char line[64] = "";
	int status;
	FILE *p;

	status = system("exit 9");
	OK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
	status = system("kill 15");
	OK(WIFSIGNALED(status) && WTERMSIG(status) == 15);
	OK(system(NULL));
	p = popen("echo one", "r");
	if (OK(p)) {
		OK(fgets(line, sizeof(line), p) && !strcmp(line, "one\n"));
		EQ(pclose(p), 0);
	}
	fflush(stdout);
	p = popen("copy", "w");
	if (OK(p)) {
		fputs("# through a pipe\n", p);
		EQ(pclose(p), 0);
	}
	p = popen("exit 4", "r");
	if (OK(p))
		EQ(WEXITSTATUS(pclose(p)), 4);
}

static void *spawn_often(void *arg)
{
	long wrong = 0;

	for (int i = 0; i < 30; i++)
		wrong += spawn("exit", "5", NULL, NULL) != 5;
	(void)arg;
	return (void *)wrong;
}

static volatile sig_atomic_t children;

static void child_ended(int number)
{
	(void)number;
	children++;
}

static void together(void)
{
	struct sigaction action = { .sa_handler = child_ended,
				    .sa_flags = SA_RESTART };
	pthread_t t[4];
	void *wrong;

	sigaction(SIGCHLD, &action, NULL);
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, spawn_often, NULL);
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], &wrong);
		EQ((long)wrong, 0);
	}
	OK(children > 0);
	signal(SIGCHLD, SIG_DFL);
}

static void replaced(void)
{
	/* exec from a thread that is not the first: tried in a child */
	pid_t pid = vfork();

	if (!pid) {
		execle(CHILD, "child", "exit", "31", NULL, environ);
		_exit(127);
	}
	EQ(status_of(pid), 31);
}

int main(void)
{
	vforking();
	forking();
	spawning();
	attributes();
	shell();
	together();
	replaced();
	return tap_done();
}
