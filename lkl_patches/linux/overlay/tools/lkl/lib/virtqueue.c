// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's side of a split virtqueue (virtio 1.1, section 2.6). Both sides
 * run under the virtual CPU, so plain memory accesses do.
 */
#include <linux/virtio_ring.h>

#include "host.h"

/* Gather the next chain that the driver has made available. */
bool queue_next(struct lkl_queue *q, struct chain *c)
{
	const struct vring_avail *avail = q->avail;
	const struct vring_desc *desc = q->desc;
	unsigned int i;

	if (!avail || q->last_avail == avail->idx)
		return false;
	c->head = avail->ring[q->last_avail++ & (q->num - 1)];
	c->count = 0;
	c->out = 0;
	c->len = 0;
	i = c->head;
	for (;;) {
		c->iov[c->count++] = (struct iovec){
			.iov_base = (char *)host_ops.memory + desc[i].addr,
			.iov_len = desc[i].len,
		};
		c->len += desc[i].len;
		if (!(desc[i].flags & VRING_DESC_F_WRITE))
			c->out = c->count;
		if (!(desc[i].flags & VRING_DESC_F_NEXT) ||
		    c->count == CHAIN_MAX)
			return true;
		i = desc[i].next;
	}
}

/* Take back the last @chains that queue_next() gave. */
void queue_back(struct lkl_queue *q, unsigned int chains)
{
	q->last_avail -= chains;
}

/* Give a chain back to the driver, with @len octets written to it. */
void queue_used(struct lkl_queue *q, unsigned short head, uint32_t len)
{
	struct vring_used *used = q->used;

	used->ring[used->idx & (q->num - 1)] = (struct vring_used_elem){
		.id = head,
		.len = len,
	};
	__atomic_store_n(&used->idx, used->idx + 1, __ATOMIC_RELEASE);
}

bool queue_wants_interrupt(const struct lkl_queue *q)
{
	const struct vring_avail *avail = q->avail;

	return !(avail->flags & VRING_AVAIL_F_NO_INTERRUPT);
}

void device_interrupt(struct lkl_device *dev)
{
	__atomic_fetch_or(&lkl_vcpu.pending, 1u << dev->irq, __ATOMIC_RELEASE);
}
