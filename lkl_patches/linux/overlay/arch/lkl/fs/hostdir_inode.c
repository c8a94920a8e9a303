// SPDX-License-Identifier: GPL-2.0-only
/* hostdir: identity and attributes of objects. */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/posix_acl.h>
#include <linux/slab.h>
#include "hostdir.h"

u64 hostdir_dev(const struct statx *stx)
{
	return (u64)stx->stx_dev_major << 32 | stx->stx_dev_minor;
}

int hostdir_statx_ref(const struct hostdir_ref *ref, int flags,
		      struct statx *stx)
{
	return host_call(__NR_statx, ref->fd, ref->name, flags | HOSTDIR_AT,
			 STATX_BASIC_STATS | STATX_BTIME, stx);
}

int hostdir_statx_fd(int fd, struct statx *stx)
{
	struct hostdir_ref ref = { .fd = fd, .name = "" };

	return hostdir_statx_ref(&ref, 0, stx);
}

/*
 * Numbers are the host's. Another file system of the host may be mounted below
 * the directory; its numbers are moved out of the way.
 */
u64 hostdir_ino(const struct super_block *sb, u64 dev, u64 ino)
{
	if (dev == hostdir_sb(sb)->dev)
		return ino;
	return ino ^ (u64)hash_64(dev, 16) << 48;
}

/*
 * A number may be used again. The time of birth tells the objects apart (of a
 * link its last change, where the host knows no births); not for directories,
 * which get another one when an overlay file system of the host copies them up,
 * and must not lose what is mounted on them.
 */
static struct statx_timestamp birth_of(const struct statx *stx)
{
	if (stx->stx_mask & STATX_BTIME && !S_ISDIR(stx->stx_mode))
		return stx->stx_btime;
	if (S_ISLNK(stx->stx_mode))
		return stx->stx_mtime;
	return (struct statx_timestamp){};
}

bool hostdir_same(const struct inode *inode, const struct statx *stx)
{
	const struct hostdir_inode *hi = hostdir_i(inode);
	struct statx_timestamp birth = birth_of(stx);

	return hi->dev == hostdir_dev(stx) &&
	       inode->i_ino ==
		       hostdir_ino(inode->i_sb, hi->dev, stx->stx_ino) &&
	       !((inode->i_mode ^ stx->stx_mode) & S_IFMT) &&
	       hi->birth.tv_sec == birth.tv_sec &&
	       hi->birth.tv_nsec == birth.tv_nsec;
}

static unsigned int flags_of(const struct statx *stx)
{
	unsigned int flags = 0;

	if (stx->stx_attributes & STATX_ATTR_IMMUTABLE)
		flags |= S_IMMUTABLE;
	if (stx->stx_attributes & STATX_ATTR_APPEND)
		flags |= S_APPEND;
	/* At a write the host removes capabilities, we remove set-id bits. */
	if (!is_sxid(stx->stx_mode))
		flags |= S_NOSEC;
	return flags;
}

void hostdir_update(struct inode *inode, const struct statx *stx)
{
	struct timespec64 ctime = { stx->stx_ctime.tv_sec,
				    stx->stx_ctime.tv_nsec };
	struct timespec64 known = inode_get_ctime(inode);

	inode->i_mode = (inode->i_mode & S_IFMT) |
			(stx->stx_mode & HOSTDIR_BITS);
	inode->i_uid = make_kuid(&init_user_ns, stx->stx_uid);
	inode->i_gid = make_kgid(&init_user_ns, stx->stx_gid);
	set_nlink(inode, stx->stx_nlink);
	i_size_write(inode, stx->stx_size);
	inode->i_blocks = stx->stx_blocks;
	inode_set_atime(inode, stx->stx_atime.tv_sec, stx->stx_atime.tv_nsec);
	inode_set_mtime(inode, stx->stx_mtime.tv_sec, stx->stx_mtime.tv_nsec);
	inode_set_flags(inode, flags_of(stx), S_IMMUTABLE | S_APPEND | S_NOSEC);
	if (!timespec64_equal(&ctime, &known)) {
		inode_set_ctime_to_ts(inode, ctime);
		forget_all_cached_acls(inode);
	}
	hostdir_i(inode)->checked = jiffies;
}

/* The target of a link never changes: another target is another object. */
static const char *get_link(struct dentry *dentry, struct inode *inode,
			    struct delayed_call *done)
{
	struct hostdir_ref ref;
	char *target;
	long n;

	if (!dentry)
		return ERR_PTR(-ECHILD);
	n = hostdir_ref_path(&ref, dentry);
	if (n < 0)
		return ERR_PTR(n);
	/* The host has read the name before it writes the target. */
	n = host_call(__NR_readlinkat, ref.fd, ref.name, ref.buf, PATH_MAX);
	if (n == PATH_MAX)
		n = -ENAMETOOLONG;
	target = n < 0 ? ERR_PTR(n) : kmemdup_nul(ref.buf, n, GFP_KERNEL);
	hostdir_ref_put(&ref);
	if (IS_ERR_OR_NULL(target))
		return target ?: ERR_PTR(-ENOMEM);
	if (cmpxchg_release(&inode->i_link, NULL, target))
		kfree(target);
	return inode->i_link;
}

