// SPDX-License-Identifier: GPL-2.0-only
/* hostdir: names made, moved and removed. */
#include <linux/cred.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/posix_acl.h>
#include "hostdir.h"

/**
 * struct wish - what a new object should be like
 * @mode: type and permission bits
 * @inherits: the directory has a default access control list, of which the
 *	host makes the permission bits
 */
struct wish {
	uid_t uid;
	gid_t gid;
	umode_t mode;
	bool inherits;
};

/* With access control lists the umask is for the file system to apply. */
static int make_wish(struct wish *wish, struct inode *dir, umode_t mode)
{
	struct posix_acl *for_children = NULL, *own = NULL;
	umode_t masked = mode;
	int err = posix_acl_create(dir, &masked, &for_children, &own);

	if (err)
		return err;
	wish->inherits = for_children || own;
	posix_acl_release(for_children);
	posix_acl_release(own);
	wish->mode = wish->inherits ? mode : masked;
	wish->uid = from_kuid(&init_user_ns, current_fsuid());
	wish->gid = from_kgid(&init_user_ns, current_fsgid());
	if (dir->i_mode & S_ISGID) {
		wish->gid = from_kgid(&init_user_ns, dir->i_gid);
		if (S_ISDIR(mode))
			wish->mode |= S_ISGID;
	}
	return 0;
}

/*
 * The host has made it with its own user and umask. Where its user may not give
 * objects away they remain that user's, as on any file server.
 */
static int fulfil(const struct wish *wish, const struct hostdir_ref *ref,
		  struct statx *stx)
{
	bool changed = false;
	int err = hostdir_statx_ref(ref, 0, stx);

	if (err)
		return err;
	if (stx->stx_uid != wish->uid || stx->stx_gid != wish->gid) {
		err = hostdir_chown(ref, wish->uid, wish->gid);
		/* Not allowed, or nobody in the user namespace of the host. */
		if (err && err != -EPERM && err != -EINVAL)
			return err;
		changed = !err;
	}
	/* A new owner takes the set-id bits away. */
	if (!wish->inherits && !S_ISLNK(wish->mode) &&
	    ((stx->stx_mode ^ wish->mode) & HOSTDIR_BITS ||
	     (changed && wish->mode & (S_ISUID | S_ISGID)))) {
		err = hostdir_chmod(ref, wish->mode);
		if (err)
			return err;
		changed = true;
	}
	return changed ? hostdir_statx_ref(ref, 0, stx) : 0;
}

static void bind(struct dentry *dentry, struct inode *inode)
{
	dentry->d_time = jiffies;
	if (d_unhashed(dentry))
		d_add(dentry, inode);
	else
		d_instantiate(dentry, inode);
}

/* The object is there now; give it its owner, and the name its inode. */
static int finish(struct inode *dir, struct dentry *dentry,
		  const struct wish *wish, const struct hostdir_ref *ref)
{
	struct inode *inode;
	struct statx stx;
	int err = fulfil(wish, ref, &stx);

	if (err)
		return err;
	inode = hostdir_iget(dir->i_sb, &stx);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	bind(dentry, inode);
	return 0;
}

static int make_object(struct inode *dir, struct dentry *dentry, umode_t mode,
		       dev_t rdev, const char *target)
{
	struct hostdir_ref ref;
	struct wish wish;
	int err = make_wish(&wish, dir, mode);

	if (!err)
		err = hostdir_ref_path(&ref, dentry);
	if (err)
		return err;
	if (target)
		err = host_call(__NR_symlinkat, target, ref.fd, ref.name);
	else if (S_ISDIR(mode))
		err = host_call(__NR_mkdirat, ref.fd, ref.name,
				wish.mode & HOSTDIR_BITS);
	else
		err = host_call(__NR_mknodat, ref.fd, ref.name, wish.mode,
				new_encode_dev(rdev));
	if (!err)
		err = finish(dir, dentry, &wish, &ref);
	hostdir_ref_put(&ref);
	return err;
}

int hostdir_create(struct mnt_idmap *idmap, struct inode *dir,
		   struct dentry *dentry, umode_t mode, bool excl)
{
	return make_object(dir, dentry, mode | S_IFREG, 0, NULL);
}

int hostdir_mkdir(struct mnt_idmap *idmap, struct inode *dir,
		  struct dentry *dentry, umode_t mode)
{
	return make_object(dir, dentry, mode | S_IFDIR, 0, NULL);
}

int hostdir_mknod(struct mnt_idmap *idmap, struct inode *dir,
		  struct dentry *dentry, umode_t mode, dev_t rdev)
{
	return make_object(dir, dentry, mode, rdev, NULL);
}

int hostdir_symlink(struct mnt_idmap *idmap, struct inode *dir,
		    struct dentry *dentry, const char *target)
{
	return make_object(dir, dentry, S_IFLNK | 0777, 0, target);
}

/* The descriptor waits in the file for this. */
static int adopt(struct inode *inode, struct file *file)
{
	return hostdir_attach(inode, file, (long)file->private_data);
}

static int finish_file(struct file *file, struct dentry *dentry, int fd)
{
	int err;

	file->private_data = (void *)(long)fd;
	err = finish_open(file, dentry, adopt);
	if (err && !(file->f_mode & FMODE_OPENED))
		hostdir_close(fd);
	return err;
}

