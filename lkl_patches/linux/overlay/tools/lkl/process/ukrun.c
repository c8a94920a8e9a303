// SPDX-License-Identifier: GPL-2.0-only
/*
 * ukrun: run a program on Linux as a library, in this process.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process.h"

extern char **environ;

void die(const char *format, ...)
{
	va_list args;

	terminal_restore();
	fflush(stdout);
	fputs("ukrun: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(125);
}

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

static bool has_magic(int fd, off_t at, const void *magic, size_t len)
{
	char found[8];

	return pread(fd, found, len, at) == (ssize_t)len &&
	       !memcmp(found, magic, len);
}

/* ext4 and erofs: where their superblocks have their magic numbers; cpio. */
static const char *image_type(int fd, const char *path)
{
	if (has_magic(fd, 1024 + 56, "\x53\xef", 2))
		return "ext4";
	if (has_magic(fd, 1024, "\xe2\xe1\xf5\xe0", 4))
		return "erofs";
	if (has_magic(fd, 0, "07070", 5))
		return "initramfs";
	die("%s: neither a directory nor an ext4, erofs or cpio image", path);
}

/* An archive is unpacked into the kernel's memory. */
static void add_archive(const struct options *o, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		die("%s: %s", o->root, strerror(errno));
	if ((unsigned long)st.st_size > o->memory / 4 * 3)
		die("%s: %lu MiB do not fit into the kernel's memory; try: --memory %luM",
		    o->root, (unsigned long)st.st_size >> 20,
		    (unsigned long)st.st_size / 3 * 4 / (1 << 20) + 32);
	setup_add("root", "initramfs:%d:%s", fd, o->read_only ? "ro" : "rw");
}

/* Only what is to be written to is opened for that. */
static void add_image(const struct options *o, bool read_only)
{
	int fd = open_or_die(o->root, O_RDONLY);
	const char *type = image_type(fd, o->root);
	int disk;

	if (!strcmp(type, "initramfs")) {
		add_archive(o, fd);
		return;
	}

	read_only = read_only || !strcmp(type, "erofs");
	if (!read_only) {
		close(fd);
		fd = open_or_die(o->root, O_RDWR);
	}
	disk = lkl_add_disk(fd, read_only ? LKL_DISK_RO : 0);
	if (disk < 0)
		die("%s: %s", o->root, strerror(-disk));
	setup_add("root", "%s:%d:%s", type, disk, read_only ? "ro" : "rw");
}

static void add_root(const struct options *o)
{
	struct stat st;

	if (stat(o->root, &st))
		die("%s: %s", o->root, strerror(errno));
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode) &&
	    !S_ISBLK(st.st_mode))
		die("%s: neither a directory nor an image", o->root);
	if (!S_ISDIR(st.st_mode)) {
		add_image(o, o->read_only);
		return;
	}
	setup_add("root", "hostdir:%d:%s%s",
		  open_or_die(o->root, O_PATH | O_DIRECTORY),
		  o->read_only ? "ro" : "rw", o->exclusive ? ",exclusive" : "");
}

/*
 * A file is shown by its directory, of which process 1 takes only that name.
 * The mode is the last part where it is "ro" or "rw".
 */
static void add_bind(const char *key, const char *source, const char *target,
		     bool read_only)
{
	char copy[PATH_MAX];
	struct stat st;
	char *slash;

	if (stat(source, &st))
		die("%s: %s", source, strerror(errno));
	if (S_ISDIR(st.st_mode)) {
		setup_add(key, "%d:%s::%s",
			  open_or_die(source, O_PATH | O_DIRECTORY),
			  read_only ? "ro" : "rw", target);
		return;
	}
	if (!realpath(source, copy))
		die("%s: %s", source, strerror(errno));
	slash = strrchr(copy, '/');
	*slash = 0;
	setup_add(key, "%d:%s:%s:%s",
		  open_or_die(*copy ? copy : "/", O_PATH | O_DIRECTORY),
		  read_only ? "ro" : "rw", slash + 1, target);
}

/* The root is in this file; the host's working directory is shown at /host. */
static void add_packed(const struct packed *p)
{
	int disk = host_add_disk(p->fd, LKL_DISK_RO, p->start);

	if (disk < 0)
		die("the image in this file: %s", strerror(-disk));
	setup_add("root", "erofs:%d:ro", disk);
	setup_add("scratch", "%s", "/tmp");
	add_bind("view", ".", "/host", false);
	setup_add("cwd", "%s", "/host");
}

