// SPDX-License-Identifier: GPL-2.0-only
/* create (runtime-spec, runtime, "Create"): the runtime's side. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runu.h"
#include "process.h"

bool create_option(struct create_options *o, int *i, int argc, char **argv)
{
	const char *count;

	if (option_value("bundle", "b", &o->bundle, i, argc, argv) ||
	    option_value("pid-file", NULL, &o->pid_file, i, argc, argv) ||
	    option_value("console-socket", NULL, &o->console_socket, i, argc,
			 argv))
		return true;
	if (option_value("preserve-fds", NULL, &count, i, argc, argv)) {
		o->preserve_fds = atoi(count);
		if (o->preserve_fds < 0 || o->preserve_fds > 1000)
			die("--preserve-fds %s: a number up to 1000", count);
		return true;
	}
	/* About runc's own way of starting; there is nothing to switch off here. */
	return option_flag("no-pivot", NULL, *i, argv) ||
	       option_flag("no-new-keyring", NULL, *i, argv);
}

/* What has been made so far, for the case that something goes wrong. */
static struct container *made;

static void take_back(void)
{
	int status;

	if (made->pid > 0) {
		kill(made->pid, SIGKILL);
		waitpid(made->pid, &status, 0);
	}
	if (made->config)
		cgroup_remove(made);
	state_remove(made);
}

/* The socket that requests come by, in the state's directory. */
static int open_control(const struct container *c)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int dir = open(c->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/control",
		 dir);
	if (fd < 0 || bind(fd, (void *)&at, sizeof(at)))
		die("%s/control: %s", c->dir, strerror(errno));
	close(dir);
	return fd;
}

static pid_t give_birth(struct birth *b, unsigned long flags)
{
	int own = namespaces_join_pid(b->c->config), pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		die("socketpair: %s", strerror(errno));
	fflush(NULL);
	pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
	if (pid < 0)
		die("no process with these namespaces: %s%s", strerror(errno),
		    geteuid() ?
			    " (without root: add a user namespace with mappings)" :
			    "");
	if (!pid) {
		b->sync = pair[1];
		close(pair[0]);
		container_main(b);
	}
	close(pair[1]);
	b->sync = pair[0];
	if (own >= 0)
		setns(own, CLONE_NEWPID);
	return pid;
}

static void check_console(const struct create_options *o, const cJSON *config)
{
	bool terminal = json_bool(config, "process.terminal", false);

	if (terminal && !o->console_socket && !o->foreground)
		die("process.terminal is true: say where the terminal goes with --console-socket, or use run without --detach");
	if (!terminal && o->console_socket)
		die("--console-socket: process.terminal is false");
}

static void write_pid(const char *file, pid_t pid)
{
	FILE *f;

	if (!file)
		return;
	f = fopen(file, "we");
	if (!f || fprintf(f, "%d", pid) < 0 || fclose(f))
		die("--pid-file %s: %s", file, strerror(errno));
}

static void load(struct container *c, const struct create_options *o)
{
	char here[PATH_MAX];

	if (!realpath(o->bundle ?: ".", here))
		die("--bundle %s: %s", o->bundle ?: ".", strerror(errno));
	c->bundle = text("%s", here);
	c->config = config_load(here);
	treatments_apply(c->config);
	check_console(o, c->config);
}

static void attend(struct container *c, struct birth *b)
{
	char word[2048];

	if (!sync_hear(b->sync, word, sizeof(word)))
		die("the container's process has ended while it was made");
	if (namespaces_user_new(c->config))
		namespaces_map(c->config, c->pid);
	if (!strcmp(word, "born"))
		cgroup_add(c, c->pid);
	else if (strcmp(word, "joined"))
		die("%s", word);
	sync_tell(b->sync, "go");
	sync_expect(b->sync, "namespaces");
	hooks_run(c, "prestart", "creating", true);
	hooks_run(c, "createRuntime", "creating", true);
	sync_tell(b->sync, "go");
	sync_expect(b->sync, "ready");
	close(b->sync);
}

/* Before a control group forbids devices. */
static void open_console(struct birth *b)
{
	b->console = console_connect(b->o->console_socket);
	b->slave = console_pair(&b->master);
}

static void close_console(const struct birth *b)
{
	if (b->console < 0)
		return;
	close(b->console);
	close(b->master);
	close(b->slave);
}

void create_container(struct container *c, const struct create_options *o)
{
	struct birth b = {
		.c = c, .o = o, .console = -1, .master = -1, .slave = -1
	};
	struct container loaded = { 0 };
	unsigned long flags;

	phase("parse");
	state_check_id(o->id);
	load(&loaded, o);
	flags = namespaces_new(loaded.config);
	orphans_remove();
	state_new(c, o->id);
	c->bundle = loaded.bundle;
	c->config = loaded.config;
	c->foreground = o->foreground;
	made = c;
	undo = take_back;
	state_save_config(c);
	if (o->console_socket)
		open_console(&b);
	b.control = open_control(c);
	sandbox_prepare(); /* before a control group forbids devices */
	cgroup_create(c);
	c->pid = give_birth(&b, flags);
	attend(c, &b);
	close(b.control);
	close_console(&b);
	state_save(c);
	write_pid(o->pid_file, c->pid);
	undo = NULL;
}

int verb_create(int argc, char **argv)
{
	struct create_options o = { 0 };
	struct container c;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++)
		if (!create_option(&o, &i, argc, argv))
			option_unknown("create", argv[i]);
	o.id = the_id(i, argc, argv, "create");
	o.detach = true;
	phase_open();
	create_container(&c, &o);
	return 0;
}