/* Make a file and open it: one call of the host, so that any mode will do. */
static int make_file(struct inode *dir, struct dentry *dentry,
		     struct file *file, umode_t mode)
{
	struct hostdir_ref ref = { .name = "" };
	struct wish wish;
	int err = make_wish(&wish, dir, mode | S_IFREG);

	if (err)
		return err;
	ref.fd = hostdir_open_path(
		dentry, (file->f_flags & O_ACCMODE) | O_CREAT | O_EXCL,
		wish.mode & HOSTDIR_BITS);
	if (ref.fd < 0)
		return ref.fd;
	err = finish(dir, dentry, &wish, &ref);
	if (err) {
		hostdir_close(ref.fd);
		return err;
	}
	file->f_mode |= FMODE_CREATED;
	return finish_file(file, dentry, ref.fd);
}

/* Making comes first: most files that may be made are not there yet. */
int hostdir_atomic_open(struct inode *dir, struct dentry *dentry,
			struct file *file, unsigned int flags, umode_t mode)
{
	struct dentry *found = NULL;
	int err = -ENOENT;

	if (flags & O_CREAT && dentry->d_name.len <= NAME_MAX) {
		err = make_file(dir, dentry, file, mode);
		if (!err || flags & O_EXCL)
			return err;
	}
	if (d_in_lookup(dentry)) {
		found = hostdir_lookup(dir, dentry, 0);
		/* It is not there, and there was a reason not to make it. */
		if (!found && d_really_is_negative(dentry))
			return err;
	} else if (err == -EEXIST) {
		d_drop(dentry); /* believed absent */
		return -ESTALE;
	}
	return finish_no_open(file, found);
}

int hostdir_tmpfile(struct mnt_idmap *idmap, struct inode *dir,
		    struct file *file, umode_t mode)
{
	struct dentry *dentry = file->f_path.dentry;
	struct hostdir_ref ref = { .name = "" };
	struct wish wish;
	struct statx stx;
	struct inode *inode;
	int err = make_wish(&wish, dir, mode | S_IFREG);

	if (err)
		return err;
	ref.fd = hostdir_open_path(dentry->d_parent,
				   (file->f_flags & (O_ACCMODE | O_EXCL)) |
					   O_TMPFILE,
				   wish.mode & HOSTDIR_BITS);
	if (ref.fd < 0)
		return ref.fd;
	err = fulfil(&wish, &ref, &stx);
	inode = err ? ERR_PTR(err) : hostdir_iget(dir->i_sb, &stx);
	if (IS_ERR(inode)) {
		hostdir_close(ref.fd);
		return PTR_ERR(inode);
	}
	d_mark_tmpfile(file, inode);
	d_instantiate(dentry, inode);
	return finish_file(file, dentry, ref.fd);
}

/* A file without a name is linked by its descriptor. */
int hostdir_link(struct dentry *old, struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = d_inode(old);
	struct hostdir_ref from, to;
	int err = hostdir_ref_path(&from, old);

	if (err == -ESTALE)
		err = hostdir_ref_any(&from, old);
	if (err)
		return err;
	err = hostdir_ref_path(&to, dentry);
	if (!err) {
		err = host_call(__NR_linkat, from.fd, from.name, to.fd, to.name,
				*from.name ? 0 : AT_EMPTY_PATH);
		hostdir_ref_put(&to);
	}
	hostdir_ref_put(&from);
	if (err)
		return err;
	set_nlink(inode, inode->i_nlink + 1);
	ihold(inode);
	bind(dentry, inode);
	return 0;
}

/* One name less. */
static void lost_name(struct inode *inode)
{
	if (S_ISDIR(inode->i_mode))
		clear_nlink(inode);
	else if (inode->i_nlink)
		drop_nlink(inode);
}

static int remove(struct dentry *dentry, int flags)
{
	struct hostdir_ref ref;
	int err = hostdir_ref_path(&ref, dentry);

	if (err)
		return err;
	err = host_call(__NR_unlinkat, ref.fd, ref.name, flags);
	hostdir_ref_put(&ref);
	if (!err)
		lost_name(d_inode(dentry));
	return err;
}

int hostdir_unlink(struct inode *dir, struct dentry *dentry)
{
	return remove(dentry, 0);
}

int hostdir_rmdir(struct inode *dir, struct dentry *dentry)
{
	return remove(dentry, AT_REMOVEDIR);
}

int hostdir_rename(struct mnt_idmap *idmap, struct inode *old_dir,
		   struct dentry *old, struct inode *new_dir,
		   struct dentry *new, unsigned int flags)
{
	struct hostdir_ref from, to;
	int err = hostdir_ref_path(&from, old);

	if (err)
		return err;
	err = hostdir_ref_path(&to, new);
	if (!err) {
		err = host_call(__NR_renameat2, from.fd, from.name, to.fd,
				to.name, flags);
		hostdir_ref_put(&to);
	}
	hostdir_ref_put(&from);
	if (!err && d_really_is_positive(new) && !(flags & RENAME_EXCHANGE))
		lost_name(d_inode(new));
	return err;
}
