// SPDX-License-Identifier: GPL-2.0-only
/*
 * t-mmap-model [OPERATIONS [SEED]]: random operations on one stretch of
 * addresses, and a model of what must be there. Contents, access and
 * /proc/self/maps are compared with it. A last line "maps" and the own
 * /proc/self/maps follow when a third argument is given, then it waits for input.
 */
#define _GNU_SOURCE
#include "tap.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES 512
#define PAGE 4096UL
#define FILE_PAGES 64

struct page {
	bool mapped, file;
	int prot;
	uint64_t tag; /* its first word; where it is not a file's */
	unsigned int file_page;
};

static char *base;
static struct page model[PAGES];
static int probe[2], file_fd;
static uint64_t state;
static char text[1 << 20];

static uint64_t rnd(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15UL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return z ^ z >> 31;
}

static unsigned long below(unsigned long n)
{
	return rnd() % n;
}

static void range(unsigned int *at, unsigned int *n)
{
	*n = 1 + (below(4) ? below(8) : below(100));
	*at = below(PAGES - *n);
}

static char *address(unsigned int page)
{
	return base + page * PAGE;
}

static uint64_t first_word(const struct page *p)
{
	return p->file && !p->tag ? 0xf11e000000000000UL + p->file_page :
				    p->tag;
}

static int random_prot(void)
{
	static const int prots[] = { PROT_NONE, PROT_READ,
				     PROT_READ | PROT_WRITE,
				     PROT_READ | PROT_WRITE,
				     PROT_READ | PROT_EXEC };

	return prots[below(5)];
}

static bool covered(unsigned int at, unsigned int n)
{
	while (n--)
		if (!model[at++].mapped)
			return false;
	return true;
}

