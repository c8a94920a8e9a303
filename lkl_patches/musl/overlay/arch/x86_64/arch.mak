# SPDX-License-Identifier: MIT
# A system call is a call (syscall_arch.h): it writes below the stack pointer.
CFLAGS_ALL += -mno-red-zone
