// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own KUnit suites, where the library was built with them. They
 * run at boot and print KTAP on the console; nothing but reading is done here.
 */
#define _GNU_SOURCE
#include "test.h"

#include <stdio.h>
#include <string.h>

#include <lkl.h>

static char log_text[4 << 20];

static int setup(void)
{
	struct lkl_options options = default_options();

	if (host_mode)
		SKIP("the host's KUnit suites have run at its boot, if at all");
	options.mem = 256UL << 20;
	options.cmdline = "loglevel=7";
	TRY(start_kernel(&options));
	console_text(log_text, sizeof(log_text));
	if (!strstr(log_text, "KTAP version 1"))
		SKIP("the kernel was built without CONFIG_KUNIT");
	return TEST_OK;
}

static int count(const char *what)
{
	const char *p = log_text;
	int n = 0;

	while ((p = strstr(p, what))) {
		n++;
		p++;
	}
	return n;
}

static int all_pass(void)
{
	const char *bad = strstr(log_text, "not ok ");

	if (bad)
		FAIL("%d not ok, first: %.*s", count("not ok "),
		     (int)strcspn(bad, "\n"), bad);
	CHECK(count(" ok ") > 50);
	return TEST_OK;
}

/* KUnit prints "1..N" first: as many suites have to report. */
static int all_ran(void)
{
	const char *plan = strstr(log_text, "1..");
	int suites = 0, planned = 0;
	const char *line;

	if (!plan || sscanf(plan, "1..%d", &planned) != 1)
		FAIL("no plan in the KUnit output");
	for (line = plan; (line = strchr(line, '\n')); line++) {
		const char *text = line + 1;

		/* A time stamp, then one blank: suites are not indented. */
		if (*text == '[' && strchr(text, ']'))
			text = strchr(text, ']') + 2;
		suites += !strncmp(text, "ok ", 3);
	}
	CHECK_EQ(suites, planned);
	return TEST_OK;
}

static const struct test tests[] = {
	{ "all_pass", all_pass, 0 },
	{ "all_ran", all_ran, 0 },
	{},
};

const struct test_group group_kunit = { "kunit", tests, setup };
