// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostdir: extended attributes and access control lists. The host takes them by
 * descriptor, so they are those of regular files and directories.
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/slab.h>
#include <linux/xattr.h>
#include "hostdir.h"

/* A descriptor, and whether it is ours to close. */
struct handle {
	int fd;
	bool opened;
};

static int open_handle(struct handle *handle, struct dentry *dentry)
{
	umode_t mode = d_inode(dentry)->i_mode;

	if (!S_ISREG(mode) && !S_ISDIR(mode))
		return -EOPNOTSUPP;
	handle->fd = hostdir_inode_fd(d_inode(dentry));
	handle->opened = handle->fd < 0;
	if (handle->opened)
		handle->fd = hostdir_open_path(dentry, O_RDONLY, 0);
	return handle->fd < 0 ? handle->fd : 0;
}

static void close_handle(struct handle *handle)
{
	if (handle->opened)
		hostdir_close(handle->fd);
}

static int get_value(struct dentry *dentry, const char *name, void *value,
		     size_t size)
{
	struct handle handle;
	int n = open_handle(&handle, dentry);

	if (n)
		return n;
	n = host_call(__NR_fgetxattr, handle.fd, name, value, size);
	close_handle(&handle);
	return n;
}

static int set_value(struct dentry *dentry, const char *name, const void *value,
		     size_t size, int flags)
{
	struct handle handle;
	int err = open_handle(&handle, dentry);

	if (err)
		return err;
	if (value)
		err = host_call(__NR_fsetxattr, handle.fd, name, value, size,
				flags);
	else
		err = host_call(__NR_fremovexattr, handle.fd, name);
	close_handle(&handle);
	return err;
}

static int get(const struct xattr_handler *handler, struct dentry *dentry,
	       struct inode *inode, const char *name, void *value, size_t size)
{
	return get_value(dentry, xattr_full_name(handler, name), value, size);
}

static int set(const struct xattr_handler *handler, struct mnt_idmap *idmap,
	       struct dentry *dentry, struct inode *inode, const char *name,
	       const void *value, size_t size, int flags)
{
	return set_value(dentry, xattr_full_name(handler, name), value, size,
			 flags);
}

#define HANDLER(name)                   \
	(&(const struct xattr_handler){ \
		.prefix = name, .get = get, .set = set })

const struct xattr_handler *const hostdir_xattr_handlers[] = {
	HANDLER(XATTR_USER_PREFIX),
	HANDLER(XATTR_TRUSTED_PREFIX),
	HANDLER(XATTR_SECURITY_PREFIX),
	NULL,
};

/* Names that the caller could not ask for are not listed. */
static bool listed(struct dentry *dentry, const char *name)
{
	if (!strncmp(name, XATTR_TRUSTED_PREFIX, XATTR_TRUSTED_PREFIX_LEN))
		return capable(CAP_SYS_ADMIN);
	if (!strncmp(name, XATTR_SYSTEM_PREFIX, XATTR_SYSTEM_PREFIX_LEN))
		return IS_POSIXACL(d_inode(dentry));
	return true;
}

ssize_t hostdir_listxattr(struct dentry *dentry, char *list, size_t size)
{
	struct handle handle;
	ssize_t n = open_handle(&handle, dentry);
	char *from, *to = list;

	if (n == -EOPNOTSUPP)
		return 0;
	if (n)
		return n;
	n = host_call(__NR_flistxattr, handle.fd, list, size);
	close_handle(&handle);
	if (n <= 0 || !size)
		return n;
	for (from = list; from < list + n;) {
		size_t len = strlen(from) + 1;

		if (listed(dentry, from)) {
			memmove(to, from, len);
			to += len;
		}
		from += len;
	}
	return to - list;
}

static const char *acl_name(int type)
{
	return type == ACL_TYPE_ACCESS ? XATTR_NAME_POSIX_ACL_ACCESS :
					 XATTR_NAME_POSIX_ACL_DEFAULT;
}

static struct posix_acl *read_acl(struct dentry *dentry, int type)
{
	char small[256], *value = small;
	struct posix_acl *acl;
	int n = get_value(dentry, acl_name(type), value, sizeof(small));

	if (n == -ERANGE) {
		value = kmalloc(XATTR_SIZE_MAX, GFP_KERNEL);
		n = !value ? -ENOMEM :
			     get_value(dentry, acl_name(type), value,
				       XATTR_SIZE_MAX);
	}
	if (n < 0)
		acl = n == -ENODATA || n == -EOPNOTSUPP ? NULL : ERR_PTR(n);
	else
		acl = posix_acl_from_xattr(&init_user_ns, value, n);
	if (value != small)
		kfree(value);
	return acl;
}

struct posix_acl *hostdir_get_acl(struct inode *inode, int type, bool rcu)
{
	struct posix_acl *acl;
	struct dentry *dentry;

	if (rcu)
		return ERR_PTR(-ECHILD);
	dentry = d_find_any_alias(inode);
	if (!dentry)
		return ERR_PTR(-ESTALE);
	acl = read_acl(dentry, type);
	dput(dentry);
	return acl;
}

/* The host changes the permission bits along with the list. */
int hostdir_set_acl(struct mnt_idmap *idmap, struct dentry *dentry,
		    struct posix_acl *acl, int type)
{
	size_t size = acl ? posix_acl_xattr_size(acl->a_count) : 0;
	void *value = NULL;
	int err = 0;

	if (acl) {
		value = kmalloc(size, GFP_KERNEL);
		if (!value)
			return -ENOMEM;
		err = posix_acl_to_xattr(&init_user_ns, acl, value, size);
	}
	if (err >= 0)
		err = set_value(dentry, acl_name(type), value, size, 0);
	kfree(value);
	if (err == -ENODATA && !acl)
		err = 0;
	if (err)
		return err;
	forget_cached_acl(d_inode(dentry), type);
	hostdir_refresh(dentry);
	return 0;
}
