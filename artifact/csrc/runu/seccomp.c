// SPDX-License-Identifier: GPL-2.0-only
/*
 * linux.seccomp: compiled here by libseccomp, in force inside the library kernel,
 * whose calls are what the program makes (the host's are the sandbox's matter).
 * Process 1 there takes it as hexadecimal digits (its filter.c).
 */
#include <errno.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runu.h"

#define ARGUMENTS 6
/* With this, a call is looked up in steps that halve the list (seccomp_attr_set(3)). */
#define BINARY_TREE 2

const char *const seccomp_actions[] = {
	"SCMP_ACT_KILL",  "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
	"SCMP_ACT_TRAP",  "SCMP_ACT_ERRNO",	   "SCMP_ACT_TRACE",
	"SCMP_ACT_ALLOW", "SCMP_ACT_LOG",	   NULL
};
const char *const seccomp_operators[] = { "SCMP_CMP_NE",	"SCMP_CMP_LT",
					  "SCMP_CMP_LE",	"SCMP_CMP_EQ",
					  "SCMP_CMP_GE",	"SCMP_CMP_GT",
					  "SCMP_CMP_MASKED_EQ", NULL };

static const char *word(const cJSON *at, const char *name)
{
	const char *value = json_text(at, name, NULL);

	if (!value)
		die("config.json: linux.seccomp: a rule without %s", name);
	return value;
}

/* @error: what the caller gets with ERRNO and TRACE. */
static uint32_t action(const char *name, unsigned int error)
{
	if (!strcmp(name, "SCMP_ACT_NOTIFY"))
		die("config.json: linux.seccomp: SCMP_ACT_NOTIFY: not with a library kernel: who is notified would look into a process of the host");
	if (error > 0xffff)
		die("config.json: linux.seccomp: error number %u: too large",
		    error);
	const uint32_t values[] = {
		SCMP_ACT_KILL,	SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_THREAD,
		SCMP_ACT_TRAP,	SCMP_ACT_ERRNO(error), SCMP_ACT_TRACE(error),
		SCMP_ACT_ALLOW, SCMP_ACT_LOG
	};

	for (size_t i = 0; seccomp_actions[i]; i++)
		if (!strcmp(name, seccomp_actions[i]))
			return values[i];
	die("config.json: linux.seccomp: action %s: there is none of that name",
	    name);
}

static enum scmp_compare operator(const char *name) {
	for (size_t i = 0; seccomp_operators[i];
	     i++) if (!strcmp(name, seccomp_operators[i])) return SCMP_CMP_NE +
		i;
	die("config.json: linux.seccomp: operator %s: there is none of that name",
	    name);
}

/* JSON's numbers are doubles here, exact up to 2^53. */
static scmp_datum_t datum(const cJSON *at, const char *name)
{
	double value = json_number(at, name, 0);

	if (value < 0 || value > 9007199254740992.0)
		die("config.json: linux.seccomp: args: %s: not from 0 to 2^53",
		    name);
	return value;
}

static struct scmp_arg_cmp comparison(const cJSON *arg)
{
	double index = json_number(arg, "index", ARGUMENTS);

	if (index < 0 || index >= ARGUMENTS)
		die("config.json: linux.seccomp: args: index: not from 0 to 5");
	return (struct scmp_arg_cmp){
		.arg = index,
		.op = operator(word(arg, "op")),
		.datum_a = datum(arg, "value"),
		.datum_b = datum(arg, "valueTwo"),
	};
}

/* How the arguments are to be; @twice: one of them is named more than once. */
static unsigned int comparisons(const cJSON *rule,
				struct scmp_arg_cmp to[ARGUMENTS], bool *twice)
{
	unsigned int n = 0, seen = 0;
	const cJSON *arg;

	*twice = false;
	cJSON_ArrayForEach(arg, json_list(rule, "args"))
	{
		if (n == ARGUMENTS)
			die("config.json: linux.seccomp: more than 6 args");
		to[n] = comparison(arg);
		*twice = *twice || seen >> to[n].arg & 1;
		seen |= 1U << to[n++].arg;
	}
	return n;
}

