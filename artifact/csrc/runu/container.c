// SPDX-License-Identifier: GPL-2.0-only
/* The container's process, from its birth to the boot of its kernel. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rootfs.h"
#include "runu.h"
#include "process.h"

/* Nothing of the caller's goes into a container but what it has named. */
static void close_others(const struct birth *b)
{
	int keep[] = { b->sync,	 b->console, b->control,    b->master,
		       b->slave, phase_fd(), host_random_fd };
	int from = 3 + b->o->preserve_fds;

	for (;;) {
		int next = -1;

		for (size_t i = 0; i < sizeof(keep) / sizeof(*keep); i++)
			if (keep[i] >= from && (next < 0 || keep[i] < next))
				next = keep[i];
		if (next < 0)
			break;
		if (next > from)
			syscall(SYS_close_range, from, next - 1, 0);
		from = next + 1;
	}
	syscall(SYS_close_range, from, ~0U, 0);
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", O_RDWR);
}

static void set_oom_score(const cJSON *config)
{
	const cJSON *score = json_get(config, "process.oomScoreAdj");
	int fd;

	if (!score)
		return;
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || dprintf(fd, "%d", score->valueint) < 0)
		die("config.json: process.oomScoreAdj: %d: %s", score->valueint,
		    strerror(errno));
	close(fd);
}

static void take_console(const struct birth *b)
{
	const cJSON *process = json_get(b->c->config, "process");
	struct winsize size = {
		.ws_row = json_number(process, "consoleSize.height", 0),
		.ws_col = json_number(process, "consoleSize.width", 0),
	};

	if (b->console < 0)
		return;
	if (size.ws_row || size.ws_col)
		ioctl(b->master, TIOCSWINSZ, &size);
	console_send(b->console, b->master);
	console_adopt(b->slave);
}

static void join(const struct birth *b)
{
	const cJSON *config = b->c->config;

	sync_tell(b->sync, cgroup_join(b->c) ? "joined" : "born");
	sync_expect(b->sync, "go");
	namespaces_join(config);
	if (config_namespace(config, "user") &&
	    (setresgid(0, 0, 0) || setresuid(0, 0, 0)))
		die("user namespace: no user 0 in it: %s", strerror(errno));
	if (b->o->foreground)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!b->o->foreground || b->console >= 0)
		setsid();
	sync_tell(b->sync, "namespaces");
	sync_expect(b->sync, "go");
}

static unsigned long memory_size(const cJSON *config)
{
	const char *word = json_annotation(config, "memory");
	char *end;
	unsigned long size;

	if (!word)
		return 64UL << 20;
	size = strtoul(word, &end, 10);
	if (*end == 'M' || *end == 'm')
		size <<= 20;
	else if (*end == 'G' || *end == 'g')
		size <<= 30;
	if ((*end && end[1]) || size < 16UL << 20 || size > 64UL << 30)
		die("annotation " ANNOTATION
		    "memory: %s: a size from 16M to 64G",
		    word);
	return size & ~4095UL;
}

static void open_program(struct rootfs *r, struct container *c)
{
	cJSON *args = (cJSON *)json_list(c->config, "process.args");
	struct program p;

	program_look(&p, c, r->dir);
	r->libc = strcmp(p.kind, "private") != 0;
	if (strcmp(p.kind, "private")) {
		close(p.fd);
		return;
	}
	r->image = p.fd;
	r->image_start = p.image_start;
	cJSON_ReplaceItemInArray(args, 0, cJSON_CreateString(p.inside));
}

static void prepare(struct birth *b, struct options *o)
{
	struct container *c = b->c;
	struct rootfs r;
	const char *shared = json_annotation(c->config, "map-shared");

	phase("mount");
	set_oom_score(c->config);
	rootfs_open(&r, c);
	open_program(&r, c);
	hooks_run(c, "createContainer", "creating", true);
	take_console(b);
	rootfs_stage_open(c);
	describe(b, &r);
	network_take(c);
	*o = (struct options){
		.memory = memory_size(c->config),
		.cmdline = json_annotation(c->config, "cmdline"),
		.map_shared = shared && !strcmp(shared, "true"),
		.verbose = json_annotation(c->config, "console") != NULL,
	};
	process_ops_init(o);
	idle_init();
	rootfs_seal();
	capabilities_drop(c->config);
}

/* "start" with the descriptor that waits for the outcome; other words are refused. */
static int wait_for_start(int control)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int) * 8)];
	} c;
	char word[4096];
	struct iovec iov = { word, sizeof(word) - 1 };
	int fds[8], count;

	for (;;) {
		struct msghdr m = { .msg_iov = &iov,
				    .msg_iovlen = 1,
				    .msg_control = &c,
				    .msg_controllen = sizeof(c) };
		ssize_t n = recvmsg(control, &m, MSG_CMSG_CLOEXEC);

		if (n <= 0 || m.msg_controllen < CMSG_LEN(sizeof(int)))
			continue;
		word[n] = 0;
		count = (c.head.cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(&c.head), count * sizeof(int));
		if (!strcmp(word, "start"))
			return fds[count - 1];
		dprintf(fds[count - 1],
			"error 125 the container has not been started\n");
		for (int i = 0; i < count; i++)
			close(fds[i]);
	}
}

void container_main(struct birth *b)
{
	struct options o;
	int waiting;

	tell_fd = b->sync;
	undo = NULL;
	close_others(b);
	host_limits_raise();
	phase("namespaces");
	join(b);
	prepare(b, &o);
	sync_tell(b->sync, "ready");
	close(b->sync);
	tell_fd = -1;
	waiting = wait_for_start(b->control);
	tell_fd = waiting;
	setup_add("started", "%d", waiting);
	if (phase_fd() >= 0)
		setup_add("phases", "%d", phase_fd());
	setup_finish();
	tell_fd = -1;
	phase("boot");
	process_boot(true);
}
