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

static int __init host_program_init(void)
{
	struct file *file;
	loff_t pos = 0;
	ssize_t n;

	register_binfmt(&host_program_format);
	file = filp_open("/init", O_CREAT | O_WRONLY, 0700);
	if (IS_ERR(file))
		return PTR_ERR(file);
	n = kernel_write(file, magic, sizeof(magic) - 1, &pos);
	__fput_sync(
		file); /* at once: a file open for writing is not executed */
	return n < 0 ? n : 0;
}
late_initcall(host_program_init);