static void parse_bind(const char *text)
{
	char *copy = strdup(text), *target, *mode;
	bool read_only = false;

	target = copy ? strchr(copy, ':') : NULL;
	if (!target || target == copy || target[1] != '/')
		die("--bind %s: not HOST:DIR[:ro] with an absolute DIR", text);
	*target++ = 0;
	mode = strchr(target, ':');
	if (mode) {
		*mode++ = 0;
		read_only = !strcmp(mode, "ro");
		if (!read_only && strcmp(mode, "rw"))
			die("--bind %s: the mode is ro or rw", text);
	}
	add_bind("bind", copy, target, read_only);
	free(copy);
}

/* The libc that was installed with ukrun, for images that bring another. */
static void add_libc(const struct options *o)
{
	char path[PATH_MAX];
	ssize_t n;

	if (o->libc && !strcmp(o->libc, "none"))
		return;
	if (o->libc) {
		snprintf(path, sizeof(path), "%s", o->libc);
	} else {
		n = readlink("/proc/self/exe", path, sizeof(path) - 64);
		if (n < 0)
			return;
		path[n] = 0;
		*strrchr(path, '/') = 0;
		strcat(path, "/../lib/ld-musl-x86_64.so.1");
		if (access(path, R_OK))
			return;
	}
	add_bind("libc", path, "/lib/ld-musl-x86_64.so.1", true);
}

static void parse_mac(const char *text, unsigned char mac[6])
{
	int end = 0;

	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx%n", &mac[0], &mac[1],
		   &mac[2], &mac[3], &mac[4], &mac[5], &end) != 6 ||
	    text[end])
		die("--mac %s: not an address such as 02:00:00:00:00:01", text);
	if (mac[0] & 1)
		die("--mac %s: a multicast address", text);
}

static int open_net(const char *text, int *kind)
{
	const char *name = strchr(text, ':');
	char *end;
	int fd;

	if (!name || !*++name)
		die("--net %s: not tap:IFACE, packet:IFACE or dgram:FD", text);
	if (!strncmp(text, "tap:", 4)) {
		*kind = LKL_NET_TAP;
		fd = lkl_open_tap(name);
	} else if (!strncmp(text, "packet:", 7)) {
		*kind = LKL_NET_PACKET;
		fd = lkl_open_packet(name);
	} else if (!strncmp(text, "dgram:", 6)) {
		*kind = LKL_NET_DGRAM;
		fd = strtol(name, &end, 10);
		if (*end || fcntl(fd, F_GETFD) < 0)
			die("--net %s: no open descriptor", text);
	} else {
		die("--net %s: not tap:IFACE, packet:IFACE or dgram:FD", text);
	}
	if (fd < 0)
		die("--net %s: %s", text, strerror(-fd));
	return fd;
}

static void add_net(const struct options *o)
{
	unsigned char mac[6];
	int kind, err;
	int fd;

	if (!o->net)
		return;
	if (o->mac)
		parse_mac(o->mac, mac);
	fd = open_net(o->net, &kind);
	err = lkl_add_net(fd, kind, o->mac ? mac : NULL);
	if (err < 0)
		die("--net %s: %s", o->net, strerror(-err));
	setup_add("up", "%s", "eth0");
	if (o->address)
		setup_add("address", "%s", o->address);
	if (o->gateway)
		setup_add("gateway", "%s", o->gateway);
	if (o->address6)
		setup_add("address6", "%s", o->address6);
	if (o->gateway6)
		setup_add("gateway6", "%s", o->gateway6);
}

static void add_environment(const struct options *o)
{
	for (char **e = environ; *e && !o->clear_env; e++)
		setup_add("env", "%s", *e);
	for (int i = 0; i < o->env_count; i++)
		setup_add("env", "%s", o->envs[i]);
}

static void describe(const struct options *o, const struct packed *packed)
{
	if (packed)
		add_packed(packed);
	else
		add_root(o);
	for (int i = 0; i < o->bind_count; i++)
		parse_bind(o->binds[i]);
	add_libc(o);
	add_net(o);
	if (o->hostname)
		setup_add("hostname", "%s", o->hostname);
	if (o->cwd)
		setup_add("cwd", "%s", o->cwd);
	setup_add("user", "%s", o->user);
	setup_add("tty", "%d", o->tty && !o->no_tty);
	setup_add("pid1", "%d", o->pid1);
	add_environment(o);
	for (char **arg = o->argv; *arg; arg++)
		setup_add("arg", "%s", *arg);
	setup_finish();
}

/* What is closed stays so: no descriptor of ours takes such a place. */
static void keep_places(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/", O_PATH);
}

int main(int argc, char **argv)
{
	struct packed packed;
	struct options options;
	bool is_packed = packed_open(&packed, &argc, &argv);

	keep_places();
	options_parse(&options, argc, argv);
	host_limits_raise();
	describe(&options, is_packed ? &packed : NULL);
	process_ops_init(&options);
	idle_init();
	terminal_init(&options);
	if (options.sandbox)
		sandbox_prepare();
	fflush(NULL);
	process_boot(options.sandbox);
}
