// SPDX-License-Identifier: GPL-2.0-only
/*
 * probe see [PATH...]: what a container's process sees of itself and of the
 *	named files, as one JSON object.
 * probe loop: "ready", then a line for every signal; SIGTERM ends it with 0.
 * probe try OPERATION PATH [NUMBER]: the error number of one system call.
 * probe hold MB: takes that much memory, then as `loop`.
 *
 * Nothing in here forks: it runs where fork(2) is not there as well.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#define SHOWN 16384 /* octets of a file; Python parses them */

static void quote(const char *text, size_t length)
{
	putchar('"');
	for (size_t i = 0; i < length; i++) {
		unsigned char c = text[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < ' ' || c > '~')
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void name(const char *key)
{
	quote(key, strlen(key));
	putchar(':');
}

static void string(const char *key, const char *value)
{
	name(key);
	quote(value, strlen(value));
	putchar(',');
}

static void number(const char *key, long value)
{
	name(key);
	printf("%ld,", value);
}

static void strings(const char *key, char **list)
{
	name(key);
	putchar('[');
	for (int i = 0; list[i]; i++) {
		if (i)
			putchar(',');
		quote(list[i], strlen(list[i]));
	}
	printf("],");
}

/* The text of a file, or the error number. */
static void content(const char *key, const char *path)
{
	static char text[SHOWN];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t got, length = 0;

	name(key);
	if (fd < 0) {
		printf("%d,", errno);
		return;
	}
	while ((got = read(fd, text + length, SHOWN - length)) > 0)
		length += got;
	if (got < 0)
		printf("%d,", errno);
	else {
		quote(text, length);
		putchar(',');
	}
	close(fd);
}

/* The names in a directory, or the error number. */
static void entries(const char *key, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char own[16];
	int first = 1;

	name(key);
	if (!dir) {
		printf("%d,", errno);
		return;
	}
	snprintf(own, sizeof(own), "%d", dirfd(dir));
	putchar('[');
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") ||
		    !strcmp(entry->d_name, "..") || !strcmp(entry->d_name, own))
			continue;
		if (!first)
			putchar(',');
		first = 0;
		quote(entry->d_name, strlen(entry->d_name));
	}
	printf("],");
	closedir(dir);
}

