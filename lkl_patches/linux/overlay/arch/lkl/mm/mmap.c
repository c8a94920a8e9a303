// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap(2), munmap(2), brk(2): the host maps, the kernel remembers.
 *
 * Files of a host directory are mapped from the host's page cache. Other files
 * are copied into private mappings, and shared ones map the kernel's own page
 * cache (pages.c).
 */
#include <linux/file.h>
#include <linux/major.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/security.h>
#include <linux/syscalls.h>
#include <asm/hostdir.h>
#include "../../../mm/internal.h"
#include "user.h"

#define BRK_SPAN (16UL << 30) /* addresses set aside for a heap */

#define DEV_ZERO MKDEV(MEM_MAJOR, 5)

struct request {
	struct file *file;
	unsigned long addr, len, prot, flags, pgoff;
	vm_flags_t vm_flags;
};

static int check_file(const struct request *r)
{
	struct file *file = r->file;
	bool shared = (r->flags & MAP_TYPE) != MAP_PRIVATE;

	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	if (shared && r->prot & PROT_WRITE &&
	    (!(file->f_mode & FMODE_WRITE) || IS_APPEND(file_inode(file))))
		return -EACCES;
	if (r->prot & PROT_EXEC && path_noexec(&file->f_path))
		return -EPERM;
	if (!S_ISREG(file_inode(file)->i_mode))
		return -ENODEV;
	if (!file->f_op->mmap && lkl_hostdir_fd(file) < 0)
		return -ENODEV;
	return 0;
}

static int check(const struct request *r)
{
	struct mm_struct *mm = current->mm;
	unsigned int type = r->flags & MAP_TYPE;

	if (type != MAP_PRIVATE && type != MAP_SHARED &&
	    type != MAP_SHARED_VALIDATE)
		return -EINVAL;
	if (r->flags & MAP_HUGETLB)
		return -EINVAL;
	if (r->pgoff + (r->len >> PAGE_SHIFT) < r->pgoff)
		return -EOVERFLOW;
	if (mm->map_count >= sysctl_max_map_count)
		return -ENOMEM;
	if (mm->total_vm + (r->len >> PAGE_SHIFT) > rlimit(RLIMIT_AS) >>
	    PAGE_SHIFT)
		return -ENOMEM;
	return r->file ? check_file(r) : 0;
}

static vm_flags_t flags_of(const struct request *r)
{
	vm_flags_t flags = r->vm_flags | calc_vm_prot_bits(r->prot, 0) |
			   calc_vm_flag_bits(r->file, r->flags) | VM_MAYREAD |
			   VM_MAYWRITE | VM_MAYEXEC;

	if (!r->file)
		return flags;
	if (path_noexec(&r->file->f_path))
		flags &= ~VM_MAYEXEC;
	if ((r->flags & MAP_TYPE) == MAP_PRIVATE)
		return flags;
	flags |= VM_SHARED | VM_MAYSHARE;
	if (!(r->file->f_mode & FMODE_WRITE))
		flags &= ~VM_MAYWRITE;
	return flags;
}

/* Decide where: returns the address, which is then the mm's. */
static unsigned long place(const struct request *r)
{
	struct mm_struct *mm = current->mm;
	int err;

	if (!lkl_ops.process) {
		/* The host program's own address space: the host chooses. */
		if (r->flags & MAP_FIXED)
			return r->addr;
		return host_call(__NR_mmap, r->addr, r->len, PROT_NONE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
				 -1, 0);
	}
	if (!(r->flags & MAP_FIXED))
		return lkl_space_take(mm, r->addr, r->len);
	if (r->flags & MAP_FIXED_NOREPLACE &&
	    lkl_vma_first(mm, r->addr, r->addr + r->len))
		return -EEXIST;
	err = lkl_space_take_fixed(mm, r->addr, r->len);
	return err ?: r->addr;
}

/*
 * Who maps a few writable pages writes to them soon: an allocator. To get them
 * at once costs a fraction of as many faults.
 */
#define SMALL (32UL << 10)

static unsigned long populate(const struct request *r, unsigned long prot)
{
	bool small = r->len <= SMALL && prot & PROT_WRITE && !r->file;

	return small && !(r->flags & MAP_NORESERVE) ? MAP_POPULATE : 0;
}

