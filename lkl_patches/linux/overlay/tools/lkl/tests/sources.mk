# SPDX-License-Identifier: GPL-2.0-only
# What bin/lkl-test and bin/lkl-bench are made of; included by ../Makefile.
lkl-test-srcs := tests/harness.c tests/calls.c tests/netlink.c tests/transfer.c \
	tests/t-boot.c tests/t-life.c tests/t-panic.c tests/t-time.c \
	tests/t-kernel.c tests/t-tasks.c tests/t-ipc.c tests/t-sock.c \
	tests/t-fs.c tests/hostdir.c tests/t-hostdir.c tests/t-hostdir-write.c tests/t-hostdir-mount.c tests/t-blk.c tests/t-netdev.c tests/t-console.c \
	tests/t-threads.c tests/t-fault.c tests/t-signal.c tests/t-kunit.c
lkl-bench-srcs := tests/lkl-bench.c
