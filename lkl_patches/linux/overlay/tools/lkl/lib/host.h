/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the Linux host layer share. */
#ifndef LKL_LIB_HOST_H
#define LKL_LIB_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>
#include <asm/lkl_host.h>
#include <lkl.h>

#define unlikely(x) __builtin_expect(!!(x), 0)
#define likely(x) __builtin_expect(!!(x), 1)

extern struct lkl_host_ops host_ops;
extern struct lkl_options host_options;

/* ops.c */
void host_ops_init(void);
bool host_clock_is_virtual(void);
void host_clock_jump(unsigned long long to);

/* vcpu.c */
int vcpu_start(void);
int vcpu_stop(void);
void vcpu_kick(void);

/* device.c: what the idle thread waits for */
struct host_device {
	struct lkl_device dev;
	int fd;
	int kind;
	bool armed; /* wait for fd */
	bool long_frames; /* the last one that came was longer than a buffer */
};

#define MAX_DEVICES (LKL_NR_IRQS - LKL_IRQ_DEVICE)

extern struct host_device *host_devices[MAX_DEVICES];
extern int host_device_count;

struct host_device *device_new(unsigned int id);

/* virtqueue.c */
#define CHAIN_MAX 64

struct chain {
	unsigned short head;
	int count; /* all descriptors */
	int out; /* those that the device reads, at the front */
	size_t len; /* octets of all */
	struct iovec iov[CHAIN_MAX];
};

bool queue_next(struct lkl_queue *q, struct chain *c);
void queue_back(struct lkl_queue *q, unsigned int chains);
void queue_used(struct lkl_queue *q, unsigned short head, uint32_t len);
bool queue_wants_interrupt(const struct lkl_queue *q);
void device_interrupt(struct lkl_device *dev);

/* virtio_blk.c: a disk that begins at octet @start of the file */
int host_add_disk(int fd, unsigned int flags, unsigned long long start);

/* fault.c */
int fault_init(void);

#endif
