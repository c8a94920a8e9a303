// SPDX-License-Identifier: GPL-2.0-only
/*
 * config.json in the words of process 1 of the library kernel (its setup.c,
 * plan.c). Mounts happen there, in the order in which config.json has them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/mount.h>

#include "rootfs.h"
#include "runu.h"
#include "process.h"

static const struct {
	const char *name;
	unsigned long flag;
} options[] = {
	{ "ro", MS_RDONLY },
	{ "nosuid", MS_NOSUID },
	{ "nodev", MS_NODEV },
	{ "noexec", MS_NOEXEC },
	{ "sync", MS_SYNCHRONOUS },
	{ "noatime", MS_NOATIME },
	{ "nodiratime", MS_NODIRATIME },
	{ "relatime", MS_RELATIME },
	{ "strictatime", MS_STRICTATIME },
	{ "dirsync", MS_DIRSYNC },
};

/* Words that are the default, or about who sees a mount on the host. */
static const char *const silent[] = {
	"rw",	     "suid",	   "dev",     "exec",	    "async",
	"bind",	     "rbind",	   "private", "rprivate",   "slave",
	"rslave",    "shared",	   "rshared", "unbindable", "runbindable",
	"defaults",  "norelatime", "atime",   "diratime",   "nostrictatime",
	"tmpcopyup", "copy",	   "nocopy",  "z",	    "Z",
	"U",
};

static bool is_silent(const char *word)
{
	for (size_t i = 0; i < sizeof(silent) / sizeof(*silent); i++)
		if (!strcmp(word, silent[i]))
			return true;
	return false;
}

/* Flags of mount(2); what is left is the file system's, returned in @data. */
static unsigned long split_options(const cJSON *mount, char **data)
{
	unsigned long flags = 0;
	const cJSON *o;

	*data = text("%s", "");
	cJSON_ArrayForEach(o, json_list(mount, "options"))
	{
		const char *word = o->valuestring;
		char *more;
		size_t i = 0;

		while (i < sizeof(options) / sizeof(*options) &&
		       strcmp(options[i].name, word))
			i++;
		if (i < sizeof(options) / sizeof(*options)) {
			flags |= options[i].flag;
			continue;
		}
		if (is_silent(word))
			continue;
		more = text("%s%s%s", *data, **data ? "," : "", word);
		free(*data);
		*data = more;
	}
	return flags;
}

static bool has_option(const cJSON *mount, const char *word)
{
	const cJSON *o;

	cJSON_ArrayForEach(
		o, json_list(mount, "options")) if (!strcmp(o->valuestring,
							    word)) return true;
	return false;
}

static void tell_bind(const struct container *c, const cJSON *mount)
{
	char *from = rootfs_path(c, json_text(mount, "source", "")), *data;
	const char *to = json_text(mount, "destination", "");
	unsigned long flags = split_options(mount, &data);
	char name[16] = "";
	struct stat st;
	int tree, fd;

	if (stat(from, &st))
		die("config.json: mounts: %s: source %s: %s", to, from,
		    strerror(errno));
	tree = rootfs_tree(
		from, has_option(mount, "rbind") || !has_option(mount, "bind"),
		MOUNT_ATTR_NODEV | (flags & MS_RDONLY ? MOUNT_ATTR_RDONLY : 0));
	fd = S_ISDIR(st.st_mode) ? tree :
				   rootfs_stage(tree, name, sizeof(name));
	setup_add("bind", "%d:%s%s%s%s:%s:%s", fd,
		  flags & MS_RDONLY ? "ro" : "rw",
		  flags & MS_NOSUID ? ",nosuid" : "",
		  flags & MS_NODEV ? ",nodev" : "",
		  flags & MS_NOEXEC ? ",noexec" : "", name, to);
	free(from);
	free(data);
}

static const char *const known_types[] = { "tmpfs",  "proc",   "sysfs",
					   "devpts", "mqueue", "ramfs" };