static const struct inode_operations file_iops = {
	.permission = hostdir_permission,
	.getattr = hostdir_getattr,
	.setattr = hostdir_setattr,
	.listxattr = hostdir_listxattr,
	.get_inode_acl = hostdir_get_acl,
	.set_acl = hostdir_set_acl,
};

static const struct inode_operations link_iops = {
	.get_link = get_link,
	.permission = hostdir_permission,
	.getattr = hostdir_getattr,
	.setattr = hostdir_setattr,
};

static void set_operations(struct inode *inode, const struct statx *stx)
{
	inode->i_op = &file_iops;
	switch (inode->i_mode & S_IFMT) {
	case S_IFREG:
		inode->i_fop = &hostdir_file_fops;
		break;
	case S_IFDIR:
		inode->i_op = &hostdir_dir_iops;
		inode->i_fop = &hostdir_dir_fops;
		break;
	case S_IFLNK:
		inode->i_op = &link_iops;
		break;
	default:
		init_special_inode(inode, inode->i_mode,
				   MKDEV(stx->stx_rdev_major,
					 stx->stx_rdev_minor));
	}
}

static int test(struct inode *inode, void *stx)
{
	return hostdir_same(inode, stx);
}

static int set(struct inode *inode, void *data)
{
	const struct statx *stx = data;
	struct hostdir_inode *hi = hostdir_i(inode);

	hi->dev = hostdir_dev(stx);
	hi->birth = birth_of(stx);
	inode->i_ino = hostdir_ino(inode->i_sb, hi->dev, stx->stx_ino);
	inode->i_mode = stx->stx_mode;
	return 0;
}

/* The inode of the object that the host has described, its attributes fresh. */
struct inode *hostdir_iget(struct super_block *sb, const struct statx *stx)
{
	struct inode *inode =
		iget5_locked(sb, stx->stx_ino, test, set, (void *)stx);

	if (!inode)
		return ERR_PTR(-ENOMEM);
	hostdir_update(inode, stx);
	if (inode->i_state & I_NEW) {
		/* Times are the host's business. */
		inode->i_flags |= S_NOATIME | S_NOCMTIME;
		set_operations(inode, stx);
		unlock_new_inode(inode);
	}
	return inode;
}

/* Ask the host; -ESTALE when something else has the name now. */
static int ask(struct dentry *dentry, int flags, struct statx *stx)
{
	struct hostdir_ref ref;
	bool by_name;
	int err = hostdir_ref_any(&ref, dentry);

	if (err)
		return err;
	by_name = *ref.name;
	err = hostdir_statx_ref(&ref, flags, stx);
	hostdir_ref_put(&ref);
	if (err)
		return err;
	/*
	 * With nobody else it is the same, and looks otherwise when we have
	 * made an overlay file system of the host copy it.
	 */
	if (by_name && !hostdir_sb(dentry->d_sb)->exclusive &&
	    !hostdir_same(d_inode(dentry), stx))
		return -ESTALE;
	hostdir_update(d_inode(dentry), stx);
	return 0;
}

int hostdir_refresh(struct dentry *dentry)
{
	struct statx stx;

	return ask(dentry, 0, &stx);
}

int hostdir_getattr(struct mnt_idmap *idmap, const struct path *path,
		    struct kstat *stat, u32 mask, unsigned int flags)
{
	struct dentry *dentry = path->dentry;
	struct inode *inode = d_inode(dentry);
	struct statx stx;
	int err = 0;

	stx.stx_mask = 0;
	if (!(flags & AT_STATX_DONT_SYNC))
		err = ask(dentry, flags & AT_STATX_SYNC_TYPE, &stx);
	/* Without name and descriptor it is what it was. */
	if (err && !(d_unhashed(dentry) && err == -ESTALE))
		return err;
	generic_fillattr(idmap, mask, inode, stat);
	if (err || !stx.stx_mask)
		return 0;
	stat->blksize = stx.stx_blksize;
	stat->attributes |= stx.stx_attributes & ~STATX_ATTR_MOUNT_ROOT;
	stat->attributes_mask |= stx.stx_attributes_mask &
				 ~STATX_ATTR_MOUNT_ROOT;
	if (stx.stx_mask & STATX_BTIME) {
		stat->result_mask |= STATX_BTIME;
		stat->btime.tv_sec = stx.stx_btime.tv_sec;
		stat->btime.tv_nsec = stx.stx_btime.tv_nsec;
	}
	return 0;
}

/*
 * A walk asks for each name on its way when it must; where it begins, at the
 * root or a current directory, it has not been asked for.
 */
