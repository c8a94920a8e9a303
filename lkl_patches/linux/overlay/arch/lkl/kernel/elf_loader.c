// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs in ELF format, for process mode: position independent ones anywhere,
 * one with fixed addresses at a time, with or without a program interpreter.
 * (System V ABI, chapter 5; its AMD64 supplement, chapter 3.4.)
 *
 * All processes share one address space, so that what is loaded must not move
 * anybody: addresses are taken before the old program is given up.
 */
#include <linux/binfmts.h>
#include <linux/cred.h>
#include <linux/elf.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/mman.h>
#include <linux/personality.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/sched/task_stack.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/processor.h>
#include <asm/sections.h>
#include "../mm/user.h"
#include "lkl.h"

#define MAX_PHDRS_SIZE 4096
#define STACK_GUARD (64UL << 10)
#define STACK_DEFAULT (8UL << 20)
#define STACK_LARGEST (1UL << 30)
#define AUXV_MAX 24
/* Unused on this machine; elsewhere it is where system calls enter, as here. */
#define AT_SYSINFO 32

/* One of the two files that make a program: itself and its interpreter. */
struct image {
	struct file *file;
	struct elfhdr ehdr;
	struct elf_phdr *phdrs;
	unsigned long low, high; /* page-aligned range of its addresses */
	unsigned long bias; /* added to the addresses in the file */
	unsigned long end; /* of the highest segment, in memory */
};

static int read_exactly(struct file *file, void *buf, size_t len, loff_t pos)
{
	ssize_t n = kernel_read(file, buf, len, &pos);

	if (n == len)
		return 0;
	return n < 0 ? n : -ENOEXEC;
}

static int check_header(const struct elfhdr *e)
{
	if (memcmp(e->e_ident, ELFMAG, SELFMAG) ||
	    e->e_ident[EI_CLASS] != ELFCLASS64 ||
	    e->e_ident[EI_DATA] != ELFDATA2LSB || !elf_check_arch(e) ||
	    (e->e_type != ET_DYN && e->e_type != ET_EXEC) ||
	    e->e_phentsize != sizeof(struct elf_phdr) || !e->e_phnum ||
	    e->e_phnum > MAX_PHDRS_SIZE / sizeof(struct elf_phdr))
		return -ENOEXEC;
	return 0;
}

static const struct elf_phdr *find_phdr(const struct image *image, u32 type)
{
	for (int i = 0; i < image->ehdr.e_phnum; i++)
		if (image->phdrs[i].p_type == type)
			return &image->phdrs[i];
	return NULL;
}

/* The range of addresses that the segments span. */
static int measure(struct image *image)
{
	unsigned long low = ULONG_MAX, high = 0;

	for (int i = 0; i < image->ehdr.e_phnum; i++) {
		const struct elf_phdr *p = &image->phdrs[i];

		if (p->p_type != PT_LOAD)
			continue;
		if (p->p_filesz > p->p_memsz || p->p_vaddr > TASK_SIZE ||
		    p->p_memsz > TASK_SIZE - p->p_vaddr ||
		    offset_in_page(p->p_vaddr - p->p_offset))
			return -ENOEXEC;
		low = min(low, (unsigned long)(p->p_vaddr & PAGE_MASK));
		high = max(high, (unsigned long)(p->p_vaddr + p->p_memsz));
	}
	if (low >= high)
		return -ENOEXEC;
	image->low = low;
	image->high = PAGE_ALIGN(high);
	return 0;
}

static int read_image(struct image *image, struct file *file)
{
	size_t size;
	int err;

	image->file = file;
	err = read_exactly(file, &image->ehdr, sizeof(image->ehdr), 0);
	if (!err)
		err = check_header(&image->ehdr);
	if (err)
		return err;
	size = image->ehdr.e_phnum * sizeof(struct elf_phdr);
	image->phdrs = kmalloc(size, GFP_KERNEL);
	if (!image->phdrs)
		return -ENOMEM;
	err = read_exactly(file, image->phdrs, size, image->ehdr.e_phoff);
	return err ?: measure(image);
}

