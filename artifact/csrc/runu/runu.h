/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * runu: an OCI runtime whose containers run on Linux as a library.
 *
 * The host's part of a container is one process: the library kernel, its host
 * layer (lkl_patches/linux/overlay/tools/lkl/process) and the container's
 * programs. runu makes it with fork(2), so nothing is executed a second time:
 *
 *	create.c	the runtime's side: state, control groups, hooks, errors
 *	container.c	the new process's side, up to the library kernel's boot
 *	describe.c	what process 1 of the library kernel is told about config.json
 *
 * Errors: die() says what, where and what to do in one line, on standard error
 * and in the log, undoes what has been done (undo) and exits. In a container's
 * process it tells the runtime, who says it.
 */
#ifndef RUNU_H
#define RUNU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>
#include <cJSON.h>

#define VERSION "0.1.0"
#define SPEC_VERSION "1.1.0"
#define STATE_ROOT "/run/ukontainer"
#define ANNOTATION "org.ukontainer."

struct globals {
	const char *root, *log;
	bool log_json, debug;
};

extern struct globals globals;

/* error.c */
extern void (*undo)(void);
extern int tell_fd; /* in a container's process: where errors are told */

void die(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *need(void *memory); /* dies when there is none */
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* phase.c: where the time of a start goes, for RUNU_PHASES=FILE */
void phase(const char *name);
void phase_open(void);
int phase_fd(void);

/* json.c: @path is "process.user.uid"; wrong types are errors that name it */
cJSON *json_load(const char *file);
const cJSON *json_get(const cJSON *at, const char *path);
const char *json_text(const cJSON *at, const char *path, const char *otherwise);
double json_number(const cJSON *at, const char *path, double otherwise);
bool json_bool(const cJSON *at, const char *path, bool otherwise);
const cJSON *json_list(const cJSON *at, const char *path);
const char *json_annotation(const cJSON *config, const char *name);
void json_print(const cJSON *value);
char *json_line(const cJSON *value);

/* config.c */
cJSON *config_load(const char *bundle);
const cJSON *config_namespace(const cJSON *config, const char *type);
void config_check_process(const cJSON *process, const char *where);
int config_signal(const char *text);

/* treatment.c: what of config.json is not done, and why */
struct treatment {
	const char *path, *why;
	bool refused;
};

extern const struct treatment treatments[];
void treatments_apply(const cJSON *config);

/* state.c: STATE_ROOT/ID */
struct container {
	const char *id;
	char *dir; /* of its state */
	char *bundle;
	cJSON *config, *state;
	pid_t pid;
	bool foreground; /* whoever ran it would have deleted it */
	unsigned long long born; /* when the process began, in clock ticks */
};

void state_check_id(const char *id);
void state_new(struct container *c, const char *id);
void state_open(struct container *c, const char *id);
bool state_find(struct container *c, const char *id);
void state_lock(struct container *c);
void state_save(struct container *c);
void state_save_config(const struct container *c);
void state_remove(const struct container *c);
const char *state_status(const struct container *c);
bool state_running(const struct container *c);
void state_mark_started(const struct container *c);
cJSON *state_report(const struct container *c, const char *status);
char *state_file(const struct container *c, const char *name);
bool process_look(pid_t pid, char *letter, unsigned long long *born);
void process_end(const struct container *c);

/* create.c */
struct create_options {
	const char *id, *bundle, *pid_file, *console_socket;
	int preserve_fds;
	bool detach, foreground;
};

bool create_option(struct create_options *o, int *i, int argc, char **argv);
void create_container(struct container *c, const struct create_options *o);

/* orphans.c */
void orphans_remove(void);

/* start.c */
void start_container(struct container *c);

/* delete.c */
void delete_container(struct container *c);

/* container.c: the new process; does not return */
struct birth {
	struct container *c;
	const struct create_options *o;
	int sync; /* to the runtime */
	int console; /* connection for the terminal, or -1 */
	int master, slave; /* its two ends */
	int control; /* socket for requests */
};

void container_main(struct birth *b) __attribute__((noreturn));

/* sync.c: one word at a time between runtime and new process */
void sync_tell(int fd, const char *word);
void sync_expect(int fd, const char *word);
bool sync_hear(int fd, char *word, size_t size);

/* namespaces.c */
unsigned long namespaces_new(const cJSON *config);
void namespaces_join(const cJSON *config);
int namespaces_join_pid(const cJSON *config);
bool namespaces_user_new(const cJSON *config);
void namespaces_map(const cJSON *config, pid_t pid);
bool has_network(const cJSON *config);

/* cgroup.c */
void cgroup_create(struct container *c);
bool cgroup_join(const struct container *c);
void cgroup_add(const struct container *c, pid_t pid);
void cgroup_remove(const struct container *c);
void cgroup_freeze(const struct container *c, bool frozen);
bool cgroup_frozen(const struct container *c);
bool cgroup_read(const struct container *c, const char *controller,
		 const char *file, char *to, size_t size);
bool cgroup_is_v2(void);

/* resources.c: limits of linux.resources as files of control groups */
void resources_write(const cJSON *config, const char *controller,
		     const char *dir, bool v2);

/* hooks.c */
void hooks_run(const struct container *c, const char *point, const char *status,
	       bool must);

/* rootfs.c */
struct rootfs {
	int dir; /* the root directory */
	int image; /* a private image's file, or -1 */
	unsigned long long image_start;
	bool read_only, libc;
};

void rootfs_open(struct rootfs *r, const struct container *c);
void rootfs_stage_open(const struct container *c);
void rootfs_seal(void);
int rootfs_stage(int tree, char *name, size_t size);

/* program.c */
struct program {
	const char *kind; /* "musl", "static", "other", "private" */
	unsigned long long image_start;
	char inside[232]; /* the program in a private image */
	int fd;
};

void program_look(struct program *p, const struct container *c, int root);

/* network.c: interfaces of the network namespace become the library kernel's */
void network_take(const struct container *c);

/* resolver.c */
void resolver_take(const struct container *c);

/* describe.c */
void describe(const struct birth *b, const struct rootfs *r);
void describe_process(const cJSON *process,
		      void (*add)(const char *key, const char *format, ...));

/* seccomp.c */
extern const char *const seccomp_actions[], *const seccomp_operators[];
void describe_seccomp(const cJSON *config,
		      void (*add)(const char *key, const char *format, ...));

/* capabilities.c */
unsigned long long capabilities_set(const cJSON *process, const char *name);
const char *capability_name(int cap);
void capabilities_drop(const cJSON *config);

/* console.c */
int console_pair(int *master);
int console_connect(const char *path);
void console_send(int connection, int master);
void console_adopt(int slave);

/* client.c: requests to a running container */
int client_ask(const struct container *c, const char *data, size_t size,
	       const int *fds, int count);
char *client_answer(const struct container *c, const char *question);

/* verbs */
int verb_create(int argc, char **argv);
int verb_delete(int argc, char **argv);
int verb_events(int argc, char **argv);
int verb_exec(int argc, char **argv);
int verb_features(int argc, char **argv);
int verb_kill(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_pause(int argc, char **argv);
int verb_ps(int argc, char **argv);
int verb_resume(int argc, char **argv);
int verb_run(int argc, char **argv);
int verb_spec(int argc, char **argv);
int verb_start(int argc, char **argv);
int verb_state(int argc, char **argv);

/* options.c */
bool option_value(const char *name, const char *letter, const char **value,
		  int *i, int argc, char **argv);
bool option_flag(const char *name, const char *letter, int i, char **argv);
void option_unknown(const char *verb, const char *word)
	__attribute__((noreturn));
const char *the_id(int i, int argc, char **argv, const char *verb);

#endif
