# SPDX-License-Identifier: GPL-2.0-only
# Run a command where /proc/sys has three settings only. In a mount namespace of its own:
#   unshare --mount sh hide-sysctls.sh COMMAND [ARGUMENT]...
# gVisor's runsc stops on kernels that show the limits below net/core in every network namespace;
# these are what it reads beside them.
mount -t tmpfs settings /mnt &&
	(cd /proc/sys && cp --parents vm/mmap_min_addr kernel/cap_last_cap fs/nr_open /mnt) &&
	mount --move /mnt /proc/sys &&
	exec "$@"