static const char *map_anonymous(void)
{
	unsigned int at, n;
	int prot = random_prot();

	range(&at, &n);
	if (mmap(address(at), n * PAGE, prot,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != address(at))
		return "mmap anonymous";
	for (; n--; at++)
		model[at] = (struct page){ .mapped = true, .prot = prot };
	return NULL;
}

static const char *map_file(void)
{
	unsigned int at, n, from;
	int prot = random_prot();

	range(&at, &n);
	n = n > FILE_PAGES ? FILE_PAGES : n;
	from = below(FILE_PAGES - n + 1);
	if (mmap(address(at), n * PAGE, prot, MAP_PRIVATE | MAP_FIXED, file_fd,
		 from * PAGE) != address(at))
		return "mmap file";
	for (; n--; at++)
		model[at] = (struct page){ .mapped = true,
					   .file = true,
					   .prot = prot,
					   .file_page = from++ };
	return NULL;
}

static const char *no_replace(void)
{
	unsigned int at, n;
	bool any = false;
	void *got;

	range(&at, &n);
	for (unsigned int i = 0; i < n; i++)
		any |= model[at + i].mapped;
	got = mmap(address(at), n * PAGE, PROT_READ,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (any)
		return got == MAP_FAILED && errno == EEXIST ?
			       NULL :
			       "no replace, used";
	if (got != address(at))
		return "no replace, free";
	for (; n--; at++)
		model[at] = (struct page){ .mapped = true, .prot = PROT_READ };
	return NULL;
}

static const char *unmap(void)
{
	unsigned int at, n;

	range(&at, &n);
	if (munmap(address(at), n * PAGE))
		return "munmap";
	for (; n--; at++)
		model[at] = (struct page){ .mapped = false };
	return NULL;
}

static const char *protect(void)
{
	unsigned int at, n;
	int prot = random_prot(), ret;

	range(&at, &n);
	ret = mprotect(address(at), n * PAGE, prot);
	if (!covered(at, n)) {
		if (ret == 0 || errno != ENOMEM)
			return "mprotect over a hole";
		/* How far it came is not said: make it known. */
		if (mmap(address(at), n * PAGE, prot,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			 0) == MAP_FAILED)
			return "mmap after mprotect";
		for (; n--; at++)
			model[at] =
				(struct page){ .mapped = true, .prot = prot };
		return NULL;
	}
	if (ret)
		return "mprotect";
	for (; n--; at++)
		model[at].prot = prot;
	return NULL;
}

static const char *store(void)
{
	unsigned int at, n;

	range(&at, &n);
	for (; n--; at++) {
		if (!model[at].mapped || !(model[at].prot & PROT_WRITE))
			continue;
		model[at].tag = rnd() | 1;
		*(volatile uint64_t *)address(at) = model[at].tag;
	}
	return NULL;
}

static const char *dont_need(void)
{
	unsigned int at, n;
	int ret;

	range(&at, &n);
	ret = madvise(address(at), n * PAGE, MADV_DONTNEED);
	if (ret && errno == EINVAL)
		return NULL; /* of a file, which not every kernel can do */
	if (!covered(at, n) && (!ret || errno != ENOMEM))
		return "madvise over a hole";
	if (covered(at, n) && ret)
		return "madvise";
	for (; n--; at++) {
		if (ret && model[at].mapped) {
			/* Unknown again. */
			if (mmap(address(at), PAGE, PROT_NONE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				 0) == MAP_FAILED)
				return "mmap after madvise";
			model[at] = (struct page){ .mapped = true };
		}
		model[at].tag = 0;
	}
	return NULL;
}

/* The pages from @at on are one mapping for mremap(2). */
static bool same_mapping(unsigned int at, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct page *a = &model[at], *b = &model[at + i];

		if (!b->mapped || b->file != a->file || b->prot != a->prot ||
		    (a->file && b->file_page != a->file_page + i))
			return false;
	}
	return true;
}

static const char *forget(unsigned int at, unsigned int n)
{
	if (munmap(address(at), n * PAGE))
		return "munmap";
	for (; n--; at++)
		model[at] = (struct page){ .mapped = false };
	return NULL;
}

static const char *move(void)
{
	unsigned int at, n, to;
	const char *bad;
	void *got;

	range(&at, &n);
	to = below(PAGES - n);
	if ((to < at + n && at < to + n) || !same_mapping(at, n))
		return NULL;
	got = mremap(address(at), n * PAGE, n * PAGE,
		     MREMAP_MAYMOVE | MREMAP_FIXED, address(to));
	if (got == MAP_FAILED) {
		/* Several mappings that look like one: how far did it come? */
		if (errno != EFAULT)
			return "mremap fixed";
		bad = forget(to, n);
		return bad ? bad : forget(at, n);
	}
	if (got != address(to))
		return "mremap elsewhere";
	for (; n--; at++, to++) {
		model[to] = model[at];
		model[at] = (struct page){ .mapped = false };
	}
	return NULL;
}

static const char *shrink(void)
{
	unsigned int at, n, keep;

	range(&at, &n);
	if (!same_mapping(at, n))
		return NULL;
	keep = 1 + below(n);
	if (mremap(address(at), n * PAGE, keep * PAGE, 0) != address(at))
		return errno == EFAULT ? NULL : "mremap shrinks";
	for (unsigned int i = keep; i < n; i++)
		model[at + i] = (struct page){ .mapped = false };
	return NULL;
}

static const char *grow(void)
{
	unsigned int at, n, more;
	bool room = true;
	void *got;

	range(&at, &n);
	more = 1 + below(10);
	if (!same_mapping(at, n) || at + n + more >= PAGES || model[at].file)
		return NULL;
	if (model[at + n].mapped)
		return NULL; /* whether it may go on is the mapping's end */
	for (unsigned int i = 0; i < more; i++)
		room &= !model[at + n + i].mapped;
	got = mremap(address(at), n * PAGE, (n + more) * PAGE, 0);
	if (got == MAP_FAILED)
		return room && errno != EFAULT ? "mremap grows" : NULL;
	if (!room || got != address(at))
		return "mremap grows over something";
	for (unsigned int i = n; i < n + more; i++)
		model[at + i] =
			(struct page){ .mapped = true, .prot = model[at].prot };
	return NULL;
}

static const char *core(void)
{
	static unsigned char vec[PAGES];
	unsigned int at, n;
	int ret;

	range(&at, &n);
	ret = mincore(address(at), n * PAGE, vec);
	if (covered(at, n))
		return ret ? "mincore" : NULL;
	return ret && errno == ENOMEM ? NULL : "mincore over a hole";
}

/* The kernel reads the page for us, so that nothing faults. */
static const char *check_page(unsigned int at)
{
	const struct page *p = &model[at];
	bool readable = p->mapped && p->prot & PROT_READ;
	uint64_t seen;
	ssize_t n = write(probe[1], address(at), sizeof(seen));

	if (!readable)
		return n == -1 && errno == EFAULT ? NULL :
						    "unreadable page is read";
	if (n != sizeof(seen) || read(probe[0], &seen, n) != n)
		return "page cannot be read";
	return seen == first_word(p) ? NULL : "page has another content";
}

static const char *check_pages(void)
{
	const char *bad = NULL;

	for (int i = 0; i < 32 && !bad; i++)
		bad = check_page(below(PAGES));
	return bad;
}

static size_t read_maps(void)
{
	int fd = open("/proc/self/maps", O_RDONLY);
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	close(fd);
	text[len] = 0;
	return len;
}

static bool perms_are(const char *perms, const struct page *p)
{
	return (perms[0] == 'r') == !!(p->prot & PROT_READ) &&
	       (perms[1] == 'w') == !!(p->prot & PROT_WRITE) &&
	       (perms[2] == 'x') == !!(p->prot & PROT_EXEC) && perms[3] == 'p';
}

static const char *check_maps(void)
{
	static bool seen[PAGES];
	unsigned long from, to;
	char perms[8];

	memset(seen, 0, sizeof(seen));
	read_maps();
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, perms) != 3)
			return "a line of maps";
		for (; from < to; from += PAGE) {
			unsigned long i = (from - (unsigned long)base) / PAGE;

			if (from < (unsigned long)base || i >= PAGES)
				continue;
			if (seen[i] || !model[i].mapped)
				return "maps has more";
			if (!perms_are(perms, &model[i]))
				return "maps has other permissions";
			seen[i] = true;
		}
	}
	for (int i = 0; i < PAGES; i++)
		if (model[i].mapped && !seen[i])
			return "maps has less";
	return NULL;
}

