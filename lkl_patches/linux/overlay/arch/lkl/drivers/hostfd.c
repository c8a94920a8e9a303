// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host descriptors as files of the library kernel: the standard input and
 * output of what it runs. They may be shared with other processes of the host,
 * so their mode (O_NONBLOCK) is left alone: nothing is read or written that
 * poll(2) has not promised, and who has to wait sleeps here, not in the host.
 */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/poll.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/splice.h>
#include <linux/termios.h>
#include <linux/uio.h>
#include <linux/virtio_ids.h>
#include <asm/host_call.h>
#include <asm/lkl_hostfd.h>
#include "../kernel/lkl.h"

#define MAGIC 0x6c6b6c66
#define MAX_IOVECS 16
/* What a pipe that is ready for writing takes without waiting: PIPE_BUF. */
#define CHUNK 4096

struct hostfd {
	int fd;
	bool regular;
	bool ours; /* to be closed on the host, too */
	struct lkl_watch *watch;
	wait_queue_head_t wait;
};

static struct hostfd *watched[LKL_MAX_WATCHES];
static struct vfsmount *mnt __ro_after_init;

static __poll_t ready(const struct hostfd *h, __poll_t events)
{
	struct pollfd pfd = { .fd = h->fd, .events = events };

	if (h->regular)
		return events;
	return host_call(__NR_poll, &pfd, 1, 0) > 0 ? pfd.revents : 0;
}

bool lkl_waiting;
static bool network __ro_after_init;

static void watch(struct hostfd *h, __poll_t events)
{
	if (!h->watch)
		return;
	h->watch->wanted |= events & (EPOLLIN | EPOLLOUT);
	lkl_waiting = true;
}

/* In an interrupt: the host says which descriptors have become ready. */
void lkl_watches_ready(void)
{
	lkl_waiting = network;
	for (int i = 0; i < LKL_MAX_WATCHES; i++) {
		struct lkl_watch *w = &lkl_vcpu.watch[i];

		lkl_waiting |= w->wanted != 0;
		if (!w->ready || !watched[i])
			continue;
		w->ready = 0;
		wake_up_all(&watched[i]->wait);
	}
}

/* Sleep until one of @events; an error or hang-up is one, too. */
static int wait_for(struct file *file, __poll_t events, bool nowait)
{
	struct hostfd *h = file->private_data;
	DEFINE_WAIT(wait);
	int err = 0;

	events |= EPOLLERR | EPOLLHUP;
	if (ready(h, events))
		return 0;
	if (nowait)
		return -EAGAIN;
	for (;;) {
		prepare_to_wait(&h->wait, &wait, TASK_INTERRUPTIBLE);
		watch(h, events);
		if (ready(h, events))
			break;
		if (signal_pending(current)) {
			err = -ERESTARTSYS;
			break;
		}
		schedule();
	}
	finish_wait(&h->wait, &wait);
	return err;
}

static __poll_t hostfd_poll(struct file *file, poll_table *pt)
{
	struct hostfd *h = file->private_data;
	__poll_t events = poll_requested_events(pt);

	poll_wait(file, &h->wait, pt);
	watch(h, events);
	return ready(h, events | EPOLLERR | EPOLLHUP);
}

/* The next stretches of the iterator's memory as the host's iovecs. */
static int host_iovecs(struct iov_iter *it, struct iovec *iov, size_t limit)
{
	size_t left = min(iov_iter_count(it), limit);
	struct iov_iter at = *it;
	int n = 0;

	while (left && n < MAX_IOVECS) {
		size_t len = min(iov_iter_single_seg_count(&at), left);

		if (iter_is_ubuf(&at))
			iov[n].iov_base = at.ubuf + at.iov_offset;
		else if (iter_is_iovec(&at))
			iov[n].iov_base = iter_iov_addr(&at);
		else if (iov_iter_is_kvec(&at))
			iov[n].iov_base = at.kvec->iov_base + at.iov_offset;
		else if (iov_iter_is_bvec(&at))
			iov[n].iov_base =
				(void __user *)page_address(at.bvec->bv_page) +
				at.bvec->bv_offset + at.iov_offset;
		else
			return -EINVAL;
		iov[n++].iov_len = len;
		iov_iter_advance(&at, len);
		left -= len;
	}
	return n;
}

static bool no_wait(const struct kiocb *iocb)
{
	return iocb->ki_flags & IOCB_NOWAIT ||
	       iocb->ki_filp->f_flags & O_NONBLOCK;
}

static ssize_t hostfd_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct hostfd *h = iocb->ki_filp->private_data;
	struct iovec iov[MAX_IOVECS];
	ssize_t n;
	int err;

	do {
		err = wait_for(iocb->ki_filp, EPOLLIN, no_wait(iocb));
		if (err)
			return err;
		n = host_iovecs(to, iov, SIZE_MAX);
		if (n > 0)
			n = host_call(__NR_readv, h->fd, iov, n);
	} while (n == -EINTR || (n == -EAGAIN && !no_wait(iocb)));
	if (n > 0)
		iov_iter_advance(to, n);
	return n;
}

