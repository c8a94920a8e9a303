// SPDX-License-Identifier: GPL-2.0-only
/* The shared object of t-dl: constructors, destructors, thread-local storage. */
#include <stdlib.h>

extern void plugin_event(int what); /* the program's */

static __thread int mine = 5;
static __thread char zeroed[5000];
__thread int plugin_exported = 11;
int plugin_value = 3;

__attribute__((constructor)) static void begin(void)
{
	plugin_event(1);
}

__attribute__((destructor)) static void end(void)
{
	plugin_event(2);
}

int plugin_count(void)
{
	zeroed[mine]++;
	return mine++ + zeroed[4999];
}

int plugin_fresh(void)
{
	int sum = 0;

	for (int i = 0; i < 5000; i++)
		sum += zeroed[i];
	return sum;
}
