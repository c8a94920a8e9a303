/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* The binary interface is the host machine's own. */
#include "../../../../x86/include/uapi/asm/prctl.h"
