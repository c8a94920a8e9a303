// SPDX-License-Identifier: GPL-2.0-only
/* hostdir: mounting. */
#include <linux/fcntl.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/init.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/statfs.h>
#include "hostdir.h"

#define HOSTDIR_MAGIC 0x686f7364 /* "hosd" */
#define DEFAULT_TIMEOUT_MS 1000

enum { OPT_FD, OPT_TIMEOUT, OPT_EXCLUSIVE, OPT_ACL };

static const struct fs_parameter_spec parameters[] = {
	fsparam_u32("fd", OPT_FD),
	fsparam_u32("timeout", OPT_TIMEOUT),
	fsparam_flag("exclusive", OPT_EXCLUSIVE),
	fsparam_flag("acl", OPT_ACL),
	{},
};

/* What the options say, until there is a superblock. */
struct options {
	int fd; /* -1: not given */
	unsigned int timeout_ms;
	bool timeout_given;
	bool exclusive;
};

static struct kmem_cache *inode_cache;

static struct inode *alloc_inode(struct super_block *sb)
{
	struct hostdir_inode *hi = alloc_inode_sb(sb, inode_cache, GFP_KERNEL);

	return hi ? &hi->vfs : NULL;
}

static void free_inode(struct inode *inode)
{
	if (S_ISLNK(inode->i_mode))
		kfree(inode->i_link);
	kmem_cache_free(inode_cache, hostdir_i(inode));
}

static void init_inode_once(void *memory)
{
	struct hostdir_inode *hi = memory;

	INIT_LIST_HEAD(&hi->files);
	inode_init_once(&hi->vfs);
}

static int statfs(struct dentry *dentry, struct kstatfs *st)
{
	struct statfs host;
	int err = host_call(__NR_fstatfs, hostdir_sb(dentry->d_sb)->fd, &host);

	if (err)
		return err;
	st->f_type = HOSTDIR_MAGIC;
	st->f_bsize = host.f_bsize;
	st->f_frsize = host.f_frsize;
	st->f_blocks = host.f_blocks;
	st->f_bfree = host.f_bfree;
	st->f_bavail = host.f_bavail;
	st->f_files = host.f_files;
	st->f_ffree = host.f_ffree;
	st->f_fsid = u64_to_fsid(dentry->d_sb->s_dev);
	st->f_namelen = min_t(long, host.f_namelen, NAME_MAX);
	return 0;
}

/* sync(2); an unmounted directory is left to the host's own writing back. */
static int sync_fs(struct super_block *sb, int wait)
{
	int fd, err;

	if (!sb->s_root || !wait)
		return 0;
	fd = host_call(__NR_openat, hostdir_sb(sb)->fd, ".",
		       O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	err = host_call(__NR_syncfs, fd);
	hostdir_close(fd);
	return err;
}

static int show_options(struct seq_file *m, struct dentry *root)
{
	const struct hostdir_sb *info = hostdir_sb(root->d_sb);

	if (info->exclusive)
		seq_puts(m, ",exclusive");
	else
		seq_printf(m, ",timeout=%u", info->timeout_ms);
	if (root->d_sb->s_flags & SB_POSIXACL)
		seq_puts(m, ",acl");
	return 0;
}

static const struct super_operations super_operations = {
	.alloc_inode = alloc_inode,
	.free_inode = free_inode,
	.statfs = statfs,
	.sync_fs = sync_fs,
	.show_options = show_options,
};

static int parse(struct fs_context *fc, struct fs_parameter *param)
{
	struct options *options = fc->fs_private;
	struct fs_parse_result result;
	int opt = fs_parse(fc, parameters, param, &result);

	switch (opt) {
	case OPT_FD:
		if (fc->purpose == FS_CONTEXT_FOR_RECONFIGURE)
			return invalfc(fc, "fd= cannot be changed");
		if (result.uint_32 > INT_MAX)
			return invalfc(fc, "fd=%u is no descriptor",
				       result.uint_32);
		options->fd = result.uint_32;
		return 0;
	case OPT_TIMEOUT:
		options->timeout_ms = result.uint_32;
		options->timeout_given = true;
		return 0;
	case OPT_EXCLUSIVE:
		if (fc->purpose == FS_CONTEXT_FOR_RECONFIGURE &&
		    !hostdir_sb(fc->root->d_sb)->exclusive)
			return invalfc(fc, "exclusive is for new mounts");
		options->exclusive = true;
		return 0;
	case OPT_ACL:
		fc->sb_flags |= SB_POSIXACL;
		fc->sb_flags_mask |= SB_POSIXACL;
		return 0;
	}
	return opt;
}

static void set_timeout(struct hostdir_sb *info, unsigned int ms)
{
	info->timeout_ms = ms;
	info->timeout = msecs_to_jiffies(ms);
}

static int fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct statx stx;
	struct inode *root;
	int err = hostdir_statx_fd(hostdir_sb(sb)->fd, &stx);

	if (err)
		return err;
	hostdir_sb(sb)->dev = hostdir_dev(&stx);
	sb->s_magic = HOSTDIR_MAGIC;
	sb->s_op = &super_operations;
	sb->s_xattr = hostdir_xattr_handlers;
	if (!hostdir_sb(sb)->exclusive)
		sb->s_d_op = &hostdir_dops;
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_time_gran = 1;
	sb->s_blocksize = PAGE_SIZE;
	sb->s_blocksize_bits = PAGE_SHIFT;
	root = hostdir_iget(sb, &stx);
	if (IS_ERR(root))
		return PTR_ERR(root);
	sb->s_root = d_make_root(root);
	return sb->s_root ? 0 : -ENOMEM;
}

