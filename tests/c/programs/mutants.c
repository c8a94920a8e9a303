// SPDX-License-Identifier: GPL-2.0-only
/*
 * mutants COUNT SEED [FILE]: executes COUNT programs whose ELF headers are wrong,
 * made from a small one of its own or from FILE. Each
 * must be refused with an error that execve(2) knows, end by a signal, or run.
 * Before and after that it says so and reads a line, so that somebody may look
 * at the machine from outside.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef AT_SYSINFO
#define AT_SYSINFO 32
#endif

#define FILE_NAME "mutant"
#define FILE_SIZE 0x1800 /* of our own program */
#define LARGEST (2 << 20)
#define DATA 0x1000
#define CODE 0x400
#define EXIT_STATUS 42
#define PHDRS 4

/* exit(42) through the entry that the auxiliary vector names, or a trap. */
extern const char code_begin[], code_end[], native_begin[], native_end[];
__asm__(".section .rodata\n"
	"code_begin:\n"
	"	movq (%rsp), %rcx\n"
	"	leaq 16(%rsp,%rcx,8), %rsi\n"
	"1:	addq $8, %rsi\n"
	"	cmpq $0, -8(%rsi)\n"
	"	jne 1b\n"
	"2:	movq 8(%rsi), %rcx\n"
	"	movq (%rsi), %rax\n"
	"	addq $16, %rsi\n"
	"	testq %rax, %rax\n"
	"	jz 3f\n"
	"	cmpq $32, %rax\n"
	"	jne 2b\n"
	"	movl $231, %eax\n"
	"	movl $42, %edi\n"
	"	call *%rcx\n"
	"3:	int3\n"
	"code_end:\n"
	"native_begin:\n"
	"	movl $231, %eax\n"
	"	movl $42, %edi\n"
	"	syscall\n"
	"native_end:\n"
	".text\n");

static uint64_t state;

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

static unsigned char file[LARGEST], given[LARGEST];
static size_t file_size = FILE_SIZE;
static int phdrs = PHDRS;

static void build(void)
{
	Elf64_Ehdr *e = (void *)file;
	Elf64_Phdr *p = (void *)(file + sizeof(*e));
	bool fixed = !below(4);
	uint64_t base = fixed ? 0x400000 : 0;

	if (*given) {
		memcpy(file, given, file_size);
		return;
	}
	memset(file, 0xcc, file_size);
	if (getauxval(AT_SYSINFO))
		memcpy(file + CODE, code_begin, code_end - code_begin);
	else
		memcpy(file + CODE, native_begin, native_end - native_begin);
	*e = (Elf64_Ehdr){
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
		.e_type = fixed ? ET_EXEC : ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = 1,
		.e_entry = base + CODE,
		.e_phoff = sizeof(*e),
		.e_ehsize = sizeof(*e),
		.e_phentsize = sizeof(*p),
		.e_phnum = PHDRS,
	};
	p[0] = (Elf64_Phdr){ PT_LOAD, PF_R | PF_X, 0,	 base,
			     base,    DATA,	   DATA, 4096 };
	p[1] = (Elf64_Phdr){ PT_LOAD,	    PF_R | PF_W, DATA,	 base + 0x2000,
			     base + 0x2000, 0x800,	 0x3000, 4096 };
	p[2] = (Elf64_Phdr){ PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16 };
	p[3] = (Elf64_Phdr){ PT_NULL, 0, 0x800, 0x800, 0x800, 13, 13, 1 };
	if (!below(4))
		p[3].p_type = PT_INTERP;
	strcpy((char *)file + 0x800, "/bin/no-such");
}

static void read_file(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, given, sizeof(given));

	if (n < (ssize_t)sizeof(Elf64_Ehdr)) {
		perror(path);
		exit(3);
	}
	file_size = n;
	phdrs = ((Elf64_Ehdr *)given)->e_phnum;
	close(fd);
}

