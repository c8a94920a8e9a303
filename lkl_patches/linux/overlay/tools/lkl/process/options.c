// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line of ukrun.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "process.h"

static const char usage[] =
	"usage: ukrun [options] ROOT PROGRAM [ARGUMENT...]\n"
	"\n"
	"Boots Linux as a library in this process, makes ROOT its root file system and\n"
	"runs PROGRAM on it. ROOT is a directory, an ext4 or erofs image, or a cpio archive\n"
	"(newc). Exits with the program's status, or 128 plus the signal that ended it.\n"
	"\n"
	"  -r, --read-only            the root is mounted read-only\n"
	"  -x, --exclusive            nobody else changes ROOT meanwhile: names are looked\n"
	"                             up once\n"
	"  -b, --bind HOST:DIR[:ro]   show a host directory or file at DIR (repeatable)\n"
	"  -C, --cwd DIR              start in DIR (default /)\n"
	"  -e, --env NAME=VALUE       add to the environment (repeatable)\n"
	"      --clear-env            do not pass the environment of ukrun on\n"
	"  -u, --user UID[:GID]       run as this user (default 0:0)\n"
	"      --hostname NAME        (default lkl)\n"
	"  -n, --net KIND:NAME        network interface eth0: tap:IFACE, packet:IFACE\n"
	"                             (takes the frames of that interface) or dgram:FD\n"
	"      --mac MAC              its address (default: random)\n"
	"      --ip ADDRESS/PREFIX    --gateway ADDRESS\n"
	"      --ip6 ADDRESS/PREFIX   --gateway6 ADDRESS\n"
	"  -t, --tty                  a terminal of its own (default when standard input\n"
	"                             and output are terminals); -T, --no-tty: none\n"
	"      --pid1                 PROGRAM is process 1 of a process id namespace\n"
	"  -m, --memory SIZE          of the kernel, with suffix K, M or G (default 64M);\n"
	"                             programs have the host's\n"
	"      --map-shared           programs can map files of tmpfs, ext4 and System V\n"
	"                             shared memory with MAP_SHARED; a start takes longer\n"
	"      --libc FILE            libc of the library kernel, shown over the root's\n"
	"                             own /lib/ld-musl-x86_64.so.1 (\"none\": not)\n"
	"      --sandbox              the host allows nothing but 30 system calls, from one\n"
	"                             place (as runu has it)\n"
	"      --cmdline TEXT         kernel command line\n"
	"  -v, --verbose              show the kernel's messages\n"
	"      --version              -h, --help\n"
	"\n"
	"Examples:\n"
	"  ukrun rootfs /bin/sh -c 'echo $PPID; uname -a'\n"
	"  ukrun -n tap:tap0 --ip 10.0.0.2/24 rootfs /usr/sbin/nginx -g 'daemon off;'\n";

enum {
	CLEAR_ENV = 256,
	HOSTNAME,
	MAC,
	IP,
	GATEWAY,
	IP6,
	GATEWAY6,
	PID1,
	MAP_SHARED_FILES,
	LIBC,
	SANDBOX,
	CMDLINE,
	VERSION,
};

