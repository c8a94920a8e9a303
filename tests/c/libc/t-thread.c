// SPDX-License-Identifier: GPL-2.0-only
/* Threads: start, end, join, detach, their own data, and the locks between them. */
#define _GNU_SOURCE
#include "tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define DETACHED 10000
#define AT_ONCE 8

static __thread int mine = 7;
static __thread char large[3000] __attribute__((aligned(64)));
static atomic_int ended;

static void *twice(void *arg)
{
	mine += (int)(intptr_t)arg;
	large[2999] = 1;
	return (void *)(intptr_t)(mine * 2);
}

static void joining(void)
{
	pthread_t t[AT_ONCE];
	void *value;

	for (intptr_t i = 0; i < AT_ONCE; i++)
		EQ(pthread_create(&t[i], NULL, twice, (void *)i), 0);
	for (intptr_t i = 0; i < AT_ONCE; i++) {
		EQ(pthread_join(t[i], &value), 0);
		EQ((intptr_t)value, (7 + i) * 2);
	}
	EQ(mine, 7);
	EQ(large[2999], 0);
	EQ((uintptr_t)large % 64, 0);
}

static int plain(void *arg)
{
	thrd_exit((int)(intptr_t)arg);
}

static void c11(void)
{
	thrd_t t;
	int value = 0;

	EQ(thrd_create(&t, plain, (void *)42), thrd_success);
	EQ(thrd_join(t, &value), thrd_success);
	EQ(value, 42);
}

/* errno is a thread's own: both fail with something else at the same time. */
static pthread_barrier_t meet;

static void *fail_otherwise(void *arg)
{
	(void)arg;
	close(-1);
	pthread_barrier_wait(&meet);
	pthread_barrier_wait(&meet);
	return (void *)(intptr_t)errno;
}

static void own_errno(void)
{
	pthread_t t;
	void *theirs;

	pthread_barrier_init(&meet, NULL, 2);
	pthread_create(&t, NULL, fail_otherwise, NULL);
	pthread_barrier_wait(&meet);
	open("/no/such/file", O_RDONLY);
	EQ(errno, ENOENT);
	pthread_barrier_wait(&meet);
	pthread_join(t, &theirs);
	EQ((intptr_t)theirs, EBADF);
	EQ(pthread_barrier_destroy(&meet), 0);
}

/* A detached thread unmaps the stack it runs on. */
static sem_t room;

static void *short_life(void *arg)
{
	(void)arg;
	atomic_fetch_add(&ended, 1);
	sem_post(&room);
	return NULL;
}

static void detached(void)
{
	pthread_attr_t attr;
	pthread_t t;
	int failed = 0;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 16384);
	sem_init(&room, 0, AT_ONCE);
	for (int i = 0; i < DETACHED; i++) {
		sem_wait(&room);
		if (pthread_create(&t, &attr, short_life, NULL)) {
			failed++;
			sem_post(&room);
		}
	}
	for (int i = 0; i < AT_ONCE; i++)
		sem_wait(&room);
	EQ(failed, 0);
	EQ(ended, DETACHED);
	pthread_attr_destroy(&attr);
}

static void *wait_and_end(void *arg)
{
	sem_wait(arg);
	atomic_fetch_add(&ended, 1);
	return NULL;
}

static void detached_later(void)
{
	sem_t go;
	pthread_t t;

	sem_init(&go, 0, 0);
	ended = 0;
	EQ(pthread_create(&t, NULL, wait_and_end, &go), 0);
	EQ(pthread_detach(t), 0);
	sem_post(&go);
	while (!ended)
		sched_yield();
	EQ(ended, 1);
}

static void own_stack(void)
{
	const size_t size = 1 << 16;
	char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_t attr;
	pthread_t t;
	void *value;

	pthread_attr_init(&attr);
	EQ(pthread_attr_setstack(&attr, stack, size), 0);
	EQ(pthread_create(&t, &attr, twice, (void *)1), 0);
	EQ(pthread_join(t, &value), 0);
	EQ((intptr_t)value, 16);
	munmap(stack, size);
}

static pthread_key_t key;
static atomic_int destroyed;

static void destroy(void *value)
{
	atomic_fetch_add(&destroyed, (int)(intptr_t)value);
}

static void *with_key(void *arg)
{
	pthread_setspecific(key, arg);
	return NULL;
}

