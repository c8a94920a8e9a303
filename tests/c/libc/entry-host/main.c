// SPDX-License-Identifier: GPL-2.0-only
/*
 * entry-host [-c FILE] PATH ARGV0 [ARG...]: run a program of our C library on the
 * host's kernel, with its system calls coming through the entry of a library
 * kernel. It loads the program and its interpreter, names the entry in AT_SYSINFO
 * and forbids every system call instruction outside its own text, so that one is
 * a SIGSYS. FILE gets a line per process: "PATH CALLS".
 *
 * It stands in for the kernel's side of the protocol in the tests of the C
 * library; the calls themselves are the host's. Like the library kernel it
 * refuses fork(2). No C library is used here: the thread pointer is the program's.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

#define PAGE 4096UL
#define NSIG_KERNEL 65

/* What special: in entry.S has pushed. */
struct call {
	long rdi, rsi, rdx, r10, r8, r9, rax, rbp;
	long return_address;
};

struct kernel_action {
	uintptr_t handler;
	unsigned long flags;
	void *restorer;
	unsigned long mask;
};

struct image {
	uintptr_t base; /* what was added to its addresses */
	uintptr_t entry, phdr;
	unsigned long phnum;
	char interpreter[256];
};

/* entry.S */
extern char entry[], entry_call[], entry_done[], handler[];
long raw(long nr, ...);
void enter(uintptr_t pc, void *stack) __attribute__((noreturn));
void dispatch(void);

unsigned long calls;
char blocking; /* what dispatch() gives the host */
uintptr_t vfork_return;

static uintptr_t handlers[NSIG_KERNEL];
static const char *self, *count_file, *program;

