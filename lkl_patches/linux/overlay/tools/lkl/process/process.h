/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Process mode on a Linux host: the kernel, what it asks of its host, and the
 * programs it executes are one process with one thread.
 *
 * Nothing that runs after the boot may use the C library: its thread pointer is
 * the running program's. Host system calls are made directly (host_call.h).
 *
 *	0x000000010000 ...	programs
 *	0x7e0000000000 ...	this executable: kernel, host layer
 *	0x7e1000000000 ...	the kernel's memory
 */
#ifndef LKL_PROCESS_H
#define LKL_PROCESS_H

#include "../lib/host.h"
#include "../lib/host_call.h"

#define IMAGE_START 0x7e0000000000UL
#define MEMORY_START 0x7e1000000000UL

struct options;

/* A message and an end, before the boot. */
void die(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/* options.c: the command line */
struct options {
	const char *root, *root_type, *hostname, *cwd, *cmdline, *libc;
	const char *user, *net, *mac, *address, *gateway, *address6, *gateway6;
	const char **binds, **envs;
	int bind_count, env_count;
	char **argv;
	unsigned long memory;
	bool read_only, clear_env, pid1, tty, no_tty, verbose, map_shared,
		exclusive, sandbox;
};

void options_parse(struct options *o, int argc, char **argv);

/* packed.c: an image of the root in this executable's own file */
struct packed {
	int fd;
	unsigned long long start;
};

bool packed_open(struct packed *p, int *argc, char ***argv);
bool packed_find(int fd, unsigned long long *start, char program[232]);

/* setup.c: what process 1 is told, as NUL-terminated "key=value" */
void setup_add(const char *key, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void setup_finish(void);

/* ops.c */
void process_ops_init(const struct options *o);
unsigned long process_clock_find(void);
void process_exit(int status) __attribute__((noreturn));

/* boot.c */
void host_limits_raise(void);
void process_boot(bool sandbox) __attribute__((noreturn));

/* idle.c */
void idle_init(void);
void idle_sleep(void);
void idle_kick(void);
void idle_look(void);

/* signal.c */
void signals_init(void);
void timer_arm(unsigned long long when);

/* sandbox.c: the host's system calls that are left after sandbox_enter() */
struct host_allowed {
	long nr;
	const char *name;
};

extern const struct host_allowed host_allowed[];
extern const size_t host_allowed_count;

extern int host_random_fd;

void sandbox_prepare(void);
void sandbox_enter(void);

/* terminal.c */
void terminal_init(struct options *o);
void terminal_restore(void);

#endif
