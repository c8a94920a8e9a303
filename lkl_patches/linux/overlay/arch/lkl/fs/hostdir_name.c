// SPDX-License-Identifier: GPL-2.0-only
/* hostdir: directories, their names being looked up and trusted for a while. */
#include <linux/fcntl.h>
#include <linux/namei.h>
#include "hostdir.h"

struct dentry *hostdir_lookup(struct inode *dir, struct dentry *dentry,
			      unsigned int flags)
{
	struct hostdir_ref ref;
	struct inode *inode;
	struct dentry *other;
	struct statx stx;
	int err;

	if (dentry->d_name.len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	err = hostdir_ref_path(&ref, dentry);
	if (err)
		return ERR_PTR(err);
	err = hostdir_statx_ref(&ref, 0, &stx);
	hostdir_ref_put(&ref);
	if (err && err != -ENOENT)
		return ERR_PTR(err);
	if (err) {
		/* Not kept: the host may make it at any time. */
		if (hostdir_sb(dir->i_sb)->exclusive)
			d_add(dentry, NULL);
		return NULL;
	}
	inode = hostdir_iget(dir->i_sb, &stx);
	dentry->d_time = jiffies;
	other = d_splice_alias(inode, dentry);
	if (!IS_ERR_OR_NULL(other))
		other->d_time = jiffies;
	return other;
}

/* Has the name still the same object on the host? */
static int ask_again(struct dentry *dentry)
{
	struct hostdir_ref ref;
	struct statx stx;
	int err = hostdir_ref_path(&ref, dentry);

	if (err)
		return err == -ESTALE ? 0 : err;
	err = hostdir_statx_ref(&ref, 0, &stx);
	hostdir_ref_put(&ref);
	if (err == -ENOENT || err == -ENOTDIR)
		return 0;
	if (err)
		return err;
	if (!hostdir_same(d_inode(dentry), &stx))
		return 0;
	hostdir_update(d_inode(dentry), &stx);
	dentry->d_time = jiffies;
	return 1;
}

static int revalidate(struct dentry *dentry, unsigned int flags)
{
	bool fresh = !hostdir_expired(dentry->d_sb, READ_ONCE(dentry->d_time));

	if (!d_inode_rcu(dentry))
		return flags & LOOKUP_RCU ? -ECHILD : 0;
	if (fresh && !(flags & LOOKUP_REVAL))
		return 1;
	return flags & LOOKUP_RCU ? -ECHILD : ask_again(dentry);
}

/* What has been removed is not remembered as absent. */
static int forget(const struct dentry *dentry)
{
	return d_really_is_negative(dentry);
}

const struct dentry_operations hostdir_dops = {
	.d_revalidate = revalidate,
	.d_delete = forget,
};

const struct inode_operations hostdir_dir_iops = {
	.lookup = hostdir_lookup,
	.atomic_open = hostdir_atomic_open,
	.create = hostdir_create,
	.tmpfile = hostdir_tmpfile,
	.mkdir = hostdir_mkdir,
	.mknod = hostdir_mknod,
	.symlink = hostdir_symlink,
	.link = hostdir_link,
	.unlink = hostdir_unlink,
	.rmdir = hostdir_rmdir,
	.rename = hostdir_rename,
	.permission = hostdir_permission,
	.getattr = hostdir_getattr,
	.setattr = hostdir_setattr,
	.listxattr = hostdir_listxattr,
	.get_inode_acl = hostdir_get_acl,
	.set_acl = hostdir_set_acl,
};