/* Open the interpreter that the program names; 0 where it names none. */
static int open_interpreter(const struct image *program, struct image *interp)
{
	const struct elf_phdr *p = find_phdr(program, PT_INTERP);
	struct file *file;
	char *path;
	int err;

	if (!p)
		return 0;
	if (p->p_filesz < 2 || p->p_filesz > PATH_MAX)
		return -ENOEXEC;
	path = kmalloc(p->p_filesz, GFP_KERNEL);
	if (!path)
		return -ENOMEM;
	err = read_exactly(program->file, path, p->p_filesz, p->p_offset);
	if (!err && path[p->p_filesz - 1])
		err = -ENOEXEC;
	file = err ? NULL : open_exec(path);
	kfree(path);
	if (err)
		return err;
	if (IS_ERR(file))
		return PTR_ERR(file);
	err = read_image(interp, file);
	return err ?: interp->ehdr.e_type == ET_DYN ? 0 : -ELIBBAD;
}

static void put_image(struct image *image)
{
	kfree(image->phdrs);
}

/* Take addresses for the image in the new program's name. */
static int place_image(struct image *image, struct mm_struct *mm)
{
	unsigned long len = image->high - image->low;
	unsigned long addr;
	int err;

	if (image->ehdr.e_type == ET_DYN) {
		addr = lkl_space_take(mm, 0, len);
		if (IS_ERR_VALUE(addr))
			return addr;
		image->bias = addr - image->low;
		return 0;
	}
	err = lkl_space_take_fixed(mm, image->low, len);
	if (err)
		pr_info("%s: addresses %lx-%lx are another program's; a program with fixed addresses runs once at a time\n",
			current->comm, image->low, image->high);
	return err;
}

/*
 * A program with fixed addresses may take the place of the one that executes
 * it, which is still there: then its addresses are taken when that is gone.
 */
static bool replaces_itself(const struct image *image)
{
	return image->ehdr.e_type == ET_EXEC && current->mm &&
	       atomic_read(&current->mm->mm_users) == 1 &&
	       lkl_space_is_own(current->mm, image->low,
				image->high - image->low);
}

static unsigned long segment_prot(const struct elf_phdr *p)
{
	return (p->p_flags & PF_R ? PROT_READ : 0) |
	       (p->p_flags & PF_W ? PROT_WRITE : 0) |
	       (p->p_flags & PF_X ? PROT_EXEC : 0);
}

/*
 * Zeroes from the end of the file's part to the end of the segment's, and of its
 * page: dynamic linkers take the rest of that for their first allocations.
 */
static int map_bss(unsigned long start, unsigned long end, unsigned long prot)
{
	unsigned long page = PAGE_ALIGN(start), addr;

	if (prot & PROT_WRITE && page > start &&
	    clear_user((void __user *)start, page - start))
		return -EFAULT;
	if (end <= page)
		return 0;
	addr = vm_mmap(NULL, page, end - page, prot, MAP_PRIVATE | MAP_FIXED,
		       0);
	return IS_ERR_VALUE(addr) ? addr : 0;
}

static int map_segment(struct image *image, const struct elf_phdr *p)
{
	unsigned long addr = p->p_vaddr + image->bias;
	unsigned long skip = offset_in_page(addr);
	unsigned long prot = segment_prot(p), ret;

	image->end = max(image->end, (unsigned long)(addr + p->p_memsz));
	if (!p->p_memsz)
		return 0;
	if (p->p_filesz) {
		ret = vm_mmap(image->file, addr - skip, p->p_filesz + skip,
			      prot, MAP_PRIVATE | MAP_FIXED,
			      p->p_offset - skip);
		if (IS_ERR_VALUE(ret))
			return ret;
	}
	if (p->p_memsz > p->p_filesz)
		return map_bss(p->p_filesz ? addr + p->p_filesz : addr - skip,
			       addr + p->p_memsz, prot);
	return 0;
}

static int map_image(struct image *image)
{
	int err = 0;

	for (int i = 0; i < image->ehdr.e_phnum && !err; i++)
		if (image->phdrs[i].p_type == PT_LOAD)
			err = map_segment(image, &image->phdrs[i]);
	return err;
}

/* Where the program headers stand in memory; 0 where no segment has them. */
static unsigned long phdrs_in_memory(const struct image *image)
{
	unsigned long off = image->ehdr.e_phoff;

	for (int i = 0; i < image->ehdr.e_phnum; i++) {
		const struct elf_phdr *p = &image->phdrs[i];

		if (p->p_type == PT_LOAD && p->p_offset <= off &&
		    off < p->p_offset + p->p_filesz)
			return p->p_vaddr + image->bias + off - p->p_offset;
	}
	return 0;
}

