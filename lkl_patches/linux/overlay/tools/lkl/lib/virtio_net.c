// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-net on a file descriptor that carries frames: a tap device, a packet
 * socket (both with the virtio header in front of each frame, so that checksums
 * and segmentation are left to the last one who needs them), or a datagram
 * socket (bare frames).
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>

#include "host.h"
#include "host_call.h"

#define QUEUE_SIZE 256
#define HEADER sizeof(struct virtio_net_hdr_mrg_rxbuf)
#define FRAME_MAX (65536 + ETH_HLEN)

enum { RX, TX };

/* What of the header stands before a frame on the file descriptor. */
static size_t header_outside(const struct host_device *dev)
{
	switch (dev->kind) {
	case LKL_NET_TAP:
		return HEADER;
	case LKL_NET_PACKET:
		return sizeof(struct virtio_net_hdr);
	default:
		return 0;
	}
}

/*
 * @from describes HEADER octets and a frame; make @to the same without the part
 * of the header that does not go outside.
 */
static int without_inner_header(const struct host_device *dev, struct iovec *to,
				const struct iovec *from, int count)
{
	size_t keep = header_outside(dev);
	size_t skip = HEADER - keep;
	int n = 0;

	if (from->iov_len < HEADER)
		return -1;
	if (keep)
		to[n++] = (struct iovec){ from->iov_base, keep };
	if (from->iov_len > keep + skip)
		to[n++] = (struct iovec){
			(char *)from->iov_base + keep + skip,
			from->iov_len - keep - skip,
		};
	for (int i = 1; i < count; i++)
		to[n++] = from[i];
	return n;
}

static void transmit(struct lkl_device *lkl)
{
	struct host_device *dev = (struct host_device *)lkl;
	struct lkl_queue *q = &lkl->queue[TX];
	struct iovec iov[CHAIN_MAX + 1];
	bool some = false;
	struct chain c;

	while (queue_next(q, &c)) {
		int n = without_inner_header(dev, iov, c.iov, c.count);
		ssize_t sent;

		/* Like a wire: what the other end does not take is lost. */
		do {
			sent = n > 0 ? host_call3(SYS_writev, dev->fd, iov, n) :
				       0;
		} while (sent == -EINTR);
		queue_used(q, c.head, 0);
		some = true;
	}
	if (some && queue_wants_interrupt(q))
		device_interrupt(lkl);
}

/* Buffers for one frame of the largest size, as chains and as one vector. */
struct room {
	int chains, count;
	size_t len;
	unsigned short head[QUEUE_SIZE];
	size_t size[QUEUE_SIZE];
	struct iovec iov[QUEUE_SIZE];
};

static void make_room(struct lkl_queue *q, struct room *room, size_t wanted)
{
	struct chain c;

	room->chains = 0;
	room->count = 0;
	room->len = 0;
	while (room->len < wanted && room->count < QUEUE_SIZE - CHAIN_MAX &&
	       queue_next(q, &c)) {
		room->head[room->chains] = c.head;
		room->size[room->chains++] = c.len;
		for (int i = 0; i < c.count; i++)
			room->iov[room->count++] = c.iov[i];
		room->len += c.len;
	}
}

/* @len octets, header included, were put into the room. */
static void fill_room(struct lkl_queue *q, struct room *room, size_t len)
{
	struct virtio_net_hdr_mrg_rxbuf *head = room->iov[0].iov_base;
	int used = 0;

	while (len) {
		size_t n = len < room->size[used] ? len : room->size[used];

		queue_used(q, room->head[used++], n);
		len -= n;
	}
	head->num_buffers = used;
	queue_back(q, room->chains - used);
}

/* Nothing there, or the other end or the interface was away for a while. */
static bool passes(int err)
{
	return err == -EAGAIN || err == -ENETDOWN || err == -ECONNREFUSED ||
	       err == -ECONNRESET;
}

static bool is_datagram(int fd)
{
	socklen_t size = sizeof(int);
	int type;

	return !host_call5(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type,
			   &size) &&
	       type == SOCK_DGRAM;
}

/* Reading gave 0 or an error: is there sense in waiting for more? */
static bool nothing_read(struct host_device *dev, long n)
{
	dev->armed = n ? passes(n) : is_datagram(dev->fd);
	return !n && dev->armed; /* an empty datagram is no frame */
}

