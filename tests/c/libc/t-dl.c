// SPDX-License-Identifier: GPL-2.0-only
/* Shared objects at run time. A static program has none, and is told so. */
#define _GNU_SOURCE
#include "tap.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/auxv.h>

#define PLUGIN "/lib/plugin.so"

static int events[3];

void plugin_event(int what)
{
	events[what]++;
}

static int (*count)(void), (*fresh)(void);

static void *in_thread(void *arg)
{
	int first = count();

	(void)arg;
	count();
	return (void *)(intptr_t)(first * 100 + fresh());
}

/* A thread that was there before the object has its data as well. */
static pthread_barrier_t meet;

static void *older(void *arg)
{
	pthread_barrier_wait(&meet);
	pthread_barrier_wait(&meet);
	return in_thread(arg);
}

static int names(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	*(int *)data += !strcmp(info->dlpi_name, PLUGIN);
	return 0;
}

static void open_and_call(void)
{
	int *value, *exported, listed = 0;
	pthread_t before, after;
	void *object, *result;
	Dl_info info;

	pthread_barrier_init(&meet, NULL, 2);
	pthread_create(&before, NULL, older, NULL);
	pthread_barrier_wait(&meet);
	object = dlopen(PLUGIN, RTLD_NOW);
	if (!tap_ok(object, "dlopen of %s: %s", PLUGIN,
		    object ? "done" : dlerror()))
		return;
	EQ(events[1], 1);
	count = (int (*)(void))dlsym(object, "plugin_count");
	fresh = (int (*)(void))dlsym(object, "plugin_fresh");
	value = dlsym(object, "plugin_value");
	exported = dlsym(object, "plugin_exported");
	OK(count && fresh && value && exported);
	EQ(*value, 3);
	EQ(*exported, 11);
	EQ(count(), 5);
	EQ(count(), 6);
	EQ(fresh(), 2);
	pthread_create(&after, NULL, in_thread, NULL);
	pthread_join(after, &result);
	EQ((intptr_t)result, 502);
	pthread_barrier_wait(&meet);
	pthread_join(before, &result);
	EQ((intptr_t)result, 502);
	EQ(count(), 7);
	OK(dladdr((void *)count, &info) && !strcmp(info.dli_fname, PLUGIN));
	dl_iterate_phdr(names, &listed);
	EQ(listed, 1);
	OK(dlopen(PLUGIN, RTLD_NOW | RTLD_NOLOAD) == object);
	OK(!dlsym(object, "no_such_symbol") && dlerror());
	EQ(dlclose(object), 0);
}

int main(void)
{
	void *self = dlopen(NULL, RTLD_NOW);

	if (getauxval(AT_BASE)) { /* there is a dynamic linker */
		open_and_call();
		OK(!dlopen("/lib/no-such.so", RTLD_NOW) && dlerror());
		OK(self && dlsym(self, "plugin_event") == plugin_event);
		OK(dlsym(RTLD_DEFAULT, "printf") == (void *)printf);
	} else {
		OK(!dlopen(PLUGIN, RTLD_NOW) && dlerror());
	}
	return tap_done();
}
