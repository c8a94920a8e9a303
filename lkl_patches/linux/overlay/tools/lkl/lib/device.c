// SPDX-License-Identifier: GPL-2.0-only
/*
 * The devices of the machine, added before it starts.
 */
#include <stdlib.h>
#include <string.h>
#include <linux/virtio_config.h>

#include "host.h"

struct host_device *host_devices[MAX_DEVICES];
int host_device_count;

struct host_device *device_new(unsigned int id)
{
	struct host_device *dev, *last;

	if (host_device_count == MAX_DEVICES)
		return NULL;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return NULL;
	dev->fd = -1;
	dev->dev.id = id;
	dev->dev.irq = LKL_IRQ_DEVICE + host_device_count;
	dev->dev.features = 1ULL << VIRTIO_F_VERSION_1;
	/* The kernel names devices in the order of this list. */
	if (host_device_count) {
		last = host_devices[host_device_count - 1];
		last->dev.next = &dev->dev;
	} else {
		host_ops.devices = &dev->dev;
	}
	host_devices[host_device_count++] = dev;
	return dev;
}
