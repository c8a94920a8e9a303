// SPDX-License-Identifier: GPL-2.0-only
/* Bad user pointers are -EFAULT, whatever the call and whatever the address. */
#define _GNU_SOURCE
#include "netlink.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <lkl.h>

#define PAGE 4096

static int *volatile nowhere = (int *)8UL;

static char *no_access; /* two pages: the first is good, the second PROT_NONE */
static char *read_only; /* one page */
static char *unmapped; /* nothing is there */

static int map_pages(void)
{
	no_access = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	read_only =
		mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unmapped =
		mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(no_access != MAP_FAILED && read_only != MAP_FAILED &&
	      unmapped != MAP_FAILED);
	CHECK_EQ(mprotect(no_access + PAGE, PAGE, PROT_NONE), 0);
	CHECK_EQ(munmap(unmapped, PAGE), 0);
	return TEST_OK;
}

static int setup(void)
{
	TRY(start_kernel(NULL));
	return map_pages();
}

/* Addresses nobody may read or write, the interesting kinds of them. */
static int bad_addresses(void **list)
{
	int n = 0;

	list[n++] = (void *)8UL;
	list[n++] = (void *)0x123456789UL;
	list[n++] = no_access + PAGE;
	list[n++] = unmapped;
	list[n++] = (void *)0x7ffffffff000UL;
	list[n++] = (void *)0x800000000000UL; /* not canonical */
	list[n++] = (void *)0xffffffff81000000UL; /* where a kernel would be */
	list[n++] = (void *)-4096L;
	return n;
}

/* Runs one call for every bad address; fn returns what the call returned. */
static int all_fault(long (*fn)(void *bad))
{
	void *bad[16];
	int i, n = bad_addresses(bad);

	for (i = 0; i < n; i++) {
		long ret = fn(bad[i]);

		if (ret != -EFAULT)
			FAIL("address %p: %ld, expected -EFAULT", bad[i], ret);
	}
	return TEST_OK;
}

static long do_pipe(void *bad)
{
	return K(pipe2, bad, 0);
}

static long do_getcwd(void *bad)
{
	return K(getcwd, bad, 256);
}

static long do_uname(void *bad)
{
	return K(uname, bad);
}

static long do_clock(void *bad)
{
	return K(clock_gettime, CLOCK_REALTIME, bad);
}

static long do_sleep(void *bad)
{
	return K(nanosleep, bad, NULL);
}

static long do_open(void *bad)
{
	return K(openat, AT_FDCWD, bad, O_RDONLY, 0);
}

static long do_mount(void *bad)
{
	return K(mount, "none", bad, "tmpfs", 0, NULL);
}

static long do_stat(void *bad)
{
	return K(newfstatat, AT_FDCWD, "/", bad, 0);
}

static long do_random(void *bad)
{
	return K(getrandom, bad, 16, 0);
}

static long do_poll(void *bad)
{
	return K(poll, bad, 2, 0);
}

static long do_sigmask(void *bad)
{
	return K(rt_sigprocmask, SIG_BLOCK, bad, NULL, 8);
}

static long do_socketpair(void *bad)
{
	return K(socketpair, AF_UNIX, SOCK_STREAM, 0, bad);
}

static int plain_calls(void)
{
	TRY(all_fault(do_pipe));
	TRY(all_fault(do_getcwd));
	TRY(all_fault(do_uname));
	TRY(all_fault(do_clock));
	TRY(all_fault(do_sleep));
	TRY(all_fault(do_open));
	TRY(all_fault(do_mount));
	TRY(all_fault(do_stat));
	TRY(all_fault(do_random));
	TRY(all_fault(do_poll));
	TRY(all_fault(do_sigmask));
	return all_fault(do_socketpair);
}

static int fds[2]; /* a pipe with a page in it; a file for some tests */
static long file;

static long do_read(void *bad)
{
	return K(read, fds[0], bad, 100);
}

static long do_write(void *bad)
{
	return K(write, fds[1], bad, 100);
}

static long do_readv(void *bad)
{
	return K(readv, fds[0], bad, 2);
}

static long do_writev_base(void *bad)
{
	struct iovec iov = { bad, 100 };

	return K(writev, fds[1], &iov, 1);
}

static long do_ioctl(void *bad)
{
	return K(ioctl, fds[0], FIONREAD, bad);
}

static int pipe_calls(void)
{
	static char page[PAGE];

	CHECK_EQ(K(pipe2, fds, O_NONBLOCK), 0);
	CHECK_EQ(K(write, fds[1], page, sizeof(page)), sizeof(page));
	TRY(all_fault(do_read));
	TRY(all_fault(do_write));
	TRY(all_fault(do_readv));
	TRY(all_fault(do_writev_base));
	TRY(all_fault(do_ioctl));
	/* What could not be delivered is still there. */
	CHECK_EQ(K(read, fds[0], page, sizeof(page)), sizeof(page));
	K(close, fds[0]);
	K(close, fds[1]);
	return TEST_OK;
}

