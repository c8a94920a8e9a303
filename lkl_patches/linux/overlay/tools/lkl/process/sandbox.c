// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's system calls, made few. What kernel and host layer ask of the host
 * is expressed by the calls in allowed[], or refused; and from sandbox_enter() on
 * the host itself kills for any other, and for any that does not come from
 * host_call.S (seccomp(2)). So what a program can reach of the host, even one that
 * has taken the library kernel over, is this list and the descriptors that are
 * open.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>

#include "process.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

#define HERE (-1L) /* preadv2(2): where the file's position is */

long host_syscall(long nr, long a, long b, long c, long d, long e, long f);
extern const char host_call_begin[], host_call_end[];

static bool sandboxed;
int host_random_fd = -1;

const struct host_allowed host_allowed[] = {
	{ SYS_mmap, "mmap" },
	{ SYS_munmap, "munmap" },
	{ SYS_mprotect, "mprotect" },
	{ SYS_mremap, "mremap" },
	{ SYS_madvise, "madvise" },
	{ SYS_preadv2, "preadv2" },
	{ SYS_pwritev2, "pwritev2" },
	{ SYS_ppoll, "ppoll" },
	{ SYS_recvmmsg, "recvmmsg" },
	{ SYS_timer_settime, "timer_settime" },
	{ SYS_rt_sigreturn, "rt_sigreturn" },
	{ SYS_exit_group, "exit_group" },
	{ SYS_ioctl, "ioctl" },
	{ SYS_openat2, "openat2" },
	{ SYS_close, "close" },
	{ SYS_statx, "statx" },
	{ SYS_fstatfs, "fstatfs" },
	{ SYS_getdents64, "getdents64" },
	{ SYS_readlinkat, "readlinkat" },
	{ SYS_fsync, "fsync" },
	{ SYS_ftruncate, "ftruncate" },
	{ SYS_unlinkat, "unlinkat" },
	{ SYS_renameat2, "renameat2" },
	{ SYS_mkdirat, "mkdirat" },
	{ SYS_mknodat, "mknodat" },
	{ SYS_linkat, "linkat" },
	{ SYS_symlinkat, "symlinkat" },
	{ SYS_utimensat, "utimensat" },
	{ SYS_fchownat, "fchownat" },
	{ SYS_fchmodat2, "fchmodat2" },
};

#define ALLOWED (sizeof(host_allowed) / sizeof(*host_allowed))

_Static_assert(ALLOWED <= 30, "the sandbox is to stay small");

const size_t host_allowed_count = ALLOWED;

static long vector(long nr, int fd, long iov, long count, long at)
{
	return host_syscall(nr, fd, iov, count, at, at < 0 ? -1 : 0, 0);
}

static long transfer(long nr, int fd, long buf, long len, long at)
{
	struct iovec iov = { (void *)buf, len };

	return vector(nr, fd, (long)&iov, 1, at);
}

/* Its third argument is in milliseconds, negative: for ever. */
static long wait_poll(long fds, long count, int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	return host_syscall(SYS_ppoll, fds, count, ms < 0 ? 0 : (long)&ts, 0, 8,
			    0);
}

static long open_here(int dir, long path, long flags, long mode)
{
	struct open_how how = {
		.flags = flags & ~O_LARGEFILE,
		.mode = flags & (O_CREAT | O_TMPFILE) ? mode & 07777 : 0,
	};

	return host_syscall(SYS_openat2, dir, path, (long)&how, sizeof(how), 0,
			    0);
}

/*
 * Another descriptor of a directory is that directory, opened. How a descriptor
 * was opened is for the host to know: it refuses what is not allowed.
 */
