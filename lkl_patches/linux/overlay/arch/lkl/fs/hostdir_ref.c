// SPDX-License-Identifier: GPL-2.0-only
/* hostdir: how objects are named to the host, and how they are opened there. */
#include <linux/dcache.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include "hostdir.h"

/*
 * Gone from its name, by us or on the host: what has that name now, if
 * anything, is something else.
 */
static bool nameless(struct dentry *dentry)
{
	if (d_really_is_negative(dentry))
		dentry = dentry->d_parent;
	return d_unhashed(dentry) && !IS_ROOT(dentry);
}

/* Name an object, there or to be made, by its path below the mount's root. */
int hostdir_ref_path(struct hostdir_ref *ref, struct dentry *dentry)
{
	char *path;

	if (nameless(dentry))
		return -ESTALE;
	ref->fd = hostdir_sb(dentry->d_sb)->fd;
	ref->buf = __getname();
	if (!ref->buf)
		return -ENOMEM;
	path = dentry_path_raw(dentry, ref->buf, PATH_MAX);
	if (IS_ERR(path)) {
		hostdir_ref_put(ref);
		return PTR_ERR(path);
	}
	ref->name = path[1] ? path + 1 : ".";
	return 0;
}

/* A descriptor that is open for this object; or -1. */
int hostdir_inode_fd(const struct inode *inode)
{
	struct hostdir_file *file = list_first_entry_or_null(
		&hostdir_i(inode)->files, struct hostdir_file, of_inode);

	return file ? file->fd : -1;
}

/* Name an object that is there by whatever is at hand. */
int hostdir_ref_any(struct hostdir_ref *ref, struct dentry *dentry)
{
	int fd = hostdir_inode_fd(d_inode(dentry));

	if (IS_ROOT(dentry))
		fd = hostdir_sb(dentry->d_sb)->fd;
	if (fd < 0)
		return hostdir_ref_path(ref, dentry);
	*ref = (struct hostdir_ref){ .fd = fd, .name = "" };
	return 0;
}

void hostdir_ref_put(struct hostdir_ref *ref)
{
	if (ref->buf)
		__putname(ref->buf);
}

int hostdir_open_path(struct dentry *dentry, u64 flags, umode_t mode)
{
	struct open_how how = {
		.flags = flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_SYMLINKS,
	};
	struct hostdir_ref ref;
	int fd = hostdir_ref_path(&ref, dentry);

	if (fd < 0)
		return fd;
	fd = host_call(__NR_openat2, ref.fd, ref.name, &how, sizeof(how));
	hostdir_ref_put(&ref);
	/* There is a link now where there was none, or something else. */
	return fd == -ELOOP ? -ESTALE : fd;
}

/* The same for an object that may have lost its name but is open. */
int hostdir_open_any(struct dentry *dentry, u64 flags)
{
	char link[32];
	int old = hostdir_inode_fd(d_inode(dentry));

	if (!nameless(dentry) || old < 0)
		return hostdir_open_path(dentry, flags, 0);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", old);
	return host_call(__NR_openat, AT_FDCWD, link,
			 flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
}
