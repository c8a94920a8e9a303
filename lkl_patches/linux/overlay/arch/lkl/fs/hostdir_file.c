// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostdir: open files. The host reads and writes the caller's memory; nothing
 * is kept of the data.
 */
#include <linux/bvec.h>
#include <linux/fcntl.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <linux/uio.h>
#include <asm/hostdir.h>
#include "hostdir.h"

/* Make the descriptor the file's; it is closed if that fails. */
int hostdir_attach(struct inode *inode, struct file *file, int fd)
{
	struct hostdir_file *hf = kzalloc(sizeof(*hf), GFP_KERNEL);

	if (!hf) {
		hostdir_close(fd);
		return -ENOMEM;
	}
	hf->fd = fd;
	spin_lock(&inode->i_lock);
	list_add(&hf->of_inode, &hostdir_i(inode)->files);
	spin_unlock(&inode->i_lock);
	file->private_data = hf;
	/* The data goes to the host without a detour anyway. */
	file->f_mode |= FMODE_CAN_ODIRECT;
	return 0;
}

/* The name may have come to another object since it was looked up. */
static int verify(struct inode *inode, struct dentry *dentry, int fd)
{
	struct statx stx;
	int err;

	if (hostdir_sb(inode->i_sb)->exclusive)
		return 0;
	err = hostdir_statx_fd(fd, &stx);
	if (err)
		return err;
	if (!hostdir_same(inode, &stx))
		return -ESTALE;
	hostdir_update(inode, &stx);
	return 0;
}

int hostdir_open(struct inode *inode, struct file *file)
{
	struct dentry *dentry = file_dentry(file);
	u64 flags = S_ISDIR(inode->i_mode) ? O_RDONLY | O_DIRECTORY :
					     file->f_flags & O_ACCMODE;
	int fd = hostdir_open_any(dentry, flags);
	int err;

	if (fd < 0)
		return fd == -ENOENT ? -ESTALE : fd;
	err = verify(inode, dentry, fd);
	if (err) {
		hostdir_close(fd);
		return err;
	}
	return hostdir_attach(inode, file, fd);
}

int hostdir_release(struct inode *inode, struct file *file)
{
	struct hostdir_file *hf = file->private_data;

	spin_lock(&inode->i_lock);
	list_del(&hf->of_inode);
	spin_unlock(&inode->i_lock);
	hostdir_close(hf->fd);
	kfree(hf->entries);
	kfree(hf);
	return 0;
}

static int host_fd(const struct file *file)
{
	const struct hostdir_file *hf = file->private_data;

	return hf->fd;
}

int lkl_hostdir_fd(const struct file *file)
{
	return file->f_op == &hostdir_file_fops ? host_fd(file) : -1;
}

/*
 * The memory of an iterator as the host takes it; a long one in parts.
 */
struct memory {
	struct iovec *vec;
	unsigned int nr;
	struct iovec few[8];
};

/* The segment at which an iterator stands, cut to what is left of it. */
static struct iovec segment(const struct iov_iter *iter, unsigned int i,
			    size_t skip)
{
	struct iovec seg = {};

	if (iter->iter_type == ITER_BVEC) {
		seg.iov_base =
			(void __user *)(page_address(iter->bvec[i].bv_page) +
					iter->bvec[i].bv_offset);
		seg.iov_len = iter->bvec[i].bv_len;
	} else if (iter->iter_type == ITER_KVEC) {
		seg.iov_base = (void __user *)iter->kvec[i].iov_base;
		seg.iov_len = iter->kvec[i].iov_len;
	} else {
		seg = iter_iov(iter)[i];
	}
	seg.iov_base += skip;
	seg.iov_len -= skip;
	return seg;
}

static int memory_of(struct memory *m, const struct iov_iter *iter)
{
	size_t left = iov_iter_count(iter), skip = iter->iov_offset;
	unsigned int nr = iter_is_ubuf(iter) ? 1 : iter->nr_segs;
	unsigned int i;

	if (!iter_is_ubuf(iter) && !iter_is_iovec(iter) &&
	    !iov_iter_is_kvec(iter) && !iov_iter_is_bvec(iter))
		return -EOPNOTSUPP;
	nr = min(nr, UIO_MAXIOV);
	m->vec = m->few;
	if (nr > ARRAY_SIZE(m->few))
		m->vec = kmalloc_array(nr, sizeof(*m->vec), GFP_KERNEL);
	if (!m->vec)
		return -ENOMEM;
	m->nr = 0;
	for (i = 0; i < nr && left; i++) {
		struct iovec seg = segment(iter, i, skip);

		seg.iov_len = min(seg.iov_len, left);
		left -= seg.iov_len;
		skip = 0;
		if (seg.iov_len)
			m->vec[m->nr++] = seg;
	}
	return 0;
}

static void memory_put(struct memory *m)
{
	if (m->vec != m->few)
		kfree(m->vec);
}

static ssize_t read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	int fd = host_fd(iocb->ki_filp);
	struct memory m;
	ssize_t n;

	if (!iov_iter_count(to))
		return 0;
	n = memory_of(&m, to);
	if (n)
		return n;
	if (m.nr == 1)
		n = host_call(__NR_pread64, fd, m.vec->iov_base, m.vec->iov_len,
			      iocb->ki_pos);
	else
		n = host_call(__NR_preadv, fd, m.vec, m.nr, iocb->ki_pos, 0);
	memory_put(&m);
	if (n > 0) {
		iocb->ki_pos += n;
		iov_iter_advance(to, n);
	}
	return n;
}

static loff_t llseek(struct file *file, loff_t offset, int whence)
{
	loff_t max = file_inode(file)->i_sb->s_maxbytes;

	if (whence == SEEK_SET || whence == SEEK_CUR)
		return generic_file_llseek_size(file, offset, whence, max, 0);
	offset = host_call(__NR_lseek, host_fd(file), offset, whence);
	return offset < 0 ? offset : vfs_setpos(file, offset, max);
}

int hostdir_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	return host_call(datasync ? __NR_fdatasync : __NR_fsync, host_fd(file));
}

/* Mappings are made of the host's file, before it comes to this. */
static int mmap(struct file *file, struct vm_area_struct *vma)
{
	return -ENODEV;
}

static unsigned int mmap_capabilities(struct file *file)
{
	return NOMMU_MAP_COPY | NOMMU_MAP_READ | NOMMU_MAP_EXEC;
}

const struct file_operations hostdir_file_fops = {
	.open = hostdir_open,
	.release = hostdir_release,
	.llseek = llseek,
	.read_iter = read_iter,
	.splice_read = copy_splice_read,
	.fsync = hostdir_fsync,
	.mmap = mmap,
	.mmap_capabilities = mmap_capabilities,
};
