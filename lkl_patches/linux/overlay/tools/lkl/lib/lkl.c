// SPDX-License-Identifier: GPL-2.0-only
/*
 * Start and end of the library kernel.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "host.h"

#define DEFAULT_MEMORY (64UL << 20)
#define LEAST_MEMORY (16UL << 20)
#define PAGE 4096UL

struct lkl_host_ops host_ops;
struct lkl_options host_options;

static char cmdline[4096];

static int map_memory(void)
{
	unsigned long size = host_options.mem ?: DEFAULT_MEMORY;

	size = (size + PAGE - 1) & ~(PAGE - 1);
	if (size < LEAST_MEMORY)
		return -EINVAL;
	host_ops.memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			       0);
	if (host_ops.memory == MAP_FAILED)
		return -ENOMEM;
	host_ops.memory_size = size;
	return 0;
}

static int start(void)
{
	int err = map_memory();

	if (err)
		return err;
	err = fault_init();
	if (!err)
		err = vcpu_start();
	if (err)
		munmap(host_ops.memory, host_ops.memory_size);
	return err;
}

int lkl_start(const struct lkl_options *options)
{
	static int started;

	if (!options || options->size != sizeof(*options))
		return -EINVAL;
	if (options->cmdline && strlen(options->cmdline) >= sizeof(cmdline))
		return -E2BIG;
	if (__atomic_exchange_n(&started, 1, __ATOMIC_SEQ_CST))
		return lkl_vcpu.halted ? -ESHUTDOWN : -EBUSY;
	host_options = *options;
	snprintf(cmdline, sizeof(cmdline), "%s",
		 options->cmdline ? options->cmdline : "");
	host_ops.cmdline = cmdline;
	host_ops_init();
	int err = start();
	if (err)
		__atomic_store_n(&started, 0, __ATOMIC_SEQ_CST);
	return err;
}

int lkl_halt(void)
{
	int err = vcpu_stop();

	if (!err)
		munmap(host_ops.memory, host_ops.memory_size);
	return err;
}

const char *lkl_version(void)
{
	return lkl_kernel_release();
}