static void keys(void)
{
	pthread_t a, b;

	EQ(pthread_key_create(&key, destroy), 0);
	pthread_create(&a, NULL, with_key, (void *)3);
	pthread_create(&b, NULL, with_key, (void *)4);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	EQ(destroyed, 7);
	OK(!pthread_getspecific(key));
}

/* Many threads, one counter, one lock; then a queue of one with conditions. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long counter;
static int item;

static void *count_up(void *arg)
{
	for (long i = 0; i < (long)(intptr_t)arg; i++) {
		pthread_mutex_lock(&lock);
		counter++;
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void *consume(void *arg)
{
	long sum = 0;

	for (int i = 0; i < (int)(intptr_t)arg; i++) {
		pthread_mutex_lock(&lock);
		while (!item)
			pthread_cond_wait(&changed, &lock);
		sum += item;
		item = 0;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&lock);
	}
	return (void *)sum;
}

static void locks(void)
{
	struct timespec soon;
	pthread_t t[4];
	void *sum;

	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, count_up, (void *)20000);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	EQ(counter, 80000);
	pthread_create(&t[0], NULL, consume, (void *)1000);
	for (int i = 1; i <= 1000; i++) {
		pthread_mutex_lock(&lock);
		while (item)
			pthread_cond_wait(&changed, &lock);
		item = i;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&lock);
	}
	pthread_join(t[0], &sum);
	EQ((long)sum, 500500);
	pthread_mutex_lock(&lock);
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_nsec += 20000000;
	if (soon.tv_nsec >= 1000000000) {
		soon.tv_nsec -= 1000000000;
		soon.tv_sec++;
	}
	EQ(pthread_cond_timedwait(&changed, &lock, &soon), ETIMEDOUT);
	pthread_mutex_unlock(&lock);
}

static void *die_holding(void *arg)
{
	pthread_mutex_lock(arg);
	return NULL;
}

static void robust(void)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t m;
	pthread_t t;

	pthread_mutexattr_init(&attr);
	EQ(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST), 0);
	pthread_mutex_init(&m, &attr);
	pthread_create(&t, NULL, die_holding, &m);
	pthread_join(t, NULL);
	EQ(pthread_mutex_lock(&m), EOWNERDEAD);
	EQ(pthread_mutex_consistent(&m), 0);
	EQ(pthread_mutex_unlock(&m), 0);
	EQ(pthread_mutex_lock(&m), 0);
	EQ(pthread_mutex_unlock(&m), 0);
	EQ(pthread_mutex_destroy(&m), 0);
}

/* All threads change their identity at once: a signal to each (__synccall). */
static void *wait_for(void *arg)
{
	pthread_barrier_wait(arg);
	return (void *)(intptr_t)getegid();
}

static void identity(void)
{
	pthread_barrier_t end;
	pthread_t t[3];
	void *gid;

	if (getuid()) {
		tap_skip("identity", "not root");
		return;
	}
	pthread_barrier_init(&end, NULL, 4);
	for (int i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, wait_for, &end);
	EQ(setegid(12), 0);
	pthread_barrier_wait(&end);
	for (int i = 0; i < 3; i++) {
		pthread_join(t[i], &gid);
		EQ((intptr_t)gid, 12);
	}
	EQ(setegid(0), 0);
}

static int once_runs;

static void once(void)
{
	once_runs++;
}

static void odds(void)
{
	static pthread_once_t control = PTHREAD_ONCE_INIT;
	pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
	char name[16] = "";

	pthread_once(&control, once);
	pthread_once(&control, once);
	EQ(once_runs, 1);
	EQ(pthread_rwlock_rdlock(&rw), 0);
	EQ(pthread_rwlock_trywrlock(&rw), EBUSY);
	EQ(pthread_rwlock_unlock(&rw), 0);
	EQ(pthread_setname_np(pthread_self(), "a name"), 0);
	EQ(pthread_getname_np(pthread_self(), name, sizeof(name)), 0);
	OK(!strcmp(name, "a name"));
}

static void *finish(void *arg)
{
	pthread_join(*(pthread_t *)arg, NULL); /* the first thread */
	exit(tap_done());
}

int main(void)
{
	static pthread_t first, last;

	joining();
	c11();
	own_errno();
	detached();
	detached_later();
	own_stack();
	keys();
	locks();
	robust();
	identity();
	odds();
	/* The first thread may end before the others. */
	first = pthread_self();
	EQ(pthread_create(&last, NULL, finish, &first), 0);
	pthread_exit(NULL);
}