static ssize_t write_some(struct kiocb *iocb, struct iov_iter *from)
{
	struct hostfd *h = iocb->ki_filp->private_data;
	struct iovec iov[MAX_IOVECS];
	ssize_t n;
	int err = wait_for(iocb->ki_filp, EPOLLOUT, no_wait(iocb));

	if (err)
		return err;
	n = host_iovecs(from, iov, h->regular ? SIZE_MAX : CHUNK);
	if (n > 0)
		n = host_call(__NR_writev, h->fd, iov, n);
	if (n == -EPIPE)
		send_sig(SIGPIPE, current, 0);
	return n == -EINTR ? 0 : n;
}

static ssize_t hostfd_write(struct kiocb *iocb, struct iov_iter *from)
{
	ssize_t done = 0, n;

	while (iov_iter_count(from)) {
		n = write_some(iocb, from);
		if (n == -EAGAIN && !no_wait(iocb))
			continue;
		if (n < 0)
			return done ?: n;
		iov_iter_advance(from, n);
		done += n;
	}
	return done;
}

static int hostfd_fsync(struct file *file, loff_t from, loff_t to, int data)
{
	struct hostfd *h = file->private_data;

	return host_call(data ? __NR_fdatasync : __NR_fsync, h->fd);
}

static loff_t hostfd_llseek(struct file *file, loff_t offset, int whence)
{
	struct hostfd *h = file->private_data;

	return host_call(__NR_lseek, h->fd, offset, whence);
}

/* Of the host's terminal: its size and modes, and how much there is to read. */
static long hostfd_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct hostfd *h = file->private_data;

	switch (cmd) {
	case TCGETS:
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
	case TIOCGWINSZ:
	case FIONREAD:
		if (!access_ok((void __user *)arg, sizeof(struct termios)))
			return -EFAULT;
		return host_call(__NR_ioctl, h->fd, cmd, arg);
	}
	return -ENOTTY;
}

/* Once more, by its name in /proc/PID/fd: /dev/stdin and the like. */
static int hostfd_open(struct inode *inode, struct file *file)
{
	struct hostfd *h = inode->i_private;

	file->private_data = h;
	return h->regular ? 0 : stream_open(inode, file);
}

static const struct file_operations hostfd_ops = {
	.owner = THIS_MODULE,
	.open = hostfd_open,
	.llseek = hostfd_llseek,
	.read_iter = hostfd_read,
	.write_iter = hostfd_write,
	.poll = hostfd_poll,
	.fsync = hostfd_fsync,
	.unlocked_ioctl = hostfd_ioctl,
	.splice_read = copy_splice_read,
	.splice_write = iter_file_splice_write,
};

static struct lkl_watch *new_watch(struct hostfd *h)
{
	for (int i = 0; i < LKL_MAX_WATCHES; i++) {
		if (watched[i])
			continue;
		watched[i] = h;
		lkl_vcpu.watch[i].fd = h->fd;
		return &lkl_vcpu.watch[i];
	}
	return NULL;
}

static struct hostfd *new_hostfd(int fd, umode_t mode)
{
	struct hostfd *h = kzalloc(sizeof(*h), GFP_KERNEL);

	if (!h)
		return NULL;
	h->fd = fd;
	h->regular = S_ISREG(mode) || S_ISDIR(mode);
	init_waitqueue_head(&h->wait);
	if (!h->regular)
		h->watch = new_watch(h);
	return h;
}

static void free_hostfd(struct inode *inode)
{
	struct hostfd *h = inode->i_private;

	clear_inode(inode);
	if (h && h->watch) {
		watched[h->watch - lkl_vcpu.watch] = NULL;
		memset(h->watch, 0, sizeof(*h->watch));
	}
	if (h && h->ours)
		host_call(__NR_close, h->fd);
	kfree(h);
}

/* The host's attributes, as far as a program may ask for them. */
static struct inode *new_inode_for(int fd, const struct kstat *st)
{
	struct inode *inode = new_inode_pseudo(mnt->mnt_sb);

	if (!inode)
		return NULL;
	inode->i_ino = get_next_ino();
	inode->i_mode = st->mode;
	inode->i_size = st->size;
	inode->i_fop = &hostfd_ops;
	simple_inode_init_ts(inode);
	inode->i_private = new_hostfd(fd, st->mode);
	if (inode->i_private)
		return inode;
	iput(inode);
	return NULL;
}

static struct file *new_file(int fd, const struct kstat *st, int flags)
{
	struct inode *inode = new_inode_for(fd, st);
	struct file *file;

	if (!inode)
		return ERR_PTR(-ENOMEM);
	file = alloc_file_pseudo(inode, mnt, "host", flags, &hostfd_ops);
	if (IS_ERR(file)) {
		iput(inode);
		return file;
	}
	file->private_data = inode->i_private;
	file->f_mode |= FMODE_STREAM;
	if (S_ISREG(st->mode))
		file->f_mode = (file->f_mode & ~FMODE_STREAM) | FMODE_LSEEK;
	return file;
}

