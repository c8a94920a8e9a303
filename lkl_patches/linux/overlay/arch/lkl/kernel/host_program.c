// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host program as process 1.
 *
 * A file /init in the first root file system stands for it. The kernel executes
 * that file as any other program, so the process has its own memory descriptor,
 * files and signal state made by the ordinary code; only there is nothing to
 * load, because the program is already running outside.
 */
#include <linux/binfmts.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/personality.h>
#include <linux/sched/task_stack.h>
#include <asm/processor.h>
#include "lkl.h"

static const char magic[] = "\177LKL host program\n";

static int load_host_program(struct linux_binprm *bprm)
{
	int err;

	if (memcmp(bprm->buf, magic, sizeof(magic) - 1))
		return -ENOEXEC;
	err = begin_new_exec(bprm);
	if (err)
		return err;
	set_personality(PER_LINUX);
	setup_new_exec(bprm);
	finalize_exec(bprm);
	start_thread(current_pt_regs(), 0, 0);
	return 0;
}

static struct linux_binfmt host_program_format = {
	.module = THIS_MODULE,
	.load_binary = load_host_program,
};

static int __init make_file(const char *name, const void *data, size_t size)
{
	struct file *file = filp_open(name, O_CREAT | O_WRONLY, 0700);
	loff_t pos = 0;
	ssize_t n;

	if (IS_ERR(file))
		return PTR_ERR(file);
	n = kernel_write(file, data, size, &pos);
	/* At once: a file open for writing is not executed. */
	__fput_sync(file);
	return n < 0 ? n : n == size ? 0 : -ENOSPC;
}

/* In process mode process 1 is a real program, which the host brings. */
static int __init host_program_init(void)
{
	int err;

	if (!lkl_ops.process) {
		register_binfmt(&host_program_format);
		return make_file("/init", magic, sizeof(magic) - 1);
	}
	err = make_file("/init", lkl_ops.init, lkl_ops.init_size);
	return err ?: make_file("/setup", lkl_ops.setup, lkl_ops.setup_size);
}
late_initcall(host_program_init);
