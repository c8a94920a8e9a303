// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/hvc0 and /dev/console: text goes to the host's console, nothing comes
 * from it.
 */
#include <linux/init.h>
#include "../../../drivers/tty/hvc/hvc_console.h"
#include "../kernel/lkl.h"

static ssize_t put_chars(u32 vtermno, const u8 *buf, size_t count)
{
	lkl_ops.console(buf, count);
	return count;
}

static ssize_t get_chars(u32 vtermno, u8 *buf, size_t count)
{
	return 0;
}

static const struct hv_ops host_ops = {
	.get_chars = get_chars,
	.put_chars = put_chars,
};

static int __init hvc_host_console(void)
{
	return hvc_instantiate(0, 0, &host_ops);
}
console_initcall(hvc_host_console);

static int __init hvc_host_init(void)
{
	return PTR_ERR_OR_ZERO(hvc_alloc(0, 0, &host_ops, 256));
}
device_initcall(hvc_host_init);