static long control(int fd, long cmd)
{
	if (cmd == F_DUPFD_CLOEXEC)
		return open_here(fd, (long)".",
				 O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	return cmd == F_GETFL ? O_RDWR : -EINVAL;
}

static long terminal(int fd, long cmd, long arg)
{
	if (cmd != TIOCGWINSZ)
		return -ENOTTY;
	return host_syscall(SYS_ioctl, fd, cmd, arg, 0, 0, 0);
}

/* The same with fewer: a call of the list in place of one that is not there. */
static long narrow(long nr, long a, long b, long c, long d, long e, long f)
{
	switch (nr) {
	case SYS_read:
		return transfer(SYS_preadv2, a, b, c, HERE);
	case SYS_pread64:
		return transfer(SYS_preadv2, a, b, c, d);
	case SYS_readv:
		return vector(SYS_preadv2, a, b, c, HERE);
	case SYS_preadv:
		return vector(SYS_preadv2, a, b, c, d);
	case SYS_write:
		return transfer(SYS_pwritev2, a, b, c, HERE);
	case SYS_pwrite64:
		return transfer(SYS_pwritev2, a, b, c, d);
	case SYS_writev:
		return vector(SYS_pwritev2, a, b, c, HERE);
	case SYS_pwritev:
		return vector(SYS_pwritev2, a, b, c, d);
	case SYS_poll:
		return wait_poll(a, b, c);
	case SYS_openat:
		return open_here(a, b, c, d);
	case SYS_fdatasync:
	case SYS_syncfs:
		return host_syscall(SYS_fsync, a, 0, 0, 0, 0, 0);
	case SYS_fcntl:
		return control(a, b);
	case SYS_ioctl:
		return terminal(a, b, c);
	case SYS_getrandom:
		return transfer(SYS_preadv2, host_random_fd, a, b, HERE);
	case SYS_fgetxattr:
	case SYS_fsetxattr:
	case SYS_flistxattr:
	case SYS_fremovexattr:
	case SYS_fallocate:
	case SYS_copy_file_range:
		return -EOPNOTSUPP;
	case SYS_mlock:
	case SYS_mlock2:
		return -EPERM;
	case SYS_munlock:
		return 0;
	case SYS_lseek:
	case SYS_msync:
	case SYS_mincore:
	case SYS_getsockopt:
	case SYS_fchmod:
	case SYS_fchmodat:
		return -ENOSYS;
	}
	return host_syscall(nr, a, b, c, d, e, f);
}

long host_call(long nr, long a, long b, long c, long d, long e, long f)
{
	if (sandboxed)
		return narrow(nr, a, b, c, d, e, f);
	return host_syscall(nr, a, b, c, d, e, f);
}

#define LOW(x) ((unsigned int)(unsigned long)(x))
#define HIGH(x) ((unsigned int)((unsigned long)(x) >> 32))
#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOAD_HIGH(field)                   \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, \
		 offsetof(struct seccomp_data, field) + 4)
#define TEST(op, value, yes, no) \
	BPF_JUMP(BPF_JMP | (op) | BPF_K, (value), (yes), (no))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))

/*
 * seccomp(2): the address is that behind the instruction. Octet order is that of
 * this machine, so the lower half of a field comes first.
 */
static int make_filter(struct sock_filter *f)
{
	unsigned long begin = (unsigned long)host_call_begin;
	unsigned long end = (unsigned long)host_call_end;
	struct sock_filter *at = f;

	*at++ = (struct sock_filter)LOAD(arch);
	*at++ = (struct sock_filter)TEST(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0);
	*at++ = (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS);
	*at++ = (struct sock_filter)LOAD_HIGH(instruction_pointer);
	*at++ = (struct sock_filter)TEST(BPF_JEQ, HIGH(begin), 0, 3);
	*at++ = (struct sock_filter)LOAD(instruction_pointer);
	*at++ = (struct sock_filter)TEST(BPF_JGE, LOW(begin), 0, 1);
	*at++ = (struct sock_filter)TEST(BPF_JGT, LOW(end), 0, 1);
	*at++ = (struct sock_filter)RETURN(SECCOMP_RET_TRAP);
	*at++ = (struct sock_filter)LOAD(nr);
	for (size_t i = 0; i < ALLOWED; i++) {
		unsigned int nr = host_allowed[i].nr;

		if (nr == SYS_ioctl)
			continue;
		*at++ = (struct sock_filter)TEST(BPF_JEQ, nr, 0, 1);
		*at++ = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	}
	*at++ = (struct sock_filter)TEST(BPF_JEQ, SYS_ioctl, 0, 3);
	*at++ = (struct sock_filter)LOAD(args[1]);
	*at++ = (struct sock_filter)TEST(BPF_JEQ, TIOCGWINSZ, 0, 1);
	*at++ = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	*at++ = (struct sock_filter)RETURN(SECCOMP_RET_TRAP);
	return at - f;
}

void sandbox_prepare(void)
{
	host_random_fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	if (host_random_fd < 0)
		die("/dev/urandom: %s", strerror(errno));
}

/* From here on the C library must not be used any more. */
void sandbox_enter(void)
{
	struct sock_filter filter[32 + 2 * ALLOWED];
	struct sock_fprog program = { .filter = filter };
	long err;

	program.len = make_filter(filter);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die("no_new_privs: %s", strerror(errno));
	err = host_syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
			   (long)&program, 0, 0, 0);
	if (err)
		die("seccomp: %s (the host needs CONFIG_SECCOMP_FILTER)",
		    strerror(-err));
	sandboxed = true;
}
