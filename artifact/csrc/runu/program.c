// SPDX-License-Identifier: GPL-2.0-only
/*
 * The container's program, looked at before it starts: whether it is there (as
 * engines want to hear it), and which libc it is on.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/openat2.h>

#include "runu.h"
#include "process.h"

#define LOADER "/lib/ld-musl-x86_64.so.1"

static int open_in(int root, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
				.resolve = RESOLVE_IN_ROOT };

	return syscall(SYS_openat2, root, path, &how, sizeof(how));
}

static const char *path_variable(const cJSON *process)
{
	const cJSON *item;

	cJSON_ArrayForEach(
		item,
		json_list(process,
			  "env")) if (!strncmp(item->valuestring, "PATH=",
					       5)) return item->valuestring +
		5;
	return "/usr/local/bin:/bin:/usr/bin";
}

/* What a mount covers is not to be found in the root. */
static bool may_be_mounted(const cJSON *config, const char *path)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, json_list(config, "mounts"))
	{
		const char *to = json_text(m, "destination", "");
		size_t n = strlen(to);

		if (!strncmp(path, to, n) && (path[n] == '/' || !path[n]))
			return true;
	}
	return false;
}

/* A descriptor, or -1; @denied: it is there but no program. */
static int
try
	(int root, const char *path, bool *denied)
	{
		struct stat st;
		int fd = open_in(root, path);

		if (fd < 0) {
			*denied |= errno == EACCES;
			return -1;
		}
		if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_mode & 0111)
			return fd;
		*denied = true;
		close(fd);
		return -1;
	}

static int search(int root, const cJSON *config, const char *name, bool *denied,
		  bool *unknown)
{
	const char *path = path_variable(json_get(config, "process"));
	char file[PATH_MAX];

	for (const char *at = path; at;
	     at = strchr(at, ':'), at += at != NULL) {
		int fd;

		snprintf(file, sizeof(file), "%.*s/%s", (int)strcspn(at, ":"),
			 at, name);
		fd =
		try
			(root, file, denied);
		if (fd >= 0)
			return fd;
		*unknown |= may_be_mounted(config, file);
	}
	return -1;
}

static void set_kind(struct program *p, const char *head, ssize_t size)
{
	const Elf64_Ehdr *e = (const void *)head;
	const Elf64_Phdr *ph;

	p->kind = "other";
	if (size < (ssize_t)sizeof(*e) || memcmp(e->e_ident, ELFMAG, SELFMAG))
		return;
	p->kind = "static";
	if (e->e_phoff + e->e_phnum * sizeof(*ph) > (size_t)size)
		return;
	ph = (const void *)(head + e->e_phoff);
	for (int i = 0; i < e->e_phnum; i++) {
		if (ph[i].p_type != PT_INTERP)
			continue;
		p->kind = "other";
		if (ph[i].p_offset + sizeof(LOADER) <= (size_t)size &&
		    !strcmp(head + ph[i].p_offset, LOADER))
			p->kind = "musl";
	}
}

static void look_inside(struct program *p, int root, int depth)
{
	char head[4096] __attribute__((aligned(8)));
	char line[256];
	ssize_t n = pread(p->fd, head, sizeof(head), 0);
	int fd;

	if (n > 2 && head[0] == '#' && head[1] == '!' && depth < 4 &&
	    sscanf(head + 2, " %255s", line) == 1) {
		fd = open_in(root, line);
		if (fd < 0)
			return;
		close(p->fd);
		p->fd = fd;
		look_inside(p, root, depth + 1);
		return;
	}
	if (packed_find(p->fd, &p->image_start, p->inside))
		p->kind = "private";
	else
		set_kind(p, head, n);
}

void program_look(struct program *p, const struct container *c, int root)
{
	const cJSON *process = json_get(c->config, "process");
	const char *name = json_list(process, "args")->child->valuestring;
	const char *cwd = json_text(process, "cwd", "/");
	bool denied = false, unknown = false;
	char path[PATH_MAX];

	*p = (struct program){ .fd = -1, .kind = "unknown" };
	if (!strchr(name, '/')) {
		p->fd = search(root, c->config, name, &denied, &unknown);
		if (p->fd < 0 && !denied && !unknown)
			die("exec: \"%s\": executable file not found in $PATH",
			    name);
	} else {
		snprintf(path, sizeof(path), "%s%s%s", *name == '/' ? "" : cwd,
			 *name == '/' ? "" : "/", name);
		p->fd =
		try
			(root, path, &denied);
		unknown = may_be_mounted(c->config, path);
		if (p->fd < 0 && !denied && !unknown)
			die("exec: \"%s\": stat %s: no such file or directory",
			    name, path);
	}
	if (p->fd < 0 && denied && !unknown)
		die("exec: \"%s\": permission denied", name);
	if (p->fd >= 0)
		look_inside(p, root, 0);
	if (!strcmp(p->kind, "other"))
		note("%s is not on musl: its system calls are trapped, which is the slow way; an image on musl is fast",
		     name);
}