static int look(int fd, struct kstat *st)
{
	struct statx stx;
	long err = host_call(__NR_statx, fd, "", AT_EMPTY_PATH,
			     STATX_BASIC_STATS, &stx);

	st->mode = stx.stx_mode;
	st->size = stx.stx_size;
	return err;
}

static long open_host(int host_fd, bool ours)
{
	long flags = host_call(__NR_fcntl, host_fd, F_GETFL, 0);
	struct kstat st = {};
	struct file *file;
	int fd, err;

	if (flags > 0 && flags & O_PATH)
		return -EBADF; /* closed: ukrun only keeps its place */
	err = flags < 0 ? flags : look(host_fd, &st);
	if (err)
		return err;
	fd = get_unused_fd_flags(0);
	if (fd < 0)
		return fd;
	file = new_file(host_fd, &st, flags & (O_ACCMODE | O_APPEND));
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	((struct hostfd *)file->private_data)->ours = ours;
	fd_install(fd, file);
	return fd;
}

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int) * LKL_HOSTFD_MAX_FDS)];
};

static unsigned int take_fds(const union control *c, size_t len, int *fds)
{
	size_t n;

	if (len < CMSG_LEN(0) || c->head.cmsg_level != SOL_SOCKET ||
	    c->head.cmsg_type != SCM_RIGHTS)
		return 0;
	n = (c->head.cmsg_len - CMSG_LEN(0)) / sizeof(int);
	n = min_t(size_t, n, LKL_HOSTFD_MAX_FDS);
	memcpy(fds, CMSG_DATA(&c->head), n * sizeof(int));
	return n;
}

static long receive(struct lkl_hostfd_message __user *to)
{
	struct lkl_hostfd_message m;
	union control c;
	struct iovec iov;
	struct mmsghdr {
		struct user_msghdr hdr;
		unsigned int len;
	} message = {
		.hdr = { .msg_iov = &iov,
			 .msg_iovlen = 1,
			 .msg_control = &c,
			 .msg_controllen = sizeof(c) },
	};
	long n;

	if (copy_from_user(&m, to, sizeof(m)))
		return -EFAULT;
	if (!access_ok(m.buf, m.len))
		return -EFAULT;
	iov = (struct iovec){ m.buf, m.len };
	n = host_call(__NR_recvmmsg, m.fd, &message, 1,
		      MSG_DONTWAIT | MSG_CMSG_CLOEXEC, NULL);
	if (n <= 0)
		return n ?: -EAGAIN;
	m.nfds = take_fds(&c, message.hdr.msg_controllen, m.fds);
	return copy_to_user(to, &m, sizeof(m)) ? -EFAULT : message.len;
}

/* Only for process 1 and whom it hands the file to. */
static int lkl_open(struct inode *inode, struct file *file)
{
	return is_global_init(current) ? 0 : -EPERM;
}

static long lkl_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	switch (cmd) {
	case LKL_HOSTFD_OPEN:
		return open_host(arg, false);
	case LKL_HOSTFD_TAKE:
		return open_host(arg, true);
	case LKL_HOSTFD_RECEIVE:
		return receive((void __user *)arg);
	case LKL_HOSTFD_EXIT:
		lkl_ops.exit(arg);
		break;
	case LKL_HOSTFD_SIGNALS:
		lkl_signals_wanted();
		return 0;
	}
	return -ENOTTY;
}

static const struct file_operations lkl_fops = {
	.owner = THIS_MODULE,
	.open = lkl_open,
	.unlocked_ioctl = lkl_ioctl,
};

static struct miscdevice lkl_device = {
	.minor = LKL_HOSTFD_MINOR,
	.name = "lkl",
	.fops = &lkl_fops,
	.mode = 0600,
};

static const struct super_operations super_ops = {
	.statfs = simple_statfs,
	.evict_inode = free_hostfd,
};

static int init_context(struct fs_context *fc)
{
	struct pseudo_fs_context *context = init_pseudo(fc, MAGIC);

	if (!context)
		return -ENOMEM;
	context->ops = &super_ops;
	return 0;
}

static struct file_system_type hostfd_type = {
	.name = "hostfd",
	.init_fs_context = init_context,
	.kill_sb = kill_anon_super,
};

static int __init hostfd_init(void)
{
	if (!lkl_ops.process)
		return 0;
	/* A network may bring something at any time. */
	for (struct lkl_device *d = lkl_ops.devices; d; d = d->next)
		network |= d->id == VIRTIO_ID_NET;
	lkl_waiting = network;
	mnt = kern_mount(&hostfd_type);
	return IS_ERR(mnt) ? PTR_ERR(mnt) : misc_register(&lkl_device);
}
device_initcall(hostfd_init);