/* A frame of the largest size, straight into as many chains as it needs. */
static bool receive_long(struct host_device *dev, struct lkl_queue *q)
{
	/* Static: a kernel stack is small, and there is one virtual CPU. */
	static struct iovec iov[QUEUE_SIZE + 1];
	static struct room room;
	long n;
	int count;

	make_room(q, &room, FRAME_MAX);
	if (!room.chains) {
		dev->armed = false; /* until the driver has buffers again */
		return false;
	}
	count = without_inner_header(dev, iov, room.iov, room.count);
	do {
		n = host_call3(SYS_readv, dev->fd, iov, count);
	} while (n == -EINTR);
	if (n <= 0) {
		queue_back(q, room.chains);
		return nothing_read(dev, n);
	}
	dev->long_frames = (size_t)n > room.size[0];
	fill_room(q, &room, n + HEADER - header_outside(dev));
	return true;
}

/*
 * Most frames are short: several are taken at once, each into one chain, with a
 * buffer of our own behind it for one that is long after all.
 */
#define BATCH 8

static struct {
	struct chain chain[BATCH];
	struct iovec iov[BATCH][3];
	struct mmsghdr msg[BATCH];
	char rest[BATCH][FRAME_MAX];
	unsigned short head[CHAIN_MAX];
	unsigned int len[CHAIN_MAX];
	int spare; /* the first chain that no frame was read into */
	int count; /* chains that were taken for the batch */
} rx;

static void prepare(struct host_device *dev, struct lkl_queue *q)
{
	int most = dev->kind == LKL_NET_TAP ? 1 : BATCH;

	for (rx.count = 0; rx.count < most; rx.count++) {
		int k = rx.count, n;

		if (!queue_next(q, &rx.chain[k]))
			break;
		n = without_inner_header(dev, rx.iov[k], rx.chain[k].iov, 1);
		rx.iov[k][n++] = (struct iovec){ rx.rest[k], FRAME_MAX };
		rx.msg[k].msg_hdr = (struct msghdr){ .msg_iov = rx.iov[k],
						     .msg_iovlen = n };
	}
}

/* Returns how many frames were read, their sizes in rx.msg[].msg_len. */
static long read_batch(struct host_device *dev)
{
	long n;

	do {
		if (dev->kind == LKL_NET_TAP)
			n = host_call3(SYS_readv, dev->fd, rx.iov[0],
				       rx.msg[0].msg_hdr.msg_iovlen);
		else
			n = host_call5(SYS_recvmmsg, dev->fd, rx.msg, rx.count,
				       MSG_DONTWAIT, NULL);
	} while (n == -EINTR);
	if (dev->kind != LKL_NET_TAP || n <= 0)
		return n;
	rx.msg[0].msg_len = n;
	return 1;
}

/* Copy what did not fit into the first chain; false: no more chains. */
static bool add_chains(struct lkl_queue *q, int *count, const char *from,
		       size_t rest)
{
	struct chain c;

	while (rest) {
		size_t n;

		if (*count == CHAIN_MAX)
			return false;
		if (rx.spare < rx.count)
			c = rx.chain[rx.spare++];
		else if (!queue_next(q, &c))
			return false;
		n = rest < c.len ? rest : c.len;
		memcpy(c.iov[0].iov_base, from, n);
		rx.head[*count] = c.head;
		rx.len[(*count)++] = n;
		from += n;
		rest -= n;
	}
	return true;
}

static void deliver(struct host_device *dev, struct lkl_queue *q, int k)
{
	struct virtio_net_hdr_mrg_rxbuf *head = rx.chain[k].iov[0].iov_base;
	size_t len = rx.msg[k].msg_len + HEADER - header_outside(dev);
	size_t first = len < rx.chain[k].len ? len : rx.chain[k].len;
	int count = 1;

	if (!header_outside(dev))
		memset(head, 0, HEADER);
	rx.head[0] = rx.chain[k].head;
	rx.len[0] = first;
	dev->long_frames = len > first;
	if (!add_chains(q, &count, rx.rest[k], len - first))
		rx.len[0] = HEADER; /* lost: the driver drops what is empty */
	head->num_buffers = count;
	for (int i = 0; i < count; i++)
		queue_used(q, rx.head[i], rx.len[i]);
}

static bool receive_short(struct host_device *dev, struct lkl_queue *q)
{
	long n;

	prepare(dev, q);
	if (!rx.count) {
		dev->armed = false;
		return false;
	}
	n = read_batch(dev);
	if (n <= 0) {
		queue_back(q, rx.count);
		return nothing_read(dev, n);
	}
	rx.spare = n;
	for (int k = 0; k < n; k++) {
		if (!rx.msg[k].msg_len && !is_datagram(dev->fd))
			dev->armed = false; /* the other end has closed */
		deliver(dev, q, k);
	}
	queue_back(q, rx.count - rx.spare);
	/* Fewer than asked for: that was all there is. */
	return dev->armed && (dev->kind == LKL_NET_TAP || n == rx.count);
}

