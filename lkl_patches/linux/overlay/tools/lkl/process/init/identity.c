// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whom a program runs as: limits, groups, user, capabilities and system calls, in
 * the order in which each still may do what comes after it (capabilities(7)).
 */
#include <grp.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>

#include "init.h"

#define LAST_CAPABILITY 63

static bool has(unsigned long long set, int cap)
{
	return set >> cap & 1;
}

static const char *set_limits(const struct plan *plan)
{
	for (int i = 0; i < plan->limit_count; i++) {
		struct rlimit limit = { plan->limits[i].soft,
					plan->limits[i].hard };

		if (setrlimit(plan->limits[i].resource, &limit))
			return "process.rlimits";
	}
	return NULL;
}

/* Those that this kernel does not have are not there to be dropped. */
static void drop_bounding(unsigned long long keep)
{
	for (int cap = 0; cap <= LAST_CAPABILITY; cap++)
		if (!has(keep, cap))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

static bool set_capabilities(const struct capabilities *c)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++) {
		data[i].effective = c->effective >> 32 * i;
		data[i].permitted = c->permitted >> 32 * i;
		data[i].inheritable = c->inheritable >> 32 * i;
	}
	return !syscall(SYS_capset, &head, data);
}

static void raise_ambient(unsigned long long set)
{
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (int cap = 0; cap <= LAST_CAPABILITY; cap++)
		if (has(set, cap))
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
}

static bool set_user(const struct plan *plan)
{
	if (!plan->uid && !plan->gid && plan->group_count <= 1)
		return true;
	return !setgroups(plan->group_count, plan->groups) &&
	       !setgid(plan->gid) && !setuid(plan->uid);
}

const char *identity_take(const struct plan *plan)
{
	const char *bad = set_limits(plan);

	if (bad)
		return bad;
	/* Without no-new-privileges a filter is for who still has CAP_SYS_ADMIN. */
	if (plan->filter && !plan->no_new_privs && !filter_take(plan->filter))
		return "linux.seccomp";
	if (plan->capable)
		drop_bounding(plan->caps.bounding);
	prctl(PR_SET_KEEPCAPS, plan->capable, 0, 0, 0);
	if (!set_user(plan))
		return "user and groups";
	prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	if (plan->capable) {
		if (!set_capabilities(&plan->caps))
			return "process.capabilities";
		raise_ambient(plan->caps.ambient);
	}
	if (plan->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return "process.noNewPrivileges";
	if (plan->filter && plan->no_new_privs && !filter_take(plan->filter))
		return "linux.seccomp";
	return NULL;
}