/* Offset and size of every field. */
static void pick(size_t *at, size_t *size)
{
	static const unsigned char header[] = {
		1, 1, 1, 1, 1, 1, 1, 1, 8, 2, 2, 4, 8, 8, 8, 4, 2, 2, 2, 2, 2, 2
	};
	static const unsigned char segment[] = { 4, 4, 8, 8, 8, 8, 8, 8 };
	unsigned int n;

	*at = 0;
	if (!below(3)) {
		n = below(sizeof(header));
		for (unsigned int i = 0; i < n; i++)
			*at += header[i];
		*size = header[n];
		return;
	}
	n = below(sizeof(segment));
	*at = sizeof(Elf64_Ehdr) + below(phdrs) * sizeof(Elf64_Phdr);
	for (unsigned int i = 0; i < n; i++)
		*at += segment[i];
	*size = segment[n];
}

static uint64_t value(uint64_t old)
{
	static const uint64_t special[] = {
		0,
		1,
		2,
		3,
		0xfff,
		0x1000,
		0x1001,
		0x2000,
		0x10000,
		0x400000,
		1UL << 31,
		1UL << 32,
		1UL << 40,
		1UL << 46,
		1UL << 47,
		(1UL << 47) - 1,
		(1UL << 47) - 0x1000,
		1UL << 63,
		~0UL,
		~0UL - 0xfff,
		~0UL >> 1,
		0x7e0000000000,
		0x7e1000000000,
		0x7dfffffff000,
		0x7dffffffffff,
		0xffff,
		0x8000,
	};

	switch (below(5)) {
	case 0:
		return rnd();
	case 1:
		return old ^ 1UL << below(64);
	case 2:
		return old + below(0x2000) - 0x1000;
	default:
		return special[below(sizeof(special) / sizeof(*special))];
	}
}

static size_t mutate(void)
{
	for (int n = 1 + below(3); n > 0; n--) {
		uint64_t old = 0, new;
		size_t at, size;

		pick(&at, &size);
		memcpy(&old, file + at, size);
		new = value(old);
		memcpy(file + at, &new, size);
	}
	return below(10) ? file_size : below(file_size);
}

static void store(size_t size)
{
	int fd = open(FILE_NAME, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	if (fd < 0 || write(fd, file, size) != (ssize_t)size) {
		perror(FILE_NAME);
		exit(3);
	}
	close(fd);
}

/* Returns the error of execve(2), 0 when it ran. */
static int execute(int *status)
{
	char *argv[] = { FILE_NAME, NULL };
	volatile int error = 0;
	pid_t pid = vfork();

	if (!pid) {
		alarm(2); /* for one that does not end */
		execve(FILE_NAME, argv, environ);
		error = errno;
		_exit(99);
	}
	if (pid < 0 || waitpid(pid, status, 0) != pid) {
		perror("vfork");
		exit(3);
	}
	return error;
}

static bool is_known(int error)
{
	static const int known[] = { ENOEXEC, ENOMEM, EACCES, EINVAL, EFAULT,
				     ELIBBAD, EIO,    ENOENT, EPERM };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i] == error)
			return true;
	return false;
}

static void meet(const char *what)
{
	printf("%s\n", what);
	fflush(stdout);
	(void)!getchar();
}

int main(int argc, char **argv)
{
	long count, ran = 0, refused = 0, killed = 0, bad = 0;
	struct rlimit none = { 0, 0 };
	int status, error;

	if (argc == 4)
		read_file(argv[3]);
	else if (argc != 3)
		return 2;
	count = atol(argv[1]);
	state = strtoul(argv[2], NULL, 0);
	setrlimit(RLIMIT_CORE, &none);
	build();
	store(file_size);
	execute(&status);
	meet("ready");
	for (long i = 0; i < count; i++) {
		build();
		store(mutate());
		error = execute(&status);
		if (error) {
			refused++;
			if (!is_known(error)) {
				bad++;
				printf("mutant %ld: error %d\n", i, error);
			}
		} else if (WIFSIGNALED(status)) {
			killed++;
		} else if (WEXITSTATUS(status) == EXIT_STATUS || *given) {
			ran++;
		} else {
			bad++;
			printf("mutant %ld: status %#x\n", i, status);
		}
	}
	unlink(FILE_NAME);
	printf("%ld ran, %ld refused, %ld killed, %ld bad\n", ran, refused,
	       killed, bad);
	meet("done");
	return bad != 0 || ran < count / 50;
}
