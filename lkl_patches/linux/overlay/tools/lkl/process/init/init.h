/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Process 1 of the library kernel in process mode: an ordinary program, which
 * prepares the machine as /setup says, runs the program that this is all for,
 * passes signals on to it, reaps orphans, and ends the machine with its status.
 */
#ifndef UKRUN_INIT_H
#define UKRUN_INIT_H

#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

#define EXIT_SETUP 125 /* as env(1) and chroot(1) have it */
#define EXIT_NO_EXEC 126
#define EXIT_NOT_FOUND 127

struct plan {
	char **argv, **envp;
	const char *cwd;
	unsigned int uid, gid;
	bool tty, pid1;
};

/* /dev/lkl */
extern int control;

/* Says what is wrong on the host's standard error and ends the machine. */
void fail(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
void end(int status) __attribute__((noreturn));

/* setup.c */
void setup_read(struct plan *plan);

/* mounts.c */
void mount_root(const char *text);
void mount_bind(const char *text, bool optional);
void mount_scratch(const char *target);
void mounts_finish(void);
void mounts_end(void);

/* cpio.c: an archive, a file of the host, into the working directory */
void cpio_unpack(int host_fd);

/* network.c */
void network_up(const char *ifname);
void network_address(const char *text);
void network_gateway(const char *text);
void network_address6(const char *text);
void network_gateway6(const char *text);

/* terminal.c */
int terminal_open(int *slave);
void terminal_take(int slave);
void terminal_resize(int master);

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

/* run.c */
void run(const struct plan *plan) __attribute__((noreturn));

#endif