static void net_poll(struct lkl_device *lkl)
{
	struct host_device *dev = (struct host_device *)lkl;
	struct lkl_queue *q = &lkl->queue[RX];

	for (int budget = QUEUE_SIZE; budget; budget--)
		if (!(dev->long_frames ? receive_long : receive_short)(dev, q))
			break;
}

static void net_notify(struct lkl_device *lkl, unsigned int queue)
{
	struct host_device *dev = (struct host_device *)lkl;

	if (queue == TX) {
		transmit(lkl);
	} else if (!dev->armed) {
		dev->armed = true;
		vcpu_kick();
	}
}

static void net_start(struct lkl_device *lkl)
{
	((struct host_device *)lkl)->armed = true;
	vcpu_kick();
}

static void net_stop(struct lkl_device *lkl)
{
	((struct host_device *)lkl)->armed = false;
}

#define OFFLOADS                                                           \
	(1ULL << VIRTIO_NET_F_CSUM | 1ULL << VIRTIO_NET_F_GUEST_CSUM |     \
	 1ULL << VIRTIO_NET_F_HOST_TSO4 | 1ULL << VIRTIO_NET_F_HOST_TSO6 | \
	 1ULL << VIRTIO_NET_F_GUEST_TSO4 | 1ULL << VIRTIO_NET_F_GUEST_TSO6)

int lkl_add_net(int fd, int kind, const unsigned char mac[6])
{
	struct virtio_net_config config = { .status = VIRTIO_NET_S_LINK_UP };
	int header = HEADER, flags;
	struct host_device *dev;

	if (lkl_vcpu.booted)
		return -EBUSY;
	if (kind < LKL_NET_TAP || kind > LKL_NET_PACKET)
		return -EINVAL;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK))
		return -errno;
	if (kind == LKL_NET_TAP &&
	    (ioctl(fd, TUNSETVNETHDRSZ, &header) ||
	     ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)))
		return -errno;
	if (mac) {
		memcpy(config.mac, mac, sizeof(config.mac));
	} else {
		if (getrandom(config.mac, sizeof(config.mac), 0) < 0)
			return -errno;
		config.mac[0] = (config.mac[0] & 0xfc) | 2;
	}
	dev = device_new(VIRTIO_ID_NET);
	if (!dev)
		return -ENOSPC;
	dev->fd = fd;
	dev->kind = kind;
	memcpy(dev->dev.config, &config, sizeof(config));
	dev->dev.config_len = sizeof(config);
	dev->dev.features |= 1ULL << VIRTIO_NET_F_MAC |
			     1ULL << VIRTIO_NET_F_STATUS |
			     1ULL << VIRTIO_NET_F_MRG_RXBUF;
	if (kind != LKL_NET_DGRAM)
		dev->dev.features |= OFFLOADS;
	dev->dev.queue_max = QUEUE_SIZE;
	dev->dev.start = net_start;
	dev->dev.stop = net_stop;
	dev->dev.notify = net_notify;
	dev->dev.poll = net_poll;
	return dev->dev.irq - LKL_IRQ_DEVICE;
}

int lkl_open_tap(const char *ifname)
{
	struct ifreq ifr = {
		.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR,
	};
	int fd, err;

	if (strlen(ifname) >= IFNAMSIZ)
		return -ENAMETOOLONG;
	strcpy(ifr.ifr_name, ifname);
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, TUNSETIFF, &ifr)) {
		err = errno;
		close(fd);
		return -err;
	}
	return fd;
}

/*
 * Room for some sixty segments of 64 KiB; the usual is room for three. Without
 * the right to more than the host's limit there is as much as that allows.
 */
#define PACKET_ROOM (4 << 20)

static void enlarge(int fd)
{
	int room = PACKET_ROOM;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

int lkl_open_packet(const char *ifname)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(ifname),
	};
	struct packet_mreq all = {
		.mr_ifindex = addr.sll_ifindex,
		.mr_type = PACKET_MR_PROMISC,
	};
	int one = 1, fd, err;

	if (!addr.sll_ifindex)
		return -ENODEV;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one,
		       sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all,
		       sizeof(all))) {
		err = errno;
		close(fd);
		return -err;
	}
	enlarge(fd);
	return fd;
}
