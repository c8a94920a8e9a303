// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directories of the host that the container may see. Each is a mount of its own
 * that hangs nowhere (open_tree(2)), so there is no way up from it, and is
 * read-only for whoever holds it where config.json says so, and has no devices
 * of the host (mount_setattr(2)).
 * The process's own root is an empty directory in the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/mount.h>
#include <linux/openat2.h>

#include "runu.h"
#include "rootfs.h"

static int stage = -1, staged;

/* Of the host's mounts: whether the container sees later ones below its own. */
static unsigned long propagation(const cJSON *config)
{
	static const char *const known[] = {
		"",	  "private", "rprivate",   "slave",	 "rslave",
		"shared", "rshared", "unbindable", "runbindable"
	};
	const char *how = json_text(config, "linux.rootfsPropagation", "");
	size_t i = 0;

	while (i < sizeof(known) / sizeof(*known) && strcmp(known[i], how))
		i++;
	if (i == sizeof(known) / sizeof(*known))
		die("config.json: linux.rootfsPropagation: %s: private, slave, shared or unbindable",
		    how);
	return strstr(how, "slave") || strstr(how, "shared") ? MS_SLAVE :
							       MS_PRIVATE;
}

int rootfs_tree(const char *path, bool recursive, unsigned long set)
{
	struct mount_attr attr = { .attr_set = set };
	int tree = syscall(SYS_open_tree, AT_FDCWD, path,
			   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
				   (recursive ? AT_RECURSIVE : 0));

	if (tree < 0)
		die("%s: %s", path, strerror(errno));
	if (set && syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr,
			   sizeof(attr)))
		die("%s: not read-only: %s (the host needs Linux 5.12)", path,
		    strerror(errno));
	return tree;
}

/* A path below the root, links followed as if it were the root. */
static int open_in(int root, const char *path, int flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT };

	return syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* What other mounts go on is made here while it can be: the root may be read-only. */
static void make_point(int root, const char *target, bool directory)
{
	char path[PATH_MAX];
	int parent, fd;
	char *c;

	snprintf(path, sizeof(path), "%s", target);
	for (c = path + 1;; c++) {
		bool last = !(c = strchrnul(c, '/'))[0];

		*c = 0;
		fd = open_in(root, path, O_PATH);
		if (fd < 0 && errno == ENOENT) {
			char *name = strrchr(path, '/');

			*name = 0;
			parent = open_in(root, *path ? path : "/",
					 O_PATH | O_DIRECTORY);
			*name = '/';
			if (last && !directory)
				fd = openat(parent, name + 1,
					    O_CREAT | O_EXCL | O_WRONLY |
						    O_CLOEXEC,
					    0644);
			else if (!mkdirat(parent, name + 1, 0755))
				fd = open_in(root, path, O_PATH);
			close(parent);
		}
		if (fd < 0)
			return; /* the library kernel will say so */
		close(fd);
		if (last)
			return;
		*c = '/';
	}
}

static bool below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return !strncmp(path, top, n) && (path[n] == '/' || !path[n]);
}

bool mount_is_bind(const cJSON *mount)
{
	const cJSON *option;

	if (!strcmp(json_text(mount, "type", ""), "bind"))
		return true;
	cJSON_ArrayForEach(
		option,
		json_list(mount, "options")) if (!strcmp(option->valuestring,
							 "bind") ||
						 !strcmp(option->valuestring,
							 "rbind")) return true;
	return false;
}

static bool is_covered(const cJSON *mounts, const cJSON *mount)
{
	const char *to = json_text(mount, "destination", "");
	const cJSON *m;

	cJSON_ArrayForEach(m, mounts)
	{
		if (m == mount)
			return false;
		if (below(to, json_text(m, "destination", "")))
			return true;
	}
	return false;
}

char *rootfs_path(const struct container *c, const char *path)
{
	if (path[0] == '/')
		return text("%s", path);
	return text("%s/%s", c->bundle, path);
}

static void make_points(int root, const struct container *c)
{
	const cJSON *mounts = json_list(c->config, "mounts"), *m;

	cJSON_ArrayForEach(m, mounts)
	{
		char *from = rootfs_path(c, json_text(m, "source", ""));
		struct stat st;
		bool file = mount_is_bind(m) && !stat(from, &st) &&
			    !S_ISDIR(st.st_mode);

		if (!is_covered(mounts, m))
			make_point(root, json_text(m, "destination", ""),
				   !file);
		free(from);
	}
}

void rootfs_open(struct rootfs *r, const struct container *c)
{
	char *path = rootfs_path(c, json_text(c->config, "root.path", ""));
	struct stat st;

	*r = (struct rootfs){ .image = -1 };
	r->read_only = json_bool(c->config, "root.readonly", false);
	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		die("config.json: root.path: %s: no such directory", path);
	if (mount(NULL, "/", NULL, MS_REC | propagation(c->config), NULL))
		die("mounts of its own: %s", strerror(errno));
	r->dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r->dir < 0)
		die("%s: %s", path, strerror(errno));
	make_points(r->dir, c);
	close(r->dir);
	r->dir = rootfs_tree(path, true, r->read_only ? MOUNT_ATTR_RDONLY : 0);
	free(path);
}

/* Files can be shown by a directory only: one that holds nothing else. */
void rootfs_stage_open(const struct container *c)
{
	if (mount("runu", c->dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "mode=755,size=1m") ||
	    chdir(c->dir) || mkdir("files", 0755))
		die("%s: %s", c->dir, strerror(errno));
	stage = open("files", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int rootfs_stage(int tree, char *name, size_t size)
{
	int fd;

	snprintf(name, size, "%d", staged++);
	fd = openat(stage, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	if (fd < 0 || syscall(SYS_move_mount, tree, "", stage, name,
			      MOVE_MOUNT_F_EMPTY_PATH))
		die("a file to bind: %s", strerror(errno));
	close(fd);
	return stage;
}

/* From now on there are no paths: only what has been opened. */
void rootfs_seal(void)
{
	if (mount(NULL, ".", NULL, MS_REMOUNT | MS_RDONLY, NULL))
		die("an empty root: %s", strerror(errno));
	if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) ||
	    chdir("/"))
		die("pivot_root: %s", strerror(errno));
}
