# SPDX-License-Identifier: MIT
# The way into the kernel. Every system call is `call *%rcx` with rcx = __uk_entry and the
# registers of the system call instruction. A library kernel names its entry in the auxiliary
# vector (AT_SYSINFO); everywhere else __uk_native executes the instruction.

.section .data
.balign 8
.global __uk_entry
.hidden __uk_entry
.type __uk_entry,@object
__uk_entry:
	.quad __uk_native
.size __uk_entry,.-__uk_entry

.text
.global __uk_native
.hidden __uk_native
.type __uk_native,@function
__uk_native:
	.cfi_startproc
	syscall
	ret
	.cfi_endproc
.size __uk_native,.-__uk_native
