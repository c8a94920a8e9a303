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

/* Make the descriptor the file's, unless that fails. */
int hostdir_attach(struct inode *inode, struct file *file, int fd)
{
	struct hostdir_file *hf = kzalloc(sizeof(*hf), GFP_KERNEL);

	if (!hf)
		return -ENOMEM;
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
static int verify(struct inode *inode, int fd)
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
	u64 flags = S_ISDIR(inode->i_mode) ? O_RDONLY | O_DIRECTORY :
					     file->f_flags & O_ACCMODE;
	int fd = hostdir_open_any(file_dentry(file), flags);
	int err;

	if (fd < 0)
		return fd == -ENOENT ? -ESTALE : fd;
	err = verify(inode, fd);
	if (!err)
		err = hostdir_attach(inode, file, fd);
	if (err)
		hostdir_close(fd);
	return err;
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

static void grown(struct inode *inode, loff_t end)
{
	if (end > i_size_read(inode))
		i_size_write(inode, end);
}

/* A host that is asked for little does not tell positions (sandbox.c). */
static loff_t end_of(int fd)
{
	struct statx stx;
	int err = hostdir_statx_fd(fd, &stx);

	return err ?: stx.stx_size;
}

/*
 * Whether to append can change while a file is open, so it is said with each
 * write. An offset of -1 stands for the descriptor's own position, which then
 * tells where the data went.
 */
static ssize_t append(int fd, const struct memory *m, int flags, loff_t *end)
{
	ssize_t n = host_call(__NR_pwritev2, fd, m->vec, m->nr, -1, -1,
			      flags | RWF_APPEND);

	if (n >= 0)
		*end = host_call(__NR_lseek, fd, 0, SEEK_CUR);
	if (n >= 0 && *end == -ENOSYS)
		*end = end_of(fd);
	return n;
}

static ssize_t write_at(int fd, const struct memory *m, int flags, loff_t pos)
{
	if (flags)
		return host_call(__NR_pwritev2, fd, m->vec, m->nr, pos, 0,
				 flags);
	if (m->nr == 1)
		return host_call(__NR_pwrite64, fd, m->vec->iov_base,
				 m->vec->iov_len, pos);
	return host_call(__NR_pwritev, fd, m->vec, m->nr, pos, 0);
}

static int sync_flags(const struct kiocb *iocb)
{
	if (iocb->ki_flags & IOCB_SYNC)
		return RWF_SYNC;
	return iocb->ki_flags & IOCB_DSYNC ? RWF_DSYNC : 0;
}

static ssize_t write(struct kiocb *iocb, struct iov_iter *from)
{
	int fd = host_fd(iocb->ki_filp);
	struct memory m;
	loff_t end;
	ssize_t n = memory_of(&m, from);

	if (n)
		return n;
	if (iocb->ki_flags & IOCB_APPEND) {
		n = append(fd, &m, sync_flags(iocb), &end);
	} else {
		n = write_at(fd, &m, sync_flags(iocb), iocb->ki_pos);
		end = iocb->ki_pos + n;
	}
	memory_put(&m);
	if (n > 0) {
		iocb->ki_pos = end;
		iov_iter_advance(from, n);
		grown(file_inode(iocb->ki_filp), end);
	}
	return n;
}

static ssize_t write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	ssize_t n;

	inode_lock(inode);
	n = generic_write_checks(iocb, from);
	if (n > 0) {
		int err = file_remove_privs(iocb->ki_filp);

		n = err ?: write(iocb, from);
	}
	inode_unlock(inode);
	return n;
}

static long fallocate(struct file *file, int mode, loff_t offset, loff_t len)
{
	struct inode *inode = file_inode(file);
	int err;

	inode_lock(inode);
	err = file_remove_privs(file);
	if (!err)
		err = host_call(__NR_fallocate, host_fd(file), mode, offset,
				len);
	/* Some modes make it longer, some shorter. */
	if (!err)
		err = hostdir_refresh(file_dentry(file));
	inode_unlock(inode);
	return err;
}

/* Between two files of the host, there; what it cannot do goes through us. */
static ssize_t copy_file_range(struct file *in, loff_t pos_in, struct file *out,
			       loff_t pos_out, size_t len, unsigned int flags)
{
	struct inode *inode = file_inode(out);
	loff_t from = pos_in, to = pos_out;
	ssize_t n;

	inode_lock(inode);
	n = file_remove_privs(out);
	if (!n)
		n = host_call(__NR_copy_file_range, host_fd(in), &from,
			      host_fd(out), &to, len, 0);
	if (n > 0)
		grown(inode, pos_out + n);
	inode_unlock(inode);
	if (n == -EXDEV || n == -EOPNOTSUPP || n == -ENOSYS)
		n = splice_copy_file_range(in, pos_in, out, pos_out, len);
	return n;
}

static loff_t llseek(struct file *file, loff_t offset, int whence)
{
	loff_t limit = file_inode(file)->i_sb->s_maxbytes, at;

	if (whence == SEEK_SET || whence == SEEK_CUR)
		return generic_file_llseek_size(file, offset, whence, limit, 0);
	at = host_call(__NR_lseek, host_fd(file), offset, whence);
	if (at == -ENOSYS)
		return generic_file_llseek_size(file, offset, whence, limit,
						end_of(host_fd(file)));
	return at < 0 ? at : vfs_setpos(file, at, limit);
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
	.write_iter = write_iter,
	.splice_read = copy_splice_read,
	.splice_write = iter_file_splice_write,
	.copy_file_range = copy_file_range,
	.fallocate = fallocate,
	.fsync = hostdir_fsync,
	.mmap = mmap,
	.mmap_capabilities = mmap_capabilities,
};
