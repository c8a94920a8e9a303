// SPDX-License-Identifier: GPL-2.0-only
/* hostdir: reading a directory. Positions are the host's own. */
#include <linux/slab.h>
#include <linux/types.h>
#include <linux/dirent.h>
#include "hostdir.h"

#define ENTRIES_SIZE 16384

/* Read on from the beginning, in a new descriptor: for a host without lseek. */
static int begin_anew(struct hostdir_file *hf)
{
	int fd = host_call(__NR_openat, hf->fd, ".",
			   O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

	if (fd < 0)
		return fd;
	hostdir_close(hf->fd);
	hf->fd = fd;
	hf->pos = 0;
	return 0;
}

/* The entry behind @pos, among those that are to come; the same as seeking. */
static int read_up_to(struct hostdir_file *hf, loff_t pos)
{
	int err = begin_anew(hf);
	long n;

	while (!err && hf->pos != pos) {
		n = host_call(__NR_getdents64, hf->fd, hf->entries,
			      ENTRIES_SIZE);
		if (n <= 0)
			return n;
		hf->filled = n;
		for (hf->next = 0; hf->next < n && hf->pos != pos;) {
			const struct linux_dirent64 *entry =
				hf->entries + hf->next;

			hf->next += entry->d_reclen;
			hf->pos = entry->d_off;
		}
	}
	return err;
}

/* More entries from the host: 1, or 0 at the end. */
static int fill(struct hostdir_file *hf, loff_t pos)
{
	long n;

	if (!hf->entries)
		hf->entries = kmalloc(ENTRIES_SIZE, GFP_KERNEL);
	if (!hf->entries)
		return -ENOMEM;
	if (hf->pos != pos) {
		hf->next = hf->filled = 0;
		n = host_call(__NR_lseek, hf->fd, pos, SEEK_SET);
		if (n == -ENOSYS)
			n = read_up_to(hf, pos);
		if (n < 0)
			return n;
		hf->pos = pos;
		if (hf->next < hf->filled)
			return 1;
	}
	n = host_call(__NR_getdents64, hf->fd, hf->entries, ENTRIES_SIZE);
	if (n < 0)
		return n;
	hf->next = 0;
	hf->filled = n;
	return n > 0;
}

static bool emit(struct file *file, struct dir_context *ctx,
		 const struct linux_dirent64 *entry)
{
	struct dentry *dir = file_dentry(file);
	u64 ino = hostdir_ino(dir->d_sb, hostdir_i(d_inode(dir))->dev,
			      entry->d_ino);

	/* Where the mount ends is ours to say. */
	if (!strcmp(entry->d_name, ".."))
		ino = d_parent_ino(dir);
	return dir_emit(ctx, entry->d_name, strlen(entry->d_name), ino,
			entry->d_type);
}

static int iterate(struct file *file, struct dir_context *ctx)
{
	struct hostdir_file *hf = file->private_data;

	for (;;) {
		const struct linux_dirent64 *entry;

		if (hf->pos != ctx->pos || hf->next == hf->filled) {
			int more = fill(hf, ctx->pos);

			if (more <= 0)
				return more;
		}
		entry = hf->entries + hf->next;
		if (!emit(file, ctx, entry))
			return 0;
		hf->next += entry->d_reclen;
		ctx->pos = hf->pos = entry->d_off;
	}
}

const struct file_operations hostdir_dir_fops = {
	.open = hostdir_open,
	.release = hostdir_release,
	.read = generic_read_dir,
	.iterate_shared = iterate,
	.llseek = no_seek_end_llseek,
	.fsync = hostdir_fsync,
};
