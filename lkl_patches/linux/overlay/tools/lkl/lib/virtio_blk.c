// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-blk on a file or block device: requests are done at once, in the
 * notification.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>
#include <linux/fs.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>

#include "host.h"
#include "host_call.h"

#define SECTOR 512
#define QUEUE_SIZE 64

static bool transfer(int fd, bool write, struct iovec *iov, int count, off_t at)
{
	while (count) {
		long n = host_call5(write ? SYS_pwritev : SYS_preadv, fd, iov,
				    count, at, 0);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		while (count && (size_t)n >= iov->iov_len) {
			n -= iov->iov_len;
			iov++;
			count--;
		}
		if (n) {
			iov->iov_base = (char *)iov->iov_base + n;
			iov->iov_len -= n;
		}
	}
	return true;
}

/* The chain: a header, the data, one octet of status. */
static uint32_t request(struct host_device *dev, struct chain *c)
{
	static const char serial[VIRTIO_BLK_ID_BYTES] = "lkl";
	const struct virtio_blk_outhdr *head = c->iov[0].iov_base;
	off_t at = head->sector * SECTOR + dev->dev.file_start;
	unsigned char *status = c->iov[c->count - 1].iov_base;
	struct iovec *data = &c->iov[1];
	int count = c->count - 2;
	uint32_t in = c->len - c->iov[0].iov_len;
	bool ok;

	switch (head->type) {
	case VIRTIO_BLK_T_IN:
		ok = transfer(dev->fd, false, data, count, at);
		break;
	case VIRTIO_BLK_T_OUT:
		ok = transfer(dev->fd, true, data, count, at);
		in = 1;
		break;
	case VIRTIO_BLK_T_FLUSH:
		ok = !host_call1(SYS_fdatasync, dev->fd);
		in = 1;
		break;
	case VIRTIO_BLK_T_GET_ID:
		ok = data->iov_len >= sizeof(serial);
		if (ok)
			memcpy(data->iov_base, serial, sizeof(serial));
		break;
	default:
		*status = VIRTIO_BLK_S_UNSUPP;
		return 1;
	}
	*status = ok ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR;
	return in;
}

static void blk_notify(struct lkl_device *lkl, unsigned int index)
{
	struct host_device *dev = (struct host_device *)lkl;
	struct lkl_queue *q = &lkl->queue[index];
	bool some = false;
	struct chain c;

	while (queue_next(q, &c)) {
		queue_used(q, c.head, request(dev, &c));
		some = true;
	}
	if (some && queue_wants_interrupt(q))
		device_interrupt(lkl);
}

int host_add_disk(int fd, unsigned int flags, unsigned long long start)
{
	struct virtio_blk_config config = { .seg_max = CHAIN_MAX - 2 };
	struct host_device *dev;
	unsigned long long size;
	struct stat st;

	if (lkl_vcpu.booted)
		return -EBUSY;
	if (fstat(fd, &st))
		return -errno;
	if (S_ISBLK(st.st_mode)) {
		if (ioctl(fd, BLKGETSIZE64, &size))
			return -errno;
	} else if (S_ISREG(st.st_mode)) {
		size = st.st_size;
	} else {
		return -ENOTBLK;
	}
	dev = device_new(VIRTIO_ID_BLOCK);
	if (!dev)
		return -ENOSPC;
	if (start > size)
		return -EINVAL;
	dev->fd = fd;
	dev->dev.file = fd;
	dev->dev.file_start = start;
	config.capacity = (size - start) / SECTOR;
	memcpy(dev->dev.config, &config, sizeof(dev->dev.config));
	dev->dev.config_len = sizeof(config);
	dev->dev.features |= 1ULL << VIRTIO_BLK_F_FLUSH |
			     1ULL << VIRTIO_BLK_F_SEG_MAX;
	if (flags & LKL_DISK_RO)
		dev->dev.features |= 1ULL << VIRTIO_BLK_F_RO;
	dev->dev.queue_max = QUEUE_SIZE;
	dev->dev.notify = blk_notify;
	return dev->dev.irq - LKL_IRQ_DEVICE;
}

int lkl_add_disk(int fd, unsigned int flags)
{
	return host_add_disk(fd, flags, 0);
}