static size_t length(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static void copy(void *to, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((char *)to)[i] = ((const char *)from)[i];
}

/* The compiler calls these for structures. */
void *memcpy(void *to, const void *from, size_t n)
{
	copy(to, from, n);
	return to;
}

void *memset(void *to, int c, size_t n)
{
	for (volatile char *p = to; n--; p++)
		*p = (char)c;
	return to;
}

static void say(int fd, const char *text)
{
	raw(SYS_write, fd, text, length(text));
}

static void __attribute__((noreturn)) die(const char *what, const char *name)
{
	say(2, "entry-host: ");
	say(2, name);
	say(2, ": ");
	say(2, what);
	say(2, "\n");
	raw(SYS_exit_group, 127L);
	__builtin_unreachable();
}

/* One write, as several processes report at the same time. */
static void report(void)
{
	char line[300], *p = line + sizeof(line);
	unsigned long n = calls;
	size_t name = length(program);
	long fd;

	if (!count_file || name > sizeof(line) - 32)
		return;
	*--p = '\n';
	do
		*--p = (char)('0' + n % 10);
	while (n /= 10);
	*--p = ' ';
	p -= name;
	copy(p, program, name);
	fd = raw(SYS_open, count_file, O_WRONLY | O_CREAT | O_APPEND, 0644L);
	if (fd < 0)
		return;
	raw(SYS_write, fd, p, (size_t)(line + sizeof(line) - p));
	raw(SYS_close, fd);
}

/* sigaction(2): the program's handlers begin in ours. */
static long action(struct call *c)
{
	const struct kernel_action *act = (void *)c->rsi;
	struct kernel_action *old = (void *)c->rdx, ours;
	unsigned long number = (unsigned long)c->rdi;
	uintptr_t before = number < NSIG_KERNEL ? handlers[number] : 0;
	long result;

	if (act)
		ours = *act;
	if (act && number < NSIG_KERNEL && act->handler > 1) {
		handlers[number] = act->handler;
		ours.handler = (uintptr_t)handler;
	}
	result = raw(SYS_rt_sigaction, c->rdi, act ? &ours : NULL, old, c->r10);
	if (!result && old && old->handler == (uintptr_t)handler)
		old->handler = before;
	return result;
}

/* execve(2): the new program runs here as well. The stack is the caller's. */
static long execute(struct call *c)
{
	const char **argv = (void *)c->rsi;
	long n = 0, result, at = 0;

	result = raw(SYS_access, c->rdi, 1L /* X_OK */);
	if (result)
		return result;
	while (argv && argv[n])
		n++;

	const char *words[n + 6];

	words[at++] = self;
	if (count_file) {
		words[at++] = "-c";
		words[at++] = count_file;
	}
	words[at++] = (const char *)c->rdi;
	for (long i = 0; i < n; i++)
		words[at++] = argv[i];
	words[at] = NULL;
	return raw(SYS_execve, self, words, c->rdx);
}

/* Called for some calls: 0 when the result is in c->rax, 1 to go on. */
int special_c(struct call *c)
{
	switch (c->rax) {
	case SYS_rt_sigaction:
		c->rax = action(c);
		return 0;
	case SYS_clone:
		if (c->rsi) /* the new task returns, too */
			((long *)c->rsi)[-1] = c->return_address;
		return 1;
	case SYS_fork:
		c->rax = -ENOSYS;
		return 0;
	case SYS_vfork:
		vfork_return = (uintptr_t)c->return_address;
		return 1;
	case SYS_execve:
		c->rax = execute(c);
		return 0;
	default:
		report();
		return 1;
	}
}

/*
 * A signal has come: show the program a context in which the call has not begun
 * (or begins again), or is over, as its kernel would. Returns the handler.
 */
uintptr_t handler_c(int number, siginfo_t *info, ucontext_t *context)
{
	greg_t *r = context->uc_mcontext.gregs;
	uintptr_t pc = (uintptr_t)r[REG_RIP];

	(void)info;
	if (pc >= (uintptr_t)entry && pc < (uintptr_t)entry_call) {
		r[REG_RIP] = *(long *)r[REG_RSP] - 2;
		r[REG_RSP] += 8;
		r[REG_RCX] = (long)entry;
	} else if (pc == (uintptr_t)entry_call) {
		r[REG_RIP] = ((long *)r[REG_RSP])[-1] - 2;
		r[REG_RCX] = (long)entry;
	} else if (pc == (uintptr_t)entry_done) {
		r[REG_RIP] = ((long *)r[REG_RSP])[-1];
	}
	return handlers[number];
}

static unsigned long protection(const Elf64_Phdr *ph)
{
	return (ph->p_flags & PF_R ? PROT_READ : 0) |
	       (ph->p_flags & PF_W ? PROT_WRITE : 0) |
	       (ph->p_flags & PF_X ? PROT_EXEC : 0);
}

/* The part of a segment that the file does not have is zero. */
static void clear_rest(const Elf64_Phdr *ph, uintptr_t base, const char *path)
{
	uintptr_t from = base + ph->p_vaddr + ph->p_filesz;
	uintptr_t to = base + ph->p_vaddr + ph->p_memsz;
	uintptr_t edge = (from + PAGE - 1) & -PAGE;
	uintptr_t last = (to + PAGE - 1) & -PAGE;

	if (from == to)
		return;
	memset((void *)from, 0, (edge < to ? edge : to) - from);
	if (last > edge &&
	    raw(SYS_mmap, edge, last - edge, protection(ph),
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1L, 0L) != (long)edge)
		die("no memory", path);
}

static void map_segments(const Elf64_Ehdr *eh, const Elf64_Phdr *phdrs, long fd,
			 struct image *image, const char *path)
{
	uintptr_t low = -1UL, high = 0;
	long at;

	for (int i = 0; i < eh->e_phnum; i++) {
		if (phdrs[i].p_type != PT_LOAD)
			continue;
		if (phdrs[i].p_vaddr < low)
			low = phdrs[i].p_vaddr & -PAGE;
		if (phdrs[i].p_vaddr + phdrs[i].p_memsz > high)
			high = phdrs[i].p_vaddr + phdrs[i].p_memsz;
	}
	at = raw(SYS_mmap, eh->e_type == ET_EXEC ? low : 0UL, high - low,
		 (long)PROT_NONE,
		 (long)(MAP_PRIVATE | MAP_ANONYMOUS |
			(eh->e_type == ET_EXEC ? MAP_FIXED_NOREPLACE : 0)),
		 -1L, 0L);
	if (at < 0 && at > -4096)
		die("no address space", path);
	image->base = (uintptr_t)at - low;
	for (int i = 0; i < eh->e_phnum; i++) {
		const Elf64_Phdr *ph = &phdrs[i];
		uintptr_t skew = ph->p_vaddr & (PAGE - 1);
		uintptr_t to = image->base + ph->p_vaddr - skew;

		if (ph->p_type != PT_LOAD)
			continue;
		if (raw(SYS_mmap, to, ph->p_filesz + skew, protection(ph),
			(long)(MAP_PRIVATE | MAP_FIXED), fd,
			ph->p_offset - skew) != (long)to)
			die("cannot map", path);
		clear_rest(ph, image->base, path);
		if (eh->e_phoff >= ph->p_offset &&
		    eh->e_phoff < ph->p_offset + ph->p_filesz)
			image->phdr = image->base + ph->p_vaddr + eh->e_phoff -
				      ph->p_offset;
	}
}

static void load(const char *path, struct image *image)
{
	static char head[PAGE];
	const Elf64_Ehdr *eh = (void *)head;
	const Elf64_Phdr *phdrs;
	long fd = raw(SYS_open, path, (long)O_RDONLY, 0L);

	if (fd < 0)
		die("cannot open", path);
	if (raw(SYS_read, fd, head, sizeof(head)) < (long)sizeof(*eh) ||
	    *(const uint32_t *)head != 0x464c457f ||
	    eh->e_phoff + eh->e_phnum * sizeof(*phdrs) > sizeof(head))
		die("not a program", path);
	phdrs = (void *)(head + eh->e_phoff);
	map_segments(eh, phdrs, fd, image, path);
	image->entry = image->base + eh->e_entry;
	image->phnum = eh->e_phnum;
	for (int i = 0; i < eh->e_phnum; i++)
		if (phdrs[i].p_type == PT_INTERP &&
		    phdrs[i].p_filesz <= sizeof(image->interpreter))
			raw(SYS_pread64, fd, image->interpreter,
			    phdrs[i].p_filesz, phdrs[i].p_offset);
	raw(SYS_close, fd);
}

static unsigned long changed(unsigned long type, unsigned long value,
			     const struct image *main, uintptr_t interpreter)
{
	switch (type) {
	case AT_PHDR:
		return main->phdr;
	case AT_PHNUM:
		return main->phnum;
	case AT_ENTRY:
		return main->entry;
	case AT_BASE:
		return interpreter;
	case AT_EXECFN:
		return (unsigned long)program;
	default:
		return value;
	}
}

/* A stack as at the program's start: ours without our own words. */
static unsigned long *stack_for(long argc, char **argv, char **envp,
				unsigned long *auxv, const struct image *main,
				uintptr_t interpreter)
{
	unsigned long *out, *p;
	long words = argc + 1 + 5;

	for (char **e = envp; *e; e++)
		words++;
	for (unsigned long *a = auxv; *a; a += 2)
		words += 2;
	/* Below this function's own frame and those it calls. */
	out = (void *)(((uintptr_t)auxv - 65536 - (size_t)words * 8) & -16UL);
	p = out;
	*p++ = (unsigned long)argc;
	for (long i = 0; i <= argc; i++)
		*p++ = (unsigned long)argv[i];
	do
		*p++ = (unsigned long)*envp;
	while (*envp++);
	*p++ = AT_SYSINFO;
	*p++ = (unsigned long)entry;
	for (unsigned long *a = auxv; *a; a += 2) {
		*p++ = a[0];
		*p++ = changed(a[0], a[1], main, interpreter);
	}
	*p++ = AT_NULL;
	*p = 0;
	return out;
}

void __attribute__((noreturn, used)) start_c(long *sp)
{
	static struct image main, interpreter;
	char **argv = (char **)(sp + 1), **envp = argv + *sp + 1;
	unsigned long *auxv, *a;
	char **words = argv + 1;
	unsigned long *stack;

	for (auxv = (unsigned long *)envp; *auxv; auxv++)
		;
	auxv++;
	for (a = auxv; *a; a += 2)
		if (a[0] == AT_EXECFN)
			self = (const char *)a[1];
	if (words[0] && words[1] && same(words[0], "-c")) {
		count_file = words[1];
		words += 2;
	}
	if (!words[0] || !words[1])
		die("usage: entry-host [-c FILE] PATH ARGV0 [ARG...]", argv[0]);
	program = *words++;
	load(program, &main);
	if (main.interpreter[0])
		load(main.interpreter, &interpreter);
	stack = stack_for(*sp - (words - argv), words, envp, auxv, &main,
			  interpreter.base);
	if (raw(SYS_prctl, (long)PR_SET_SYSCALL_USER_DISPATCH,
		(long)PR_SYS_DISPATCH_OFF, 0L, 0L, 0L))
		die("needs Linux 5.11, to forbid system calls", argv[0]);
	dispatch();
	blocking = 1;
	enter(interpreter.entry ? interpreter.entry : main.entry, stack);
}
