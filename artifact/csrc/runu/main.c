// SPDX-License-Identifier: GPL-2.0-only
/* The command line: options for all verbs, then the verb. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runu.h"
#include "process.h"

struct globals globals;

static const struct {
	const char *name, *arguments, *purpose;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{ "create",
	  "[-b DIR] [--pid-file FILE] [--console-socket SOCKET] [--preserve-fds N] ID",
	  "make a container; its program waits for start", verb_create },
	{ "start", "ID", "let a created container's program run", verb_start },
	{ "run", "[-d] [options of create] ID",
	  "create, start and, without --detach, wait and delete", verb_run },
	{ "state", "ID", "what runtime-spec calls the state, as JSON",
	  verb_state },
	{ "kill", "[--all] ID [SIGNAL]",
	  "send a signal, by name or number (default TERM)", verb_kill },
	{ "delete", "[--force] ID", "remove what is left of a container",
	  verb_delete },
	{ "exec",
	  "[-d] [-t] [-e N=V] [-u UID[:GID]] [--cwd DIR] [--process FILE] ID PROGRAM [ARGUMENT...]",
	  "run one more program in the container's kernel", verb_exec },
	{ "ps", "[-f json|table] ID",
	  "programs in the library kernel; as JSON: process ids on the host",
	  verb_ps },
	{ "list", "[-q] [-f json|table]", "all containers", verb_list },
	{ "events", "[--stats] [--interval SECONDS] ID",
	  "memory and processor time of process and library kernel, as JSON",
	  verb_events },
	{ "pause", "ID", "stop all of it (control group freezer)", verb_pause },
	{ "resume", "ID", "go on", verb_resume },
	{ "spec", "[-b DIR] [--rootless]", "write a config.json to begin with",
	  verb_spec },
	{ "features", "", "what this runtime does, as JSON", verb_features },
};

#define VERBS (sizeof(verbs) / sizeof(*verbs))

static void usage(void)
{
	printf("usage: runu [options] VERB ...\n\n"
	       "Runs OCI containers on Linux as a library: each container has a kernel of its own,\n"
	       "in one process of the host.\n\n");
	for (size_t i = 0; i < VERBS; i++)
		printf("  %-9s %s\n            %s\n", verbs[i].name,
		       verbs[i].arguments, verbs[i].purpose);
	printf("\nOptions:\n"
	       "  --root DIR           where state is kept (default " STATE_ROOT
	       ",\n                       without root: XDG_RUNTIME_DIR/ukontainer)\n"
	       "  --log FILE           where errors and warnings go as well\n"
	       "  --log-format text|json\n"
	       "  --debug              say more\n"
	       "  --version, --help\n\n"
	       "Example: mkdir -p b/rootfs && cp -a IMAGE/. b/rootfs && cd b && runu spec && runu run c1\n");
}

static void version(void)
{
	printf("runu version %s\nspec: %s\nkernel: Linux %s as a library\n",
	       VERSION, SPEC_VERSION, lkl_kernel_release());
}

static bool global_option(int *i, int argc, char **argv)
{
	const char *format, *ignored;

	if (option_value("root", NULL, &globals.root, i, argc, argv) ||
	    option_value("log", NULL, &globals.log, i, argc, argv) ||
	    option_value("rootless", NULL, &ignored, i, argc, argv))
		return true;
	if (option_value("log-format", NULL, &format, i, argc, argv)) {
		globals.log_json = !strcmp(format, "json");
		if (!globals.log_json && strcmp(format, "text"))
			die("--log-format %s: text or json", format);
		return true;
	}
	if (option_flag("debug", NULL, *i, argv))
		return globals.debug = true;
	if (option_flag("systemd-cgroup", NULL, *i, argv))
		die("--systemd-cgroup: runu does not talk to systemd; use the engine's cgroupfs driver (docker: --exec-opt native.cgroupdriver=cgroupfs)");
	return false;
}

/* Without root the user's own runtime directory (XDG Base Directory Specification). */
static const char *default_root(void)
{
	const char *place = getenv("XDG_RUNTIME_DIR");

	if (!geteuid())
		return STATE_ROOT;
	if (!place || *place != '/')
		die("without root: set XDG_RUNTIME_DIR, or say --root DIR");
	return text("%s/ukontainer", place);
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--version") || !strcmp(argv[i], "-v")) {
			version();
			return 0;
		}
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			usage();
			return 0;
		}
		if (!global_option(&i, argc, argv))
			option_unknown("runu", argv[i]);
	}
	if (i == argc || !strcmp(argv[i], "help")) {
		usage();
		return i == argc ? 2 : 0;
	}
	for (size_t v = 0; v < VERBS; v++) {
		if (strcmp(argv[i], verbs[v].name))
			continue;
		globals.root = globals.root ?: default_root();
		if (i + 1 < argc && !strcmp(argv[i + 1], "--help")) {
			printf("usage: runu %s %s\n%s\n", verbs[v].name,
			       verbs[v].arguments, verbs[v].purpose);
			return 0;
		}
		return verbs[v].run(argc - i, argv + i);
	}
	die("%s: no such verb; try: runu --help", argv[i]);
}