static void free_info(struct hostdir_sb *info)
{
	if (!info)
		return;
	hostdir_close(info->fd);
	kfree(info);
}

/* A descriptor of our own, of what must be a directory. */
static int own_fd(struct fs_context *fc, int given)
{
	struct statx stx;
	int fd;

	if (given < 0)
		return invalfc(fc,
			       "fd= is missing, a host directory's descriptor");
	fd = host_call(__NR_fcntl, given, F_DUPFD_CLOEXEC, 3);
	if (fd < 0) {
		errorfc(fc, "fd=%d is not open on the host", given);
		return fd;
	}
	if (!hostdir_statx_fd(fd, &stx) && S_ISDIR(stx.stx_mode))
		return fd;
	hostdir_close(fd);
	errorfc(fc, "fd=%d is not a directory of the host", given);
	return -ENOTDIR;
}

static int get_tree(struct fs_context *fc)
{
	const struct options *options = fc->fs_private;
	struct hostdir_sb *info;
	int fd = own_fd(fc, options->fd);

	if (fd < 0)
		return fd;
	info = kzalloc(sizeof(*info), GFP_KERNEL);
	if (!info) {
		hostdir_close(fd);
		return -ENOMEM;
	}
	info->fd = fd;
	info->exclusive = options->exclusive;
	set_timeout(info, options->timeout_ms);
	fc->s_fs_info = info; /* the superblock's as soon as there is one */
	return get_tree_nodev(fc, fill_super);
}

static int reconfigure(struct fs_context *fc)
{
	const struct options *options = fc->fs_private;

	if (options->timeout_given)
		set_timeout(hostdir_sb(fc->root->d_sb), options->timeout_ms);
	return 0;
}

static void free_context(struct fs_context *fc)
{
	free_info(fc->s_fs_info);
	kfree(fc->fs_private);
}

static const struct fs_context_operations context_operations = {
	.parse_param = parse,
	.get_tree = get_tree,
	.reconfigure = reconfigure,
	.free = free_context,
};

static int init_context(struct fs_context *fc)
{
	struct options *options = kzalloc(sizeof(*options), GFP_KERNEL);

	if (!options)
		return -ENOMEM;
	options->fd = -1;
	options->timeout_ms = DEFAULT_TIMEOUT_MS;
	fc->fs_private = options;
	fc->ops = &context_operations;
	return 0;
}

static void kill_super(struct super_block *sb)
{
	kill_anon_super(sb);
	free_info(hostdir_sb(sb));
}

static struct file_system_type hostdir_type = {
	.name = "hostdir",
	.init_fs_context = init_context,
	.parameters = parameters,
	.kill_sb = kill_super,
};

static int __init hostdir_init(void)
{
	inode_cache = kmem_cache_create("hostdir_inode",
					sizeof(struct hostdir_inode), 0,
					SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT,
					init_inode_once);
	if (!inode_cache)
		return -ENOMEM;
	return register_filesystem(&hostdir_type);
}
fs_initcall(hostdir_init);
