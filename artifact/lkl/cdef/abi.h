/* SPDX-License-Identifier: GPL-2.0-only */
/* Structures that go through system calls; "..." lets the compiler find the layout. */

typedef unsigned int mode_t;

struct timespec {
	long tv_sec;
	long tv_nsec;
	...;
};

struct stat {
	unsigned long st_dev;
	unsigned long st_ino;
	unsigned long st_nlink;
	unsigned int st_mode;
	unsigned int st_uid;
	unsigned int st_gid;
	long st_size;
	struct timespec st_atim;
	struct timespec st_mtim;
	struct timespec st_ctim;
	...;
};

struct pollfd {
	int fd;
	short events;
	short revents;
	...;
};

/* Every SYS_ constant of <sys/syscall.h>, put together when the binding is compiled. */
struct uk_call {
	const char *name;
	long number;
};

extern const struct uk_call uk_calls[];
extern const unsigned long uk_call_count;
