// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of a read-only image that stand in one piece: the host maps them from
 * the image's own file, so that nothing is copied and all machines that use the
 * image share its pages.
 */
#include <linux/blkdev.h>
#include <linux/buffer_head.h>
#include <linux/fs.h>
#include <linux/virtio_ids.h>
#include "user.h"

/* The device behind /dev/vda, vdb, ...: disks have their names in this order. */
static const struct lkl_device *disk_of(const struct block_device *bdev)
{
	const char *name = bdev->bd_disk->disk_name;
	int index = name[2] - 'a';

	if (strncmp(name, "vd", 2) || index < 0 || index > 25 || name[3])
		return NULL;
	for (struct lkl_device *dev = lkl_ops.devices; dev; dev = dev->next)
		if (dev->id == VIRTIO_ID_BLOCK && !index--)
			return dev;
	return NULL;
}

/* Block number of a page of the file; 0: it has none of its own. */
static sector_t block_of(struct inode *inode, pgoff_t page)
{
	sector_t block = page << (PAGE_SHIFT - inode->i_blkbits);

	return bmap(inode, &block) ? 0 : block;
}

static bool in_one_piece(struct inode *inode, pgoff_t first, unsigned long n)
{
	unsigned int blocks = PAGE_SIZE >> inode->i_blkbits;
	sector_t start = block_of(inode, first);

	if (!start || start % blocks)
		return false;
	for (unsigned long i = 1; i < n; i++)
		if (block_of(inode, first + i) != start + i * blocks)
			return false;
	return true;
}

/*
 * The host descriptor and the place in its file that hold @n pages of @file
 * from page @first on; -1 where they have to be read.
 */
int lkl_image_fd(struct file *file, pgoff_t first, unsigned long n,
		 unsigned long long *place)
{
	struct inode *inode = file_inode(file);
	struct super_block *sb = inode->i_sb;
	const struct lkl_device *disk;

	/* A file system that may be written to moves its files about. */
	if (!sb->s_bdev || !bdev_read_only(sb->s_bdev) || !sb_rdonly(sb))
		return -1;
	n = min(n, DIV_ROUND_UP(i_size_read(inode), PAGE_SIZE) - first);
	disk = disk_of(sb->s_bdev);
	if (!disk || first >= DIV_ROUND_UP(i_size_read(inode), PAGE_SIZE) ||
	    !in_one_piece(inode, first, n))
		return -1;
	*place = disk->file_start +
		 ((unsigned long long)get_start_sect(sb->s_bdev)
		  << SECTOR_SHIFT) +
		 ((unsigned long long)block_of(inode, first)
		  << inode->i_blkbits);
	return *place & ~PAGE_MASK ? -1 : disk->file;
}