static long do_file_read(void *bad)
{
	return K(pread64, file, bad, 100, 0);
}

static long do_file_write(void *bad)
{
	return K(pwrite64, file, bad, 100, 0);
}

static long do_getdents(void *bad)
{
	long dir = K(openat, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
	long ret = K(getdents64, dir, bad, 4096);

	K(close, dir);
	return ret;
}

static int file_calls(void)
{
	char page[200] = "";

	file = K(openat, AT_FDCWD, at("fault"), O_RDWR | O_CREAT, 0600);
	CHECK_OK(file);
	CHECK_EQ(K(write, file, page, sizeof(page)), sizeof(page));
	TRY(all_fault(do_file_read));
	TRY(all_fault(do_file_write));
	TRY(all_fault(do_getdents));
	CHECK_EQ(K(close, file), 0);
	CHECK_EQ(K(unlinkat, AT_FDCWD, at("fault"), 0), 0);
	return TEST_OK;
}

static long sock;

static long do_bind(void *bad)
{
	return K(bind, sock, bad, 16);
}

static long do_sendto(void *bad)
{
	return K(sendto, sock, "x", 1, 0, bad, 16);
}

static long do_sendmsg(void *bad)
{
	return K(sendmsg, sock, bad, 0);
}

static long do_setsockopt(void *bad)
{
	return K(setsockopt, sock, SOL_SOCKET, SO_RCVBUF, bad, 4);
}

static long do_getsockname(void *bad)
{
	socklen_t len = 16;

	return K(getsockname, sock, bad, &len);
}

static int socket_calls(void)
{
	sock = K(socket, AF_INET, SOCK_DGRAM, 0);
	CHECK_OK(sock);
	TRY(all_fault(do_bind));
	TRY(all_fault(do_sendto));
	TRY(all_fault(do_sendmsg));
	TRY(all_fault(do_setsockopt));
	TRY(all_fault(do_getsockname));
	CHECK_EQ(K(close, sock), 0);
	return TEST_OK;
}

static long do_netlink(void *bad)
{
	return K(sendto, sock, bad, 64, 0, NULL, 0);
}

static int netlink_calls(void)
{
	sock = K(socket, AF_NETLINK, SOCK_RAW, 0);
	CHECK_OK(sock);
	TRY(all_fault(do_netlink));
	CHECK_EQ(K(close, sock), 0);
	return TEST_OK;
}

static long epoll;

static long do_epoll_ctl(void *bad)
{
	return K(epoll_ctl, epoll, EPOLL_CTL_ADD, fds[0], bad);
}

static long do_futex(void *bad)
{
	return K(futex, (long)bad & ~3L, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static long do_futex_lock(void *bad)
{
	return K(futex, (long)bad & ~3L, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL,
		 0);
}

static long do_futex_try_lock(void *bad)
{
	return K(futex, (long)bad & ~3L, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL,
		 NULL, 0);
}

static long do_futex_unlock(void *bad)
{
	return K(futex, (long)bad & ~3L, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL,
		 0);
}

static long do_futex_wake_op(void *bad)
{
	static uint32_t word;

	return K(futex, &word, FUTEX_WAKE_OP_PRIVATE, 1, 1L, (long)bad & ~3L,
		 FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0));
}

/* These read and write the word atomically, in a way of their own. */
static int futex_calls(void)
{
	TRY(all_fault(do_futex));
	TRY(all_fault(do_futex_lock));
	TRY(all_fault(do_futex_try_lock));
	TRY(all_fault(do_futex_unlock));
	return all_fault(do_futex_wake_op);
}

static int event_calls(void)
{
	epoll = K(epoll_create1, 0);
	CHECK_OK(epoll);
	CHECK_EQ(K(pipe2, fds, 0), 0);
	TRY(all_fault(do_epoll_ctl));
	K(close, fds[0]);
	K(close, fds[1]);
	K(close, epoll);
	return TEST_OK;
}

/* NULL is different: some calls allow it. Where it is not, it faults. */
static int null_pointer(void)
{
	CHECK_EQ(K(pipe2, NULL, 0), -EFAULT);
	CHECK_EQ(K(uname, NULL), -EFAULT);
	CHECK_EQ(K(openat, AT_FDCWD, NULL, O_RDONLY, 0), -EFAULT);
	CHECK_EQ(K(nanosleep, NULL, NULL), -EFAULT);
	return TEST_OK;
}

static int read_only_page(void)
{
	CHECK_EQ(K(clock_gettime, CLOCK_MONOTONIC, read_only), -EFAULT);
	CHECK_EQ(K(pipe2, read_only, 0), -EFAULT);
	CHECK_EQ(K(getcwd, read_only, PAGE), -EFAULT);
	return TEST_OK;
}

/* A buffer that ends in a bad page: what fits counts, the rest faults. */
static int partly_bad(void)
{
	int ends[2];
	long n;

	CHECK_EQ(K(pipe2, ends, O_NONBLOCK), 0);
	memset(no_access, 'a', PAGE);
	n = K(write, ends[1], no_access + PAGE - 10, 100);
	CHECK(n == -EFAULT || (n >= 0 && n <= 10));
	CHECK_EQ(K(write, ends[1], no_access + PAGE - 10, 10), 10);
	n = K(getcwd, no_access + PAGE - 1, 100);
	CHECK_EQ(n, -EFAULT);
	/* A string that runs into the bad page without an end. */
	CHECK_EQ(K(openat, AT_FDCWD, no_access + PAGE - 10, O_RDONLY, 0),
		 -EFAULT);
	/* And one that ends just before it. */
	memcpy(no_access + PAGE - 2, "/", 2);
	n = K(openat, AT_FDCWD, no_access + PAGE - 2, O_RDONLY, 0);
	CHECK_OK(n);
	K(close, n);
	K(close, ends[0]);
	K(close, ends[1]);
	return TEST_OK;
}

static int in_a_task_body(void *arg)
{
	(void)arg;
	return K(pipe2, (void *)8UL, 0) == -EFAULT ? 0 : 1;
}

static int in_a_task(void)
{
	struct task task;

	CHECK_OK(task_start(&task, in_a_task_body, NULL));
	CHECK_EQ(task_join(&task), 0);
	return TEST_OK;
}

/* Thousands of faults leave the kernel as it was. */
static int alive_after_many(void)
{
	struct timespec ts;
	int i;

	for (i = 0; i < 2000; i++)
		CHECK_EQ(K(pipe2, no_access + PAGE, 0), -EFAULT);
	CHECK_EQ(K(clock_gettime, CLOCK_MONOTONIC, &ts), 0);
	CHECK_EQ(if_index(kernel, "lo"), 1);
	return TEST_OK;
}

static const struct test tests[] = {
	{ "plain_calls", plain_calls, TEST_HOST },
	{ "pipe_calls", pipe_calls, TEST_HOST },
	{ "file_calls", file_calls, TEST_HOST },
	{ "socket_calls", socket_calls, TEST_HOST },
	{ "netlink_calls", netlink_calls, TEST_HOST },
	{ "event_calls", event_calls, TEST_HOST },
	{ "futex_calls", futex_calls, TEST_HOST },
	{ "null_pointer", null_pointer, TEST_HOST },
	{ "read_only_page", read_only_page, TEST_HOST },
	{ "partly_bad", partly_bad, TEST_HOST },
	{ "in_a_task", in_a_task, TEST_HOST },
	{ "alive_after_many", alive_after_many, TEST_HOST },
	{},
};

const struct test_group group_fault = { "fault", tests, setup };

static int host_fault_body(void)
{
	struct lkl_options options = default_options();

	CHECK_EQ(lkl_start(&options), 0);
	CHECK_EQ(K(getpid), 1);
	*nowhere = 1;
	FAIL("the write to a bad address went through");
}

/* A bug of the host program is still a crash, not a hang and not an -EFAULT. */
static int program_crash(void)
{
	int status;

	TRY(run_child(host_fault_body, &status));
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGSEGV);
	return TEST_OK;
}

static sigjmp_buf back;

static void on_fault(int signo)
{
	(void)signo;
	siglongjmp(back, 1);
}

static int own_handler_body(void)
{
	struct lkl_options options = default_options();
	struct sigaction action = { .sa_handler = on_fault };

	CHECK_EQ(sigaction(SIGSEGV, &action, NULL), 0);
	CHECK_EQ(lkl_start(&options), 0);
	CHECK_EQ(K(pipe2, (void *)8UL, 0), -EFAULT);
	if (!sigsetjmp(back, 1)) {
		*nowhere = 1;
		FAIL("the write to a bad address went through");
	}
	CHECK_EQ(K(pipe2, (void *)8UL, 0), -EFAULT);
	CHECK_EQ(lkl_halt(), 0);
	return TEST_OK;
}

/* A handler that the program had before lkl_start() still gets its own faults. */
static int program_handler(void)
{
	return child_exits(own_handler_body, 0);
}

static const struct test program_tests[] = {
	{ "crash", program_crash, 0 },
	{ "handler", program_handler, 0 },
	{},
};

const struct test_group group_program = { "program", program_tests, NULL };