/* The stack, with a guard below it; returns its top. */
static unsigned long map_stack(const struct image *program,
			       const struct linux_binprm *bprm)
{
	const struct elf_phdr *p = find_phdr(program, PT_GNU_STACK);
	unsigned long size = bprm->rlim_stack.rlim_cur;
	unsigned long prot = PROT_READ | PROT_WRITE, addr;
	int err;

	if (size > STACK_LARGEST)
		size = STACK_DEFAULT;
	/* Room for all arguments, whatever the limit. */
	size = PAGE_ALIGN(max(size, 2 * MAX_ARG_PAGES * PAGE_SIZE));
	if (p && p->p_flags & PF_X)
		prot |= PROT_EXEC;
	addr = vm_mmap(NULL, 0, size + STACK_GUARD, PROT_NONE,
		       MAP_PRIVATE | MAP_NORESERVE | MAP_STACK, 0);
	if (IS_ERR_VALUE(addr))
		return addr;
	err = lkl_mprotect(addr + STACK_GUARD, size, prot);
	return err ?: addr + STACK_GUARD + size;
}

struct auxv {
	unsigned long entry[AUXV_MAX][2];
	int count;
};

static void aux(struct auxv *v, unsigned long type, unsigned long value)
{
	v->entry[v->count][0] = type;
	v->entry[v->count++][1] = value;
}

static void fill_auxv(struct auxv *v, const struct linux_binprm *bprm,
		      const struct image *program, const struct image *interp,
		      unsigned long random, unsigned long platform)
{
	const struct cred *cred = current_cred();
	struct user_namespace *ns = cred->user_ns;

	aux(v, AT_SYSINFO, (unsigned long)lkl_user_entry);
	if (lkl_ops.vdso)
		aux(v, AT_SYSINFO_EHDR, lkl_ops.vdso);
	aux(v, AT_HWCAP, lkl_ops.hwcap);
	aux(v, AT_HWCAP2, lkl_ops.hwcap2);
	aux(v, AT_PAGESZ, PAGE_SIZE);
	aux(v, AT_CLKTCK, USER_HZ);
	aux(v, AT_PHDR, phdrs_in_memory(program));
	aux(v, AT_PHENT, sizeof(struct elf_phdr));
	aux(v, AT_PHNUM, program->ehdr.e_phnum);
	aux(v, AT_BASE, interp->file ? interp->bias : 0);
	aux(v, AT_FLAGS, 0);
	aux(v, AT_ENTRY, program->ehdr.e_entry + program->bias);
	aux(v, AT_UID, from_kuid_munged(ns, cred->uid));
	aux(v, AT_EUID, from_kuid_munged(ns, cred->euid));
	aux(v, AT_GID, from_kgid_munged(ns, cred->gid));
	aux(v, AT_EGID, from_kgid_munged(ns, cred->egid));
	aux(v, AT_SECURE, bprm->secureexec);
	aux(v, AT_RANDOM, random);
	aux(v, AT_MINSIGSTKSZ, lkl_sigframe_size());
	aux(v, AT_EXECFN, bprm->exec);
	aux(v, AT_PLATFORM, platform);
	aux(v, AT_NULL, 0);
	BUG_ON(v->count > AUXV_MAX);
}

static unsigned long put_below(unsigned long *sp, const void *data, size_t len)
{
	*sp -= len;
	return copy_to_user((void __user *)*sp, data, len) ? -EFAULT : 0;
}

/* Pointers to @count strings that stand one after the other from *@at on. */
static int put_strings(unsigned long __user **to, int count, unsigned long *at)
{
	for (; count > 0; count--) {
		long len = strnlen_user((void __user *)*at,
					MAX_ARG_PAGES * PAGE_SIZE);

		if (!len || put_user(*at, (*to)++))
			return -EFAULT;
		*at += len;
	}
	return put_user(0, (*to)++);
}