static const struct option long_options[] = {
	{ "read-only", no_argument, NULL, 'r' },
	{ "exclusive", no_argument, NULL, 'x' },
	{ "bind", required_argument, NULL, 'b' },
	{ "cwd", required_argument, NULL, 'C' },
	{ "env", required_argument, NULL, 'e' },
	{ "clear-env", no_argument, NULL, CLEAR_ENV },
	{ "user", required_argument, NULL, 'u' },
	{ "hostname", required_argument, NULL, HOSTNAME },
	{ "net", required_argument, NULL, 'n' },
	{ "mac", required_argument, NULL, MAC },
	{ "ip", required_argument, NULL, IP },
	{ "gateway", required_argument, NULL, GATEWAY },
	{ "ip6", required_argument, NULL, IP6 },
	{ "gateway6", required_argument, NULL, GATEWAY6 },
	{ "tty", no_argument, NULL, 't' },
	{ "no-tty", no_argument, NULL, 'T' },
	{ "pid1", no_argument, NULL, PID1 },
	{ "memory", required_argument, NULL, 'm' },
	{ "map-shared", no_argument, NULL, MAP_SHARED_FILES },
	{ "libc", required_argument, NULL, LIBC },
	{ "sandbox", no_argument, NULL, SANDBOX },
	{ "cmdline", required_argument, NULL, CMDLINE },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, VERSION },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static unsigned long parse_size(const char *text)
{
	unsigned long value;
	char *end;
	int shift = 0;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (*end == 'K' || *end == 'k')
		shift = 10;
	else if (*end == 'M' || *end == 'm')
		shift = 20;
	else if (*end == 'G' || *end == 'g')
		shift = 30;
	if (shift)
		end++;
	if (errno || end == text || *end || text[0] == '-' ||
	    value > 64UL << 30 >> shift)
		die("--memory %s: not a size such as 64M, at most 64G", text);
	value = (value << shift) & ~4095UL;
	if (value < 16UL << 20)
		die("--memory %s: the kernel needs 16M", text);
	return value;
}

static void append(const char ***list, int *count, const char *text)
{
	*list = realloc(*list, (*count + 1) * sizeof(**list));
	if (!*list)
		die("no memory");
	(*list)[(*count)++] = text;
}

static void set(struct options *o, int c, const char *arg)
{
	switch (c) {
	case 'r':
		o->read_only = true;
		break;
	case 'x':
		o->exclusive = true;
		break;
	case 'b':
		append(&o->binds, &o->bind_count, arg);
		break;
	case 'C':
		o->cwd = arg;
		break;
	case 'e':
		if (!strchr(arg, '=') || arg[0] == '=')
			die("--env %s: not NAME=VALUE", arg);
		append(&o->envs, &o->env_count, arg);
		break;
	case CLEAR_ENV:
		o->clear_env = true;
		break;
	case 'u':
		o->user = arg;
		break;
	case HOSTNAME:
		o->hostname = arg;
		break;
	case 'n':
		o->net = arg;
		break;
	case MAC:
		o->mac = arg;
		break;
	case IP:
		o->address = arg;
		break;
	case GATEWAY:
		o->gateway = arg;
		break;
	case IP6:
		o->address6 = arg;
		break;
	case GATEWAY6:
		o->gateway6 = arg;
		break;
	case 't':
		o->tty = true;
		break;
	case 'T':
		o->no_tty = true;
		break;
	case PID1:
		o->pid1 = true;
		break;
	case 'm':
		o->memory = parse_size(arg);
		break;
	case MAP_SHARED_FILES:
		o->map_shared = true;
		break;
	case LIBC:
		o->libc = arg;
		break;
	case SANDBOX:
		o->sandbox = true;
		break;
	case CMDLINE:
		o->cmdline = arg;
		break;
	case 'v':
		o->verbose = true;
		break;
	case VERSION:
		printf("ukrun, Linux %s as a library\n", lkl_kernel_release());
		exit(0);
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		fprintf(stderr, "try: ukrun --help\n");
		exit(2);
	}
}

void options_parse(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){ .memory = 64UL << 20, .user = "0:0" };
	/* "+": the program's options are its own. */
	while ((c = getopt_long(argc, argv, "+rxb:C:e:u:n:tTm:vh", long_options,
				NULL)) >= 0)
		set(o, c, optarg);
	if (argc - optind < 2)
		die("ROOT and PROGRAM are missing; try: ukrun --help");
	o->root = argv[optind];
	o->argv = argv + optind + 1;
	if (!o->no_tty && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		o->tty = true;
	if (!o->net &&
	    (o->mac || o->address || o->gateway || o->address6 || o->gateway6))
		die("an address without an interface: --net is missing");
}
