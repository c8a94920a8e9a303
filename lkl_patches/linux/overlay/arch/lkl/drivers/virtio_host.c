// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtio over direct calls: the device is a structure of the host, its
 * configuration space is memory, and a notification is a function call.
 */
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/slab.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include "../kernel/lkl.h"

struct host_device {
	struct virtio_device vdev;
	struct lkl_device *dev;
};

static struct lkl_device *to_dev(struct virtio_device *vdev)
{
	return container_of(vdev, struct host_device, vdev)->dev;
}

static void vh_get(struct virtio_device *vdev, unsigned int offset, void *buf,
		   unsigned int len)
{
	struct lkl_device *dev = to_dev(vdev);

	if (WARN_ON(offset + len > sizeof(dev->config)))
		return;
	memcpy(buf, dev->config + offset, len);
}

static void vh_set(struct virtio_device *vdev, unsigned int offset,
		   const void *buf, unsigned int len)
{
	struct lkl_device *dev = to_dev(vdev);

	if (WARN_ON(offset + len > sizeof(dev->config)))
		return;
	memcpy(dev->config + offset, buf, len);
}

static u8 vh_get_status(struct virtio_device *vdev)
{
	return to_dev(vdev)->status;
}

static void vh_set_status(struct virtio_device *vdev, u8 status)
{
	struct lkl_device *dev = to_dev(vdev);
	u8 started = status & ~dev->status & VIRTIO_CONFIG_S_DRIVER_OK;

	dev->status = status;
	if (started && dev->start)
		dev->start(dev);
}

static void vh_reset(struct virtio_device *vdev)
{
	struct lkl_device *dev = to_dev(vdev);

	if (dev->status & VIRTIO_CONFIG_S_DRIVER_OK && dev->stop)
		dev->stop(dev);
	dev->status = 0;
}

static u64 vh_get_features(struct virtio_device *vdev)
{
	return to_dev(vdev)->features;
}

static int vh_finalize_features(struct virtio_device *vdev)
{
	vring_transport_features(vdev);
	to_dev(vdev)->accepted = vdev->features;
	return 0;
}

static irqreturn_t vh_interrupt(int irq, void *opaque)
{
	struct host_device *hd = opaque;
	struct virtqueue *vq;

	if (hd->dev->poll)
		hd->dev->poll(hd->dev);
	virtio_device_for_each_vq(&hd->vdev, vq) vring_interrupt(irq, vq);
	return IRQ_HANDLED;
}

static bool vh_notify(struct virtqueue *vq)
{
	struct lkl_device *dev = to_dev(vq->vdev);

	dev->notify(dev, vq->index);
	return true;
}

static void vh_del_vqs(struct virtio_device *vdev)
{
	struct virtqueue *vq, *next;

	free_irq(to_dev(vdev)->irq,
		 container_of(vdev, struct host_device, vdev));
	list_for_each_entry_safe(vq, next, &vdev->vqs, list)
		vring_del_virtqueue(vq);
}

static int vh_find_vqs(struct virtio_device *vdev, unsigned int nvqs,
		       struct virtqueue *vqs[], struct virtqueue_info info[],
		       struct irq_affinity *desc)
{
	struct host_device *hd = container_of(vdev, struct host_device, vdev);
	struct lkl_device *dev = hd->dev;
	int err, index = 0;

	if (nvqs > LKL_MAX_QUEUES)
		return -EINVAL;
	err = request_irq(dev->irq, vh_interrupt, 0, dev_name(&vdev->dev), hd);
	if (err)
		return err;

	for (int i = 0; i < nvqs; i++) {
		struct lkl_queue *queue = &dev->queue[index];
		struct virtqueue *vq;

		if (!info[i].name) {
			vqs[i] = NULL;
			continue;
		}
		vq = vring_create_virtqueue(index, dev->queue_max, PAGE_SIZE,
					    vdev, true, true, info[i].ctx,
					    vh_notify, info[i].callback,
					    info[i].name);
		if (!vq) {
			vh_del_vqs(vdev);
			return -ENOMEM;
		}
		vq->num_max = dev->queue_max;
		queue->num = virtqueue_get_vring_size(vq);
		queue->desc = __va(virtqueue_get_desc_addr(vq));
		queue->avail = __va(virtqueue_get_avail_addr(vq));
		queue->used = __va(virtqueue_get_used_addr(vq));
		queue->last_avail = 0;
		vqs[i] = vq;
		index++;
	}
	return 0;
}

static const char *vh_bus_name(struct virtio_device *vdev)
{
	return "lkl";
}

static const struct virtio_config_ops vh_ops = {
	.get = vh_get,
	.set = vh_set,
	.get_status = vh_get_status,
	.set_status = vh_set_status,
	.reset = vh_reset,
	.find_vqs = vh_find_vqs,
	.del_vqs = vh_del_vqs,
	.get_features = vh_get_features,
	.finalize_features = vh_finalize_features,
	.bus_name = vh_bus_name,
};

static void vh_release(struct device *dev)
{
	struct virtio_device *vdev = dev_to_virtio(dev);

	kfree(container_of(vdev, struct host_device, vdev));
}

static int __init virtio_host_init(void)
{
	static struct device root = { .init_name = "host" };
	int err = device_register(&root);

	for (struct lkl_device *dev = lkl_ops.devices; dev && !err;
	     dev = dev->next) {
		struct host_device *hd = kzalloc(sizeof(*hd), GFP_KERNEL);

		if (!hd)
			return -ENOMEM;
		hd->dev = dev;
		hd->vdev.dev.parent = &root;
		hd->vdev.dev.release = vh_release;
		hd->vdev.config = &vh_ops;
		hd->vdev.id.device = dev->id;
		hd->vdev.id.vendor = 0x4b4c4b4c;
		err = register_virtio_device(&hd->vdev);
		if (err)
			put_device(&hd->vdev.dev);
	}
	return err;
}
device_initcall(virtio_host_init);