/* 0 or the error number of writing there: a name in a directory, or a file. */
static int writing(const char *path, mode_t mode)
{
	char inside[4096];
	int fd;

	if (S_ISDIR(mode)) {
		snprintf(inside, sizeof(inside), "%s/.probe", path);
		return mkdir(inside, 0700) || rmdir(inside) ? errno : 0;
	}
	fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static char kind(mode_t mode)
{
	return S_ISDIR(mode)  ? 'd' :
	       S_ISREG(mode)  ? 'f' :
	       S_ISCHR(mode)  ? 'c' :
	       S_ISBLK(mode)  ? 'b' :
	       S_ISFIFO(mode) ? 'p' :
				's';
}

static void file(const char *path)
{
	char target[4096] = "";
	struct stat st;

	name(path);
	if (stat(path, &st)) {
		printf("%d,", errno);
		return;
	}
	printf("{\"type\":\"%c\",", kind(st.st_mode));
	if (readlink(path, target, sizeof(target) - 1) > 0)
		string("link", target);
	number("mode", st.st_mode & 07777);
	number("uid", st.st_uid);
	number("gid", st.st_gid);
	number("major", major(st.st_rdev));
	number("minor", minor(st.st_rdev));
	number("write", writing(path, st.st_mode));
	if (S_ISDIR(st.st_mode))
		entries("entries", path);
	if (S_ISREG(st.st_mode))
		content("text", path);
	printf("\"\":0},");
}

static void limits(void)
{
	static const struct {
		const char *name;
		int which;
	} all[] = {
		{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
		{ "RLIMIT_CORE", RLIMIT_CORE },
		{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
		{ "RLIMIT_STACK", RLIMIT_STACK },
		{ "RLIMIT_NPROC", RLIMIT_NPROC },
		{ "RLIMIT_CPU", RLIMIT_CPU },
	};
	struct rlimit limit;

	name("rlimits");
	putchar('{');
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		getrlimit(all[i].which, &limit);
		name(all[i].name);
		printf("[%lld,%lld],", (long long)limit.rlim_cur,
		       (long long)limit.rlim_max);
	}
	printf("\"\":0},");
}

static void terminal(void)
{
	struct winsize size = { 0 };
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);

	number("isatty", isatty(0) && isatty(1) && isatty(2));
	ioctl(0, TIOCGWINSZ, &size);
	number("rows", size.ws_row);
	number("columns", size.ws_col);
	number("controlling", fd < 0 ? errno : 0);
	if (fd >= 0)
		close(fd);
}

static void interfaces(void)
{
	struct ifaddrs *list = NULL, *at;
	char text[NI_MAXHOST];

	name("interfaces");
	putchar('[');
	getifaddrs(&list);
	for (at = list; at; at = at->ifa_next) {
		int family = at->ifa_addr ? at->ifa_addr->sa_family : 0;
		socklen_t length = family == AF_INET ?
					   sizeof(struct sockaddr_in) :
					   sizeof(struct sockaddr_in6);

		if (family != AF_INET && family != AF_INET6)
			strcpy(text, "");
		else if (getnameinfo(at->ifa_addr, length, text, sizeof(text),
				     NULL, 0, NI_NUMERICHOST))
			strcpy(text, "?");
		putchar('[');
		quote(at->ifa_name, strlen(at->ifa_name));
		printf(",%d,", !!(at->ifa_flags & IFF_UP));
		quote(text, strlen(text));
		printf("],");
	}
	printf("0],");
	freeifaddrs(list);
}

static void identity(void)
{
	gid_t groups[64];
	int count = getgroups(64, groups);
	mode_t mask = umask(0);

	umask(mask);
	number("pid", getpid());
	number("sid", getsid(0));
	number("uid", getuid());
	number("euid", geteuid());
	number("gid", getgid());
	number("egid", getegid());
	number("umask", mask);
	number("no_new_privs", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	name("groups");
	putchar('[');
	for (int i = 0; i < count; i++)
		printf(i ? ",%u" : "%u", groups[i]);
	printf("],");
}

static void namespaces(void)
{
	static const char *const all[] = { "pid", "net",  "ipc",   "uts",
					   "mnt", "user", "cgroup" };
	char path[64], target[64];

	name("namespaces");
	putchar('{');
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		snprintf(path, sizeof(path), "/proc/self/ns/%s", all[i]);
		memset(target, 0, sizeof(target));
		if (readlink(path, target, sizeof(target) - 1) > 0)
			string(all[i], target);
	}
	printf("\"\":0},");
}

extern char **environ;

static int see(int argc, char **argv)
{
	struct utsname uts;
	char cwd[4096];

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	uname(&uts);
	putchar('{');
	entries("fds", "/proc/self/fd");
	strings("argv", argv);
	strings("env", environ);
	string("cwd", getcwd(cwd, sizeof(cwd)) ? cwd : strerror(errno));
	string("hostname", uts.nodename);
	string("domainname", uts.domainname);
	identity();
	limits();
	terminal();
	interfaces();
	namespaces();
	content("status", "/proc/self/status");
	content("mountinfo", "/proc/self/mountinfo");
	content("uid_map", "/proc/self/uid_map");
	content("gid_map", "/proc/self/gid_map");
	content("cgroup", "/proc/self/cgroup");
	content("oom_score_adj", "/proc/self/oom_score_adj");
	name("files");
	putchar('{');
	for (int i = 2; i < argc; i++)
		file(argv[i]);
	printf("\"\":0},\"\":0}\n");
	return fflush(stdout) ? 1 : 0;
}

static void note(const char *text)
{
	ssize_t done = write(1, text, strlen(text));

	(void)done;
}

static int loop(void)
{
	sigset_t all;
	char text[32];
	int which;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	note("ready\n");
	for (;;) {
		if (sigwait(&all, &which))
			continue;
		snprintf(text, sizeof(text), "signal %d\n", which);
		note(text);
		if (which == SIGTERM)
			return 0;
	}
}

static int hold(size_t mb)
{
	char *memory = malloc(mb << 20);

	if (!memory)
		return 3;
	memset(memory, 1, mb << 20);
	return loop() + !memory[mb];
}

static int failed(const char *what, char *path, unsigned long value)
{
	char cwd[4096];
	char *argv[] = { path, "see", NULL };

	if (!strcmp(what, "mkdir"))
		return mkdir(path, 0700);
	if (!strcmp(what, "chmod"))
		return chmod(path, value);
	if (!strcmp(what, "mknod"))
		return mknod(path, S_IFCHR | 0600, makedev(1, value));
	if (!strcmp(what, "read"))
		return open(path, O_RDONLY | O_CLOEXEC) < 0;
	if (!strcmp(what, "write"))
		return open(path, O_WRONLY | O_CLOEXEC) < 0;
	if (!strcmp(what, "getcwd"))
		return !getcwd(cwd, sizeof(cwd));
	if (!strcmp(what, "sethostname"))
		return sethostname(path, strlen(path));
	if (!strcmp(what, "exec"))
		return execv(path, argv);
	errno = 255;
	return 1;
}

int main(int argc, char **argv)
{
	if (argc >= 2 && !strcmp(argv[1], "see"))
		return see(argc, argv);
	if (argc == 2 && !strcmp(argv[1], "loop"))
		return loop();
	if (argc == 3 && !strcmp(argv[1], "hold"))
		return hold(strtoul(argv[2], NULL, 0));
	if (argc >= 4 && !strcmp(argv[1], "try")) {
		unsigned long value = argc > 4 ? strtoul(argv[4], NULL, 0) : 0;

		printf("%d\n", failed(argv[2], argv[3], value) ? errno : 0);
		return 0;
	}
	return 2;
}