static void tell_mount(const struct container *c, const cJSON *mount)
{
	const char *type = json_text(mount, "type", "");
	unsigned long flags;
	char *data;

	if (mount_is_bind(mount)) {
		tell_bind(c, mount);
		return;
	}
	if (!strncmp(type, "cgroup", 6)) {
		note("mount of %s: left out: the library kernel has no control groups",
		     type);
		return;
	}
	for (size_t i = 0; i < sizeof(known_types) / sizeof(*known_types);
	     i++) {
		if (strcmp(type, known_types[i]))
			continue;
		flags = split_options(mount, &data);
		setup_add("mount", "%s\t%lx\t%s\t%s", type, flags,
			  json_text(mount, "destination", ""), data);
		free(data);
		return;
	}
	die("config.json: mounts: type %s: the library kernel has bind, tmpfs, proc, sysfs, devpts, mqueue",
	    type);
}

static void tell_list(const cJSON *config, const char *path, const char *key)
{
	const cJSON *item;

	cJSON_ArrayForEach(item,
			   json_list(config, path)) if (cJSON_IsString(item))
		setup_add(key, "%s", item->valuestring);
}

/* The host layer is built without vector registers: no double goes to setup_add(). */
static unsigned int whole(const cJSON *at, const char *name, unsigned int other)
{
	return json_number(at, name, other);
}

static void tell_devices(const cJSON *config)
{
	const cJSON *d;

	cJSON_ArrayForEach(d, json_list(config, "linux.devices"))
		setup_add("device", "%s:%u:%u:%o:%u:%u:%s",
			  json_text(d, "type", "c"), whole(d, "major", 0),
			  whole(d, "minor", 0), whole(d, "fileMode", 0666),
			  whole(d, "uid", 0), whole(d, "gid", 0),
			  json_text(d, "path", ""));
}

static void tell_sysctl(const cJSON *config)
{
	const char *more = json_annotation(config, "sysctl");
	const cJSON *item;

	cJSON_ArrayForEach(item,
			   json_get(config,
				    "linux.sysctl")) if (cJSON_IsString(item))
		setup_add("sysctl", "%s=%s", item->string, item->valuestring);
	for (; more && *more; more += strcspn(more, ","), more += *more == ',')
		setup_add("sysctl", "%.*s", (int)strcspn(more, ","), more);
}

static void tell_hooks(const struct container *c)
{
	const cJSON *hook, *word;
	cJSON *report;

	cJSON_ArrayForEach(hook, json_list(c->config, "hooks.startContainer"))
	{
		setup_add("hook", "%s", json_text(hook, "path", ""));
		setup_add("hooktime", "%u", whole(hook, "timeout", 0));
		cJSON_ArrayForEach(word, json_list(hook, "args"))
			setup_add("hookarg", "%s", word->valuestring);
		cJSON_ArrayForEach(word, json_list(hook, "env"))
			setup_add("hookenv", "%s", word->valuestring);
	}
	if (!json_get(c->config, "hooks.startContainer"))
		return;
	report = state_report(c, "created");
	setup_add("hookstate", "%s", json_line(report));
	cJSON_Delete(report);
}

static const struct {
	const char *name;
	int number;
} limits[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
};

typedef void (*adder)(const char *key, const char *format, ...);

static void tell_limits(const cJSON *process, adder add)
{
	const cJSON *l;

	cJSON_ArrayForEach(l, json_list(process, "rlimits"))
	{
		const char *type = json_text(l, "type", "");
		size_t i = 0;

		while (i < sizeof(limits) / sizeof(*limits) &&
		       strcmp(limits[i].name, type))
			i++;
		if (i == sizeof(limits) / sizeof(*limits))
			die("config.json: process.rlimits: %s: no such limit",
			    type);
		/* Numbers above 2^53 lose their last digits; those mean "none". */
		double soft = json_number(l, "soft", 0);
		double hard = json_number(l, "hard", 0);

		add("rlimit", "%d:%llu:%llu", limits[i].number,
		    soft >= 18446744073709551615.0 ? ~0ULL :
						     (unsigned long long)soft,
		    hard >= 18446744073709551615.0 ? ~0ULL :
						     (unsigned long long)hard);
	}
}

static void tell_user(const cJSON *process, adder add)
{
	const cJSON *group, *groups = json_list(process, "user.additionalGids");
	char *line = text("%.0f:%.0f", json_number(process, "user.uid", 0),
			  json_number(process, "user.gid", 0));

	cJSON_ArrayForEach(group, groups)
	{
		char *more = text("%s,%.0f", line, group->valuedouble);

		free(line);
		line = more;
	}
	add("user", "%s", line);
	free(line);
}