static int map_anonymous(unsigned long addr, const struct request *r,
			 unsigned long prot)
{
	unsigned long keep = MAP_NORESERVE | MAP_POPULATE;
	long ret = host_call(__NR_mmap, addr, r->len, prot,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
				     (r->flags & keep) | populate(r, prot),
			     -1, 0);

	return ret < 0 ? ret : 0;
}

static int map_host_file(unsigned long addr, const struct request *r, int fd,
			 unsigned long long place)
{
	bool shared = (r->flags & MAP_TYPE) != MAP_PRIVATE;
	long ret =
		host_call(__NR_mmap, addr, r->len, r->prot,
			  (shared ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED |
				  (r->flags & (MAP_NORESERVE | MAP_POPULATE)),
			  fd, place);

	return ret < 0 ? ret : 0;
}

/* A private mapping of a file that the host does not have. */
static int map_copy(unsigned long addr, const struct request *r)
{
	loff_t pos = (loff_t)r->pgoff << PAGE_SHIFT;
	int err = map_anonymous(addr, r, PROT_READ | PROT_WRITE);
	unsigned long done = 0;
	ssize_t n;

	while (!err && done < r->len) {
		n = kernel_read(r->file, (void *)addr + done, r->len - done,
				&pos);
		if (n <= 0) {
			err = n;
			break;
		}
		done += n;
	}
	if (err || r->prot == (PROT_READ | PROT_WRITE))
		return err;
	return host_call(__NR_mprotect, addr, r->len, r->prot);
}

static int map_backing(struct vm_area_struct *vma, const struct request *r)
{
	unsigned long long place = (unsigned long long)r->pgoff << PAGE_SHIFT;
	int fd;

	if (!r->file)
		return map_anonymous(vma->vm_start, r, r->prot);
	fd = lkl_hostdir_fd(r->file);
	if (fd >= 0)
		return map_host_file(vma->vm_start, r, fd, place);
	if (vma->vm_flags & VM_SHARED)
		return lkl_pages_map(vma, r->prot);
	fd = lkl_image_fd(r->file, r->pgoff, r->len >> PAGE_SHIFT, &place);
	if (fd >= 0)
		return map_host_file(vma->vm_start, r, fd, place);
	vm_flags_set(vma, VM_MAPPED_COPY);
	return map_copy(vma->vm_start, r);
}

static struct vm_area_struct *new_vma(unsigned long addr,
				      const struct request *r)
{
	struct vm_area_struct *vma = vm_area_alloc(current->mm);

	if (!vma)
		return NULL;
	vma->vm_start = addr;
	vma->vm_end = addr + r->len;
	vma->vm_pgoff = r->pgoff;
	vma->vm_ops = NULL; /* not the allocator's: such are never united */
	vm_flags_init(vma, flags_of(r));
	vma->vm_file = r->file ? get_file(r->file) : NULL;
	return vma;
}

static void drop_vma(struct vm_area_struct *vma)
{
	if (vma->vm_ops && vma->vm_ops->close)
		vma->vm_ops->close(vma);
	if (vma->vm_file)
		fput(vma->vm_file);
	vm_area_free(vma);
}

/* Leave nothing at the addresses of a mapping that could not be made. */
static void clear(unsigned long addr, unsigned long len)
{
	host_call(__NR_munmap, addr, len);
	lkl_space_give(current->mm, addr, len);
}

unsigned long do_mmap(struct file *file, unsigned long addr, unsigned long len,
		      unsigned long prot, unsigned long flags,
		      vm_flags_t vm_flags, unsigned long pgoff,
		      unsigned long *populate, struct list_head *uf)
{
	struct request r = { file,  addr,  PAGE_ALIGN(len), prot,
			     flags, pgoff, vm_flags };
	struct vm_area_struct *vma;
	int err;

	*populate = 0;
	/* The old name of anonymous memory. */
	if (file && S_ISCHR(file_inode(file)->i_mode) &&
	    file_inode(file)->i_rdev == DEV_ZERO) {
		r.file = NULL;
		r.pgoff = 0;
	}
	if (!len)
		return -EINVAL;
	if (!r.len || r.len > TASK_SIZE)
		return -ENOMEM;
	if (flags & MAP_FIXED_NOREPLACE)
		r.flags |= MAP_FIXED;
	if (r.flags & MAP_FIXED && offset_in_page(addr))
		return -EINVAL;
	err = check(&r);
	if (err)
		return err;
	addr = place(&r);
	if (IS_ERR_VALUE(addr))
		return addr;
	err = lkl_vma_forget(current->mm, addr, addr + r.len);
	if (err)
		return err;
	vma = new_vma(addr, &r);
	if (!vma) {
		clear(addr, r.len);
		return -ENOMEM;
	}
	err = map_backing(vma, &r);
	if (!err)
		err = lkl_vma_store(current->mm, vma);
	if (err) {
		drop_vma(vma);
		clear(addr, r.len);
		return err;
	}
	lkl_vma_merge(vma);
	return addr;
}

unsigned long ksys_mmap_pgoff(unsigned long addr, unsigned long len,
			      unsigned long prot, unsigned long flags,
			      unsigned long fd, unsigned long pgoff)
{
	struct file *file = NULL;
	unsigned long ret;

	if (!(flags & MAP_ANONYMOUS)) {
		file = fget(fd);
		if (!file)
			return -EBADF;
	}
	ret = vm_mmap_pgoff(file, addr, len, prot, flags, pgoff);
	if (file)
		fput(file);
	return ret;
}

SYSCALL_DEFINE6(mmap, unsigned long, addr, unsigned long, len, unsigned long,
		prot, unsigned long, flags, unsigned long, fd, unsigned long,
		off)
{
	if (offset_in_page(off))
		return -EINVAL;
	return ksys_mmap_pgoff(addr, len, prot, flags, fd, off >> PAGE_SHIFT);
}

static int unmap_one(struct mm_struct *mm, unsigned long start,
		     unsigned long end)
{
	int err = lkl_vma_forget(mm, start, end);

	if (err)
		return err;
	host_call(__NR_munmap, start, end - start);
	if (lkl_ops.process)
		lkl_space_give(mm, start, end - start);
	return 0;
}

int do_munmap(struct mm_struct *mm, unsigned long start, size_t len,
	      struct list_head *uf)
{
	struct vm_area_struct *vma;
	unsigned long end;

	if (offset_in_page(start) || start > TASK_SIZE ||
	    len > TASK_SIZE - start)
		return -EINVAL;
	len = PAGE_ALIGN(len);
	if (!len)
		return -EINVAL;
	end = start + len;
	/* Only what is mapped: a heap's reserve stays reserved. */
	while ((vma = lkl_vma_first(mm, start, end))) {
		unsigned long from = max(vma->vm_start, start);
		unsigned long to = min(vma->vm_end, end);
		int err = unmap_one(mm, from, to);

		if (err)
			return err;
		start = to;
	}
	return 0;
}

int vm_munmap(unsigned long addr, size_t len)
{
	struct mm_struct *mm = current->mm;
	int ret;

	mmap_write_lock(mm);
	ret = do_munmap(mm, addr, len, NULL);
	mmap_write_unlock(mm);
	return ret;
}
EXPORT_SYMBOL(vm_munmap);

SYSCALL_DEFINE2(munmap, unsigned long, addr, size_t, len)
{
	return vm_munmap(addr, len);
}

/* Set addresses aside for the heap, behind the program where it can be. */
int lkl_brk_init(struct mm_struct *mm, unsigned long wanted)
{
	unsigned long start = lkl_space_take(mm, wanted, BRK_SPAN);

	if (IS_ERR_VALUE(start))
		return start;
	mm->start_brk = mm->brk = start;
	mm->context.end_brk = start + BRK_SPAN;
	return 0;
}

static int move_brk(struct mm_struct *mm, unsigned long brk)
{
	unsigned long old = PAGE_ALIGN(mm->brk), new = PAGE_ALIGN(brk);
	unsigned long unused, ret;

	if (new < old)
		ret = do_munmap(mm, new, old - new, NULL);
	else if (new > old)
		ret = do_mmap(NULL, old, new - old, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0, 0,
			      &unused, NULL);
	else
		return 0;
	return IS_ERR_VALUE(ret) ? ret : 0;
}

SYSCALL_DEFINE1(brk, unsigned long, brk)
{
	struct mm_struct *mm = current->mm;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	if (brk >= mm->start_brk && brk <= mm->context.end_brk &&
	    brk - mm->start_brk <= rlimit(RLIMIT_DATA) && !move_brk(mm, brk))
		mm->brk = brk;
	brk = mm->brk;
	mmap_write_unlock(mm);
	return brk;
}