static const struct {
	const char *name;
	const char *(*act)(void);
} acts[] = {
	{ "map_anonymous", map_anonymous },
	{ "map_file", map_file },
	{ "no_replace", no_replace },
	{ "unmap", unmap },
	{ "protect", protect },
	{ "store", store },
	{ "store", store },
	{ "dont_need", dont_need },
	{ "move", move },
	{ "shrink", shrink },
	{ "grow", grow },
	{ "core", core },
};

static void prepare(void)
{
	file_fd = open("model-file", O_RDWR | O_CREAT | O_TRUNC, 0644);
	unlink("model-file");
	for (uint64_t i = 0; i < FILE_PAGES; i++) {
		uint64_t word = 0xf11e000000000000UL + i;

		if (pwrite(file_fd, &word, 8, i * PAGE) != 8)
			tap_ok(false, "a file of the working directory");
	}
	OK(!ftruncate(file_fd, FILE_PAGES * PAGE));
	OK(!pipe(probe));
	/* Clear of where mmap() without an address goes. */
	base = mmap(NULL, (PAGES + 2000) * PAGE, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	OK(base != MAP_FAILED);
	base += 1000 * PAGE;
	munmap(base, PAGES * PAGE);
}

int main(int argc, char **argv)
{
	long operations = argc > 1 ? atol(argv[1]) : 10000, i;
	const char *bad = NULL, *name = "";

	state = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;
	prepare();
	for (i = 0; i < operations && !bad; i++) {
		unsigned int n = below(sizeof(acts) / sizeof(*acts));

		name = acts[n].name;
		errno = 0;
		bad = acts[n].act();
		if (!bad)
			bad = check_pages();
		if (!bad && i % 16 == 0)
			bad = check_maps();
	}
	tap_ok(!bad, "%ld operations; the last: %s%s%s", i, name,
	       bad ? ": " : "", bad ? bad : "");
	tap_done();
	if (argc > 3) {
		size_t len = read_maps();

		printf("maps %#lx %#lx\n", (unsigned long)base,
		       (unsigned long)base + PAGES * PAGE);
		fwrite(text, 1, len, stdout);
		puts("end");
		fflush(stdout);
		(void)!getchar();
	}
	return bad != NULL;
}
