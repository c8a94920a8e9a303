/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hostdir: a directory of the host as a file system.
 *
 * Objects are named to the host by their path below the mounted directory, so
 * no descriptor is held for them; an open file holds one. Data is not cached:
 * the host reads and writes the memory of the caller. Names and attributes are
 * trusted for a short time and then compared with the host's.
 */
#ifndef _LKL_HOSTDIR_H
#define _LKL_HOSTDIR_H

#include <linux/fs.h>
#include <linux/stat.h>
#include <asm/host_call.h>
#include <asm/unistd.h>

/**
 * struct hostdir_sb - a mounted host directory
 * @fd: the host's descriptor of it
 * @dev: the host's number of the file system it is on
 * @timeout: how long names and attributes are trusted, in jiffies
 * @timeout_ms: the same as it was asked for
 * @exclusive: nobody else changes the directory, what is known stays true
 */
struct hostdir_sb {
	int fd;
	u64 dev;
	unsigned long timeout;
	unsigned int timeout_ms;
	bool exclusive;
};

/**
 * struct hostdir_inode - an object of the host
 * @dev: file system of the host; with i_ino and type the object's identity
 * @birth: tells apart objects that had the same number one after the other
 * @checked: when the attributes were asked for, in jiffies
 * @files: open files, any of them can stand for the object
 */
struct hostdir_inode {
	u64 dev;
	struct statx_timestamp birth;
	unsigned long checked;
	struct list_head files;
	struct inode vfs;
};

/**
 * struct hostdir_file - an open file
 * @fd: the host's descriptor
 * @of_inode: in hostdir_inode.files
 * @entries: what the host gave of a directory; @next of @filled octets are used
 * @pos: the position in the directory at which @next is
 */
struct hostdir_file {
	int fd;
	struct list_head of_inode;
	void *entries;
	unsigned int next, filled;
	loff_t pos;
};

/**
 * struct hostdir_ref - how an object is named in system calls with AT_EMPTY_PATH
 * @fd: root of the mount, or the object itself
 * @name: path from @fd, or ""
 * @buf: memory of @name
 */
struct hostdir_ref {
	int fd;
	const char *name;
	char *buf;
};

/* Permission bits, and those that go with them; the rest of a mode is the type. */
#define HOSTDIR_BITS 07777

/* The host is never to follow a link, nor to leave the directory. */
#define HOSTDIR_AT (AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)

static inline struct hostdir_sb *hostdir_sb(const struct super_block *sb)
{
	return sb->s_fs_info;
}

static inline struct hostdir_inode *hostdir_i(const struct inode *inode)
{
	return container_of(inode, struct hostdir_inode, vfs);
}

static inline bool hostdir_expired(const struct super_block *sb,
				   unsigned long checked)
{
	const struct hostdir_sb *info = hostdir_sb(sb);

	return !info->exclusive &&
	       time_after_eq(jiffies, checked + info->timeout);
}

static inline void hostdir_close(int fd)
{
	host_call(__NR_close, fd);
}

/* hostdir_ref.c: naming and opening; results are 0, a descriptor, or -errno */
int hostdir_ref_path(struct hostdir_ref *ref, struct dentry *dentry);
int hostdir_ref_any(struct hostdir_ref *ref, struct dentry *dentry);
void hostdir_ref_put(struct hostdir_ref *ref);
int hostdir_open_path(struct dentry *dentry, u64 flags, umode_t mode);
int hostdir_open_any(struct dentry *dentry, u64 flags);
int hostdir_inode_fd(const struct inode *inode);

/* hostdir_inode.c */
u64 hostdir_dev(const struct statx *stx);
int hostdir_statx_ref(const struct hostdir_ref *ref, int flags,
		      struct statx *stx);
int hostdir_statx_fd(int fd, struct statx *stx);
bool hostdir_same(const struct inode *inode, const struct statx *stx);
void hostdir_update(struct inode *inode, const struct statx *stx);
struct inode *hostdir_iget(struct super_block *sb, const struct statx *stx);
u64 hostdir_ino(const struct super_block *sb, u64 dev, u64 ino);
int hostdir_refresh(struct dentry *dentry);
int hostdir_getattr(struct mnt_idmap *idmap, const struct path *path,
		    struct kstat *stat, u32 mask, unsigned int flags);
int hostdir_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
		    struct iattr *attr);
int hostdir_permission(struct mnt_idmap *idmap, struct inode *inode, int mask);

int hostdir_chown(const struct hostdir_ref *ref, uid_t uid, gid_t gid);
int hostdir_chmod(const struct hostdir_ref *ref, umode_t mode);

/* hostdir_name.c, hostdir_make.c: inode operations of directories */
struct dentry *hostdir_lookup(struct inode *dir, struct dentry *dentry,
			      unsigned int flags);
int hostdir_create(struct mnt_idmap *idmap, struct inode *dir,
		   struct dentry *dentry, umode_t mode, bool excl);
int hostdir_mkdir(struct mnt_idmap *idmap, struct inode *dir,
		  struct dentry *dentry, umode_t mode);
int hostdir_mknod(struct mnt_idmap *idmap, struct inode *dir,
		  struct dentry *dentry, umode_t mode, dev_t rdev);
int hostdir_symlink(struct mnt_idmap *idmap, struct inode *dir,
		    struct dentry *dentry, const char *target);
int hostdir_atomic_open(struct inode *dir, struct dentry *dentry,
			struct file *file, unsigned int flags, umode_t mode);
int hostdir_tmpfile(struct mnt_idmap *idmap, struct inode *dir,
		    struct file *file, umode_t mode);
int hostdir_link(struct dentry *old, struct inode *dir, struct dentry *dentry);
int hostdir_unlink(struct inode *dir, struct dentry *dentry);
int hostdir_rmdir(struct inode *dir, struct dentry *dentry);
int hostdir_rename(struct mnt_idmap *idmap, struct inode *old_dir,
		   struct dentry *old, struct inode *new_dir,
		   struct dentry *new, unsigned int flags);

/* hostdir_xattr.c */
ssize_t hostdir_listxattr(struct dentry *dentry, char *list, size_t size);
struct posix_acl *hostdir_get_acl(struct inode *inode, int type, bool rcu);
int hostdir_set_acl(struct mnt_idmap *idmap, struct dentry *dentry,
		    struct posix_acl *acl, int type);

/* hostdir_file.c */
int hostdir_open(struct inode *inode, struct file *file);
int hostdir_attach(struct inode *inode, struct file *file, int fd);
int hostdir_release(struct inode *inode, struct file *file);
int hostdir_fsync(struct file *file, loff_t start, loff_t end, int datasync);

extern const struct inode_operations hostdir_dir_iops;
extern const struct file_operations hostdir_file_fops;
extern const struct file_operations hostdir_dir_fops;
extern const struct dentry_operations hostdir_dops;
extern const struct xattr_handler *const hostdir_xattr_handlers[];

#endif
