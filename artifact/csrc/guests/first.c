// SPDX-License-Identifier: GPL-2.0-only
/*
 * Process 1 of a machine that exists for one program: loads the modules in
 * /modules (0.ko, 1.ko ... in this order), enters the first disk if there is
 * one, brings the loopback interface up, runs its arguments and turns the
 * machine off. What goes wrong is one line on the console.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define DISK "/dev/vda"

static void off(void)
{
	tcdrain(STDOUT_FILENO); /* the console may be a slow line */
	reboot(RB_POWER_OFF);
	_exit(1);
}

static void check(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "first: %s: %s\n", what, strerror(errno));
	off();
}

static void load_modules(void)
{
	char path[32];
	int fd, i;

	for (i = 0;; i++) {
		snprintf(path, sizeof(path), "/modules/%d.ko", i);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		check(syscall(SYS_finit_module, fd, "", 0), path);
		close(fd);
	}
}

static void enter_disk(void)
{
	if (access(DISK, F_OK))
		return;
	check(mount(DISK, "/root", "erofs", MS_RDONLY, NULL), DISK);
	check(mount("/dev", "/root/dev", NULL, MS_MOVE, NULL), "/dev");
	check(chdir("/root"), "/root");
	check(chroot("."), "/root");
}

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	check(fd, "socket");
	check(ioctl(fd, SIOCSIFFLAGS, &request), "lo");
	close(fd);
}

static void run(char **argv)
{
	pid_t child = fork();
	int status;

	check(child, "fork");
	if (!child) {
		static char *env[] = { "PATH=/usr/bin:/bin", NULL };

		execve(argv[0], argv, env);
		check(-1, argv[0]);
	}
	check(waitpid(child, &status, 0), "wait");
	if (status)
		fprintf(stderr, "first: the program ended with status %#x\n",
			status);
}

int main(int argc, char **argv)
{
	int console;

	if (argc < 2)
		check(-1, "no program named");
	mount("dev", "/dev", "devtmpfs", 0, NULL); /* or the kernel did it */
	console = open("/dev/console", O_RDWR);
	if (console >= 0)
		for (int fd = 0; fd < 3; fd++)
			dup2(console, fd);
	load_modules();
	enter_disk();
	check(mount("proc", "/proc", "proc", 0, NULL), "/proc");
	loopback_up();
	run(argv + 1);
	off();
}