int hostdir_permission(struct mnt_idmap *idmap, struct inode *inode, int mask)
{
	if (hostdir_expired(inode->i_sb, hostdir_i(inode)->checked)) {
		struct dentry *dentry;

		if (mask & MAY_NOT_BLOCK)
			return -ECHILD;
		dentry = d_find_any_alias(inode);
		if (dentry) {
			hostdir_refresh(dentry);
			dput(dentry);
		}
	}
	return generic_permission(idmap, inode, mask);
}

int hostdir_chown(const struct hostdir_ref *ref, uid_t uid, gid_t gid)
{
	return host_call(__NR_fchownat, ref->fd, ref->name, uid, gid,
			 HOSTDIR_AT);
}

static int change_owner(const struct hostdir_ref *ref, const struct iattr *attr)
{
	uid_t uid = -1;
	gid_t gid = -1;

	if (attr->ia_valid & ATTR_UID)
		uid = from_kuid(&init_user_ns, attr->ia_uid);
	if (attr->ia_valid & ATTR_GID)
		gid = from_kgid(&init_user_ns, attr->ia_gid);
	return hostdir_chown(ref, uid, gid);
}

/* Hosts before Linux 6.6 have no fchmodat2; the object is no link here. */
int hostdir_chmod(const struct hostdir_ref *ref, umode_t mode)
{
	int err = host_call(__NR_fchmodat2, ref->fd, ref->name,
			    mode & HOSTDIR_BITS, HOSTDIR_AT);

	if (err != -ENOSYS)
		return err;
	if (!*ref->name)
		return host_call(__NR_fchmod, ref->fd, mode & HOSTDIR_BITS);
	return host_call(__NR_fchmodat, ref->fd, ref->name,
			 mode & HOSTDIR_BITS);
}

static struct __kernel_timespec time_for(const struct iattr *attr,
					 unsigned int which, unsigned int given,
					 struct timespec64 ts)
{
	if (!(attr->ia_valid & which))
		return (struct __kernel_timespec){ .tv_nsec = UTIME_OMIT };
	if (!(attr->ia_valid & given))
		return (struct __kernel_timespec){ .tv_nsec = UTIME_NOW };
	return (struct __kernel_timespec){ ts.tv_sec, ts.tv_nsec };
}

static int change_times(const struct hostdir_ref *ref, const struct iattr *attr)
{
	struct __kernel_timespec times[] = {
		time_for(attr, ATTR_ATIME, ATTR_ATIME_SET, attr->ia_atime),
		time_for(attr, ATTR_MTIME, ATTR_MTIME_SET, attr->ia_mtime),
	};

	return host_call(__NR_utimensat, ref->fd, ref->name, times, HOSTDIR_AT);
}

static int change_size(struct dentry *dentry, const struct iattr *attr)
{
	const struct hostdir_file *file = NULL;
	int fd, err;

	if (attr->ia_valid & ATTR_FILE && attr->ia_file->f_mode & FMODE_WRITE)
		file = attr->ia_file->private_data;
	fd = file ? file->fd : hostdir_open_any(dentry, O_WRONLY);
	if (fd < 0)
		return fd;
	err = host_call(__NR_ftruncate, fd, attr->ia_size);
	if (!file)
		hostdir_close(fd);
	if (!err)
		i_size_write(d_inode(dentry), attr->ia_size);
	return err;
}

static int change(struct dentry *dentry, const struct iattr *attr)
{
	struct hostdir_ref ref;
	int err = hostdir_ref_any(&ref, dentry);

	if (err)
		return err;
	/* Owner before mode: it takes the set-id bits away. */
	if (attr->ia_valid & (ATTR_UID | ATTR_GID))
		err = change_owner(&ref, attr);
	if (!err && attr->ia_valid & ATTR_MODE)
		err = hostdir_chmod(&ref, attr->ia_mode);
	if (!err && attr->ia_valid & (ATTR_ATIME | ATTR_MTIME))
		err = change_times(&ref, attr);
	hostdir_ref_put(&ref);
	return err;
}

int hostdir_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
		    struct iattr *attr)
{
	int err = setattr_prepare(idmap, dentry, attr);
	struct iattr rest = *attr;

	if (err)
		return err;
	if (attr->ia_valid & ATTR_SIZE) {
		err = change_size(dentry, attr);
		/* Its times come with a new size. */
		if (!(attr->ia_valid & ATTR_MTIME_SET))
			rest.ia_valid &= ~ATTR_MTIME;
	}
	rest.ia_valid &= ATTR_UID | ATTR_GID | ATTR_MODE | ATTR_ATIME |
			 ATTR_ATIME_SET | ATTR_MTIME | ATTR_MTIME_SET;
	if (err || !rest.ia_valid)
		return err;
	err = change(dentry, &rest);
	if (!err)
		hostdir_refresh(dentry);
	return err;
}
