/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Process 1 of the library kernel in process mode: an ordinary program, which
 * prepares the machine as /setup says, runs the program that this is all for,
 * passes signals on to it, reaps orphans, and ends the machine with its status.
 * Under runu it also starts further programs, when the host asks for them.
 */
#ifndef UKRUN_INIT_H
#define UKRUN_INIT_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#define EXIT_SETUP 125 /* as env(1) and chroot(1) have it */
#define EXIT_NO_EXEC 126
#define EXIT_NOT_FOUND 127

#define MAX_GROUPS 64
#define MAX_LIMITS 16

/* Bits of the capability sets, as in runtime-spec's config.json. */
struct capabilities {
	unsigned long long bounding, effective, inheritable, permitted, ambient;
};

/**
 * struct plan - a program and what it is to be
 * @home: directory to make, when it is not there, and to start in
 * @capable: whether @caps are given; else they are what the user has
 * @filter: the system calls it may make, as filter_take() wants it, or NULL: all
 * @mask: umask, or -1; @kept: host descriptors from 3 on that it gets
 */
struct plan {
	char **argv, **envp;
	size_t args, envs;
	const char *cwd, *filter;
	unsigned int uid, gid;
	gid_t groups[MAX_GROUPS];
	int group_count;
	bool capable, no_new_privs, tty;
	struct capabilities caps;
	struct {
		int resource;
		unsigned long long soft, hard;
	} limits[MAX_LIMITS];
	int limit_count;
	int mask, kept;
};

/* /dev/lkl */
extern int control;

/* What the host calls itself, and the descriptor that waits for our start. */
extern const char *host_name;
extern int started;

/* Says what is wrong, to whom waits or on standard error, and ends the machine. */
void fail(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
void end(int status) __attribute__((noreturn));

/* A file for this descriptor of the host; a descriptor out of programs' way. */
int host_descriptor(int fd);
int aside(int fd);

/* setup.c: the machine, and its program's plan */
extern bool pid1;
extern const char *oom_score;
extern int requests; /* host descriptor of the socket for them, or -1 */
void setup_read(struct plan *plan);

/* phase.c: when a phase of the start begins, for who measures it */
void phase_open(int host_fd);
void phase(const char *name);

/* plan.c; false: no such key */
bool plan_init(struct plan *plan, const char *text, size_t size);
bool plan_item(struct plan *plan, const char *key, char *value);

/* identity.c: become who the plan says; returns NULL, or what did not work */
const char *identity_take(const struct plan *plan);

/* filter.c: from now on only these calls; false: with the reason in errno */
bool filter_take(const char *text);

/* mounts.c */
void mount_root(const char *text);
void mount_bind(const char *text, bool optional);
void mount_scratch(const char *target);
void mount_cover(void);
void mount_propagation(const char *how);
void mount_add(const char *text);
void mount_mask(const char *path);
void mount_read_only(const char *path);
void mounts_plain(void);
void mounts_switch(void);
void mounts_attach(void);
void mounts_end(void);

/* devices.c: what /dev has to have; one more */
void devices_make(void);
void device_add(const char *text);
void devices_finish(void);

/* sysctl.c */
void sysctl_add(const char *text);
void sysctl_apply(void);

/* hooks.c: programs to run before the program */
void hook_item(const char *key, char *value);
void hooks_run(void);

/* cpio.c: an archive, a file of the host, into the working directory */
void cpio_unpack(int host_fd);

/* network.c */
void network_device(const char *text);
void network_up(const char *ifname);
void network_mtu(const char *text);
void network_address(const char *text);
void network_gateway(const char *text);
void network_route(const char *text);
void network_address6(const char *text);
void network_gateway6(const char *text);

/* resolver.c: the name server that the engine has on a loopback address */
#define RESOLVER_FDS 3

void resolver_open(const char *text);
void resolver_other(const char *text);
int resolver_poll(struct pollfd *fds);
void resolver_events(const struct pollfd *fds);

/* terminal.c */
const char *terminal_open(int *master, int *slave);
void terminal_console(int slave);
void terminal_take(int slave);
void terminal_resize(int master, int from);

/* Octets on their way from one descriptor to another; @over: there are no more. */
struct flow {
	int from, to;
	size_t begin, end;
	bool over;
	char text[4096];
};

void terminal_flow(struct flow *f, int from, int to);
void flow_poll(const struct flow *f, struct pollfd *p);
void flow_step(struct flow *f);
void flow_finish(struct flow *f);

/**
 * struct launch - a program on its way
 * @fds: what becomes its standard input, output and error, or -1: as they are
 * @master: the terminal's other end, when the plan has one
 * @what, @error: what did not work; @status: what to exit with then
 */
struct launch {
	const struct plan *plan;
	int fds[3];
	bool first;
	int master;
	char what[256];
	int error, status;
};

/* launch.c: returns the process, or -1 with @what, @error and @status */
pid_t launch(struct launch *l);

/* session.c: programs of the host's requests, and their streams */
#define MAX_SESSIONS 16

int session_fds(struct pollfd *fds);
void session_events(const struct pollfd *fds);
void session_request(void);
void session_ended(pid_t pid, int status);

/* ask.c: requests that are questions */
void answer_stats(int to);
void answer_ps(int to);

/* run.c */
void run(const struct plan *plan) __attribute__((noreturn));

#endif