/* What stands at the stack pointer when a program begins: ABI, figure 3.9. */
static int put_tables(const struct linux_binprm *bprm, const struct auxv *v,
		      unsigned long strings, unsigned long *sp)
{
	struct mm_struct *mm = current->mm;
	unsigned long words = 1 + bprm->argc + 1 + bprm->envc + 1;
	unsigned long __user *to;
	size_t size = v->count * sizeof(v->entry[0]);
	int err;

	*sp = (*sp - size - words * sizeof(long)) & ~15UL;
	to = (unsigned long __user *)*sp;
	if (put_user((unsigned long)bprm->argc, to++))
		return -EFAULT;
	mm->arg_start = strings;
	err = put_strings(&to, bprm->argc, &strings);
	mm->arg_end = mm->env_start = strings;
	if (!err)
		err = put_strings(&to, bprm->envc, &strings);
	mm->env_end = strings;
	if (err || copy_to_user(to, v->entry, size))
		return -EFAULT;
	memcpy(mm->saved_auxv, v->entry, min(size, sizeof(mm->saved_auxv)));
	return 0;
}

/* Fill the stack; returns the stack pointer. */
static unsigned long fill_stack(struct linux_binprm *bprm,
				const struct image *program,
				const struct image *interp, unsigned long top)
{
	unsigned long strings = top, sp, random, platform;
	struct auxv v = {};
	u8 octets[16];
	int err = transfer_args_to_stack(bprm, &strings);

	sp = strings & ~15UL;
	get_random_bytes(octets, sizeof(octets));
	if (!err)
		err = put_below(&sp, octets, sizeof(octets));
	random = sp;
	if (!err)
		err = put_below(&sp, ELF_PLATFORM, sizeof(ELF_PLATFORM));
	platform = sp;
	fill_auxv(&v, bprm, program, interp, random, platform);
	if (!err)
		err = put_tables(bprm, &v, strings, &sp);
	current->mm->start_stack = sp;
	return err ?: sp;
}

static int load(struct linux_binprm *bprm, struct image *program,
		struct image *interp)
{
	struct mm_struct *mm = current->mm;
	unsigned long top, sp;
	int err = map_image(program);

	if (!err && interp->file)
		err = map_image(interp);
	if (!err)
		err = lkl_brk_init(mm, PAGE_ALIGN(program->end));
	if (err)
		return err;
	top = map_stack(program, bprm);
	if (IS_ERR_VALUE(top))
		return top;
	sp = fill_stack(bprm, program, interp, top);
	if (IS_ERR_VALUE(sp))
		return sp;
	finalize_exec(bprm);
	start_thread(current_pt_regs(),
		     interp->file ? interp->ehdr.e_entry + interp->bias :
				    program->ehdr.e_entry + program->bias,
		     sp);
	return 0;
}

static int place_both(struct linux_binprm *bprm, struct image *program,
		      struct image *interp, bool later)
{
	int err = 0;

	if (!later)
		err = place_image(program, bprm->mm);
	if (!err && interp->file)
		err = place_image(interp, bprm->mm);
	return err;
}

static int replace(struct linux_binprm *bprm, struct image *program,
		   struct image *interp)
{
	bool later = replaces_itself(program);
	int err = place_both(bprm, program, interp, later);

	if (!err)
		err = begin_new_exec(bprm);
	if (err)
		return err;
	set_personality(PER_LINUX);
	setup_new_exec(bprm);
	if (later)
		err = place_image(program, current->mm);
	return err ?: load(bprm, program, interp);
}

/*
 * The boot has been through most of the kernel's code, of which little is needed
 * from now on. What is, comes back from the host's page cache.
 */
static void forget_boot_code(void)
{
	unsigned long start = PAGE_ALIGN((unsigned long)_stext);
	unsigned long end = (unsigned long)_etext & PAGE_MASK;
	static bool done;

	if (done || is_global_init(current))
		return;
	done = true;
	host_call(__NR_madvise, start, end - start, MADV_DONTNEED);
}

static int load_elf(struct linux_binprm *bprm)
{
	struct image program = {}, interp = {};
	int err = -ENOEXEC;

	if (!memcmp(bprm->buf, ELFMAG, SELFMAG))
		err = read_image(&program, bprm->file);
	if (!err)
		err = open_interpreter(&program, &interp);
	if (!err)
		err = replace(bprm, &program, &interp);
	if (interp.file) {
		exe_file_allow_write_access(interp.file);
		fput(interp.file);
	}
	put_image(&program);
	put_image(&interp);
	forget_boot_code();
	return err;
}

static struct linux_binfmt elf_format = {
	.module = THIS_MODULE,
	.load_binary = load_elf,
};

static int __init elf_init(void)
{
	if (lkl_ops.process)
		register_binfmt(&elf_format);
	return 0;
}
core_initcall(elf_init);