static void tell_environment(const cJSON *process, adder add)
{
	bool home = false;
	const cJSON *item;

	cJSON_ArrayForEach(item, json_list(process, "env"))
	{
		add("env", "%s", item->valuestring);
		home = home || !strncmp(item->valuestring, "HOME=", 5);
	}
	if (!home)
		add("env", "HOME=%s",
		    json_number(process, "user.uid", 0) ? "/" : "/root");
}

/* A program, the container's own or one by exec. */
void describe_process(const cJSON *process, adder add)
{
	const cJSON *item;

	add("cwd", "%s", json_text(process, "cwd", "/"));
	tell_user(process, add);
	if (json_get(process, "capabilities"))
		add("caps", "%llx:%llx:%llx:%llx:%llx",
		    capabilities_set(process, "bounding"),
		    capabilities_set(process, "effective"),
		    capabilities_set(process, "inheritable"),
		    capabilities_set(process, "permitted"),
		    capabilities_set(process, "ambient"));
	add("nnp", "%d", json_bool(process, "noNewPrivileges", false));
	add("tty", "%d", json_bool(process, "terminal", false));
	if (json_get(process, "user.umask"))
		add("umask", "%o",
		    (unsigned int)json_number(process, "user.umask", 022));
	tell_limits(process, add);
	tell_environment(process, add);
	cJSON_ArrayForEach(item, json_list(process, "args"))
		add("arg", "%s", item->valuestring);
}

/* A private image: its file is a disk, and the root if nothing may be written. */
static void tell_image(const struct rootfs *r)
{
	int disk = host_add_disk(r->image, LKL_DISK_RO, r->image_start);

	if (disk < 0)
		die("the private image: %s", strerror(-disk));
	setup_add("root", "erofs:%d:ro", disk);
	if (!r->read_only)
		setup_add("cover", "1");
}

static void tell_libc(const cJSON *config)
{
	const char *how = json_annotation(config, "libc");
	char path[4096];
	ssize_t n;
	int tree, fd;
	char name[16];

	if (how && !strcmp(how, "none"))
		return;
	n = readlink("/proc/self/exe", path, sizeof(path) - 64);
	if (n < 0)
		return;
	path[n] = 0;
	*strrchr(path, '/') = 0;
	strcat(path, "/../lib/ld-musl-x86_64.so.1");
	if (access(path, R_OK)) {
		warn("no %s: images on musl take the slow way", path);
		return;
	}
	tree = rootfs_tree(path, false, MOUNT_ATTR_RDONLY);
	fd = rootfs_stage(tree, name, sizeof(name));
	setup_add("libc", "%d:ro:%s:/lib/ld-musl-x86_64.so.1", fd, name);
}

void describe(const struct birth *b, const struct rootfs *r)
{
	const struct container *c = b->c;
	const cJSON *config = c->config, *m;
	const char *hostname = json_text(config, "hostname", NULL);
	const char *domain = json_text(config, "domainname", NULL);

	setup_add("name", "runu");
	setup_add("requests", "%d", b->control);
	setup_add("plain", "1");
	if (r->image >= 0)
		tell_image(r);
	else
		setup_add("root", "hostdir:%d:%s%s", r->dir,
			  r->read_only ? "ro" : "rw",
			  json_annotation(config, "exclusive") ? ",exclusive" :
								 "");
	cJSON_ArrayForEach(m, json_list(config, "mounts")) tell_mount(c, m);
	if (r->libc)
		tell_libc(config);
	tell_devices(config);
	tell_list(config, "linux.maskedPaths", "mask");
	tell_list(config, "linux.readonlyPaths", "fixed");
	tell_sysctl(config);
	if (hostname)
		setup_add("hostname", "%s", hostname);
	if (domain)
		setup_add("domainname", "%s", domain);
	if (json_get(config, "process.oomScoreAdj"))
		setup_add("oom", "%d",
			  (int)json_number(config, "process.oomScoreAdj", 0));
	setup_add("propagation", "%s",
		  json_text(config, "linux.rootfsPropagation", ""));
	setup_add("pid1", "%d", config_namespace(config, "pid") != NULL);
	tell_hooks(c);
	setup_add("keep", "%d", b->o->preserve_fds);
	describe_seccomp(config, setup_add);
	describe_process(json_get(config, "process"), setup_add);
}