static void add(scmp_filter_ctx filter, uint32_t what, const char *name,
		unsigned int n, const struct scmp_arg_cmp *compare)
{
	int nr = seccomp_syscall_resolve_name(name), error;

	if (nr == __NR_SCMP_ERROR) {
		note("config.json: linux.seccomp: %s: no such system call",
		     name);
		return;
	}
	error = seccomp_rule_add_array(filter, what, nr, n, compare);
	/* EACCES: it says what is done with all others anyway. */
	if (error && error != -EACCES && error != -EEXIST)
		die("config.json: linux.seccomp: %s: %s", name,
		    strerror(-error));
}

/* Several conditions on one argument are alternatives, as runc has it. */
static void add_rule(scmp_filter_ctx filter, const cJSON *rule)
{
	struct scmp_arg_cmp compare[ARGUMENTS];
	unsigned int error = json_number(rule, "errnoRet", EPERM);
	uint32_t what = action(word(rule, "action"), error);
	const cJSON *name;
	bool twice;
	unsigned int n = comparisons(rule, compare, &twice);

	cJSON_ArrayForEach(name, json_list(rule, "names"))
	{
		if (!cJSON_IsString(name))
			die("config.json: linux.seccomp: names: must be strings");
		for (unsigned int i = 0; twice && i < n; i++)
			add(filter, what, name->valuestring, 1, &compare[i]);
		if (!twice)
			add(filter, what, name->valuestring, n, compare);
	}
}

static const char *const flags[] = { "SECCOMP_FILTER_FLAG_LOG",
				     "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
				     "SECCOMP_FILTER_FLAG_TSYNC", NULL };

/* They change nothing here: no audit log, no mitigations, one thread. */
static void check_flags(const cJSON *profile)
{
	const cJSON *flag;

	cJSON_ArrayForEach(flag, json_list(profile, "flags"))
	{
		const char *name = flag->valuestring ?: "";
		size_t i = 0;

		while (flags[i] && strcmp(flags[i], name))
			i++;
		if (!flags[i])
			die("config.json: linux.seccomp: flag %s: not one of SECCOMP_FILTER_FLAG_LOG, _SPEC_ALLOW, _TSYNC",
			    name);
	}
}

static char *digits(scmp_filter_ctx filter)
{
	static const char hex[] = "0123456789abcdef";
	static unsigned char program[8 * 4096];
	int fd = memfd_create("filter", MFD_CLOEXEC), error;
	char *all;
	ssize_t n;

	error = fd < 0 ? -errno : seccomp_export_bpf(filter, fd);
	if (error)
		die("config.json: linux.seccomp: %s", strerror(-error));
	n = pread(fd, program, sizeof(program), 0);
	close(fd);
	if (n <= 0 || n == sizeof(program))
		die("config.json: linux.seccomp: compiles to more than 4095 instructions");
	all = need(calloc(1, 2 * n + 1));
	for (ssize_t i = 0; i < n; i++) {
		all[2 * i] = hex[program[i] >> 4];
		all[2 * i + 1] = hex[program[i] & 15];
	}
	return all;
}

void describe_seccomp(const cJSON *config,
		      void (*tell)(const char *key, const char *format, ...))
{
	const cJSON *profile = json_get(config, "linux.seccomp"), *rule;
	scmp_filter_ctx filter;
	char *text_;

	if (!profile)
		return;
	check_flags(profile);
	filter = need(seccomp_init(
		action(word(profile, "defaultAction"),
		       json_number(profile, "defaultErrnoRet", EPERM))));
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, BINARY_TREE);
	cJSON_ArrayForEach(rule, json_list(profile, "syscalls"))
		add_rule(filter, rule);
	text_ = digits(filter);
	tell("seccomp", "%s", text_);
	free(text_);
	seccomp_release(filter);
}
