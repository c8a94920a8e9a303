// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Internet checksum (RFC 1071), eight octets at a time.
 */
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/unaligned.h>
#include <net/checksum.h>

static inline u64 add64(u64 sum, u64 v)
{
	u64 r;

	return __builtin_add_overflow(sum, v, &r) ? r + 1 : r;
}

static inline u32 fold64(u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (u32)((sum & 0xffffffff) + (sum >> 32));
}

__wsum csum_partial(const void *buff, int len, __wsum wsum)
{
	u64 sum = (__force u32)wsum;
	const u8 *p = buff;
	u64 tail = 0;

	for (; len >= 32; len -= 32, p += 32) {
		sum = add64(sum, get_unaligned((const u64 *)p));
		sum = add64(sum, get_unaligned((const u64 *)(p + 8)));
		sum = add64(sum, get_unaligned((const u64 *)(p + 16)));
		sum = add64(sum, get_unaligned((const u64 *)(p + 24)));
	}
	for (; len >= 8; len -= 8, p += 8)
		sum = add64(sum, get_unaligned((const u64 *)p));
	for (int i = 0; i < len; i++)
		tail |= (u64)p[i] << (8 * i);
	return (__force __wsum)fold64(add64(sum, tail));
}
EXPORT_SYMBOL(csum_partial);

__sum16 ip_fast_csum(const void *iph, unsigned int ihl)
{
	return csum_fold(csum_partial(iph, ihl * 4, 0));
}
EXPORT_SYMBOL(ip_fast_csum);

__sum16 ip_compute_csum(const void *buff, int len)
{
	return csum_fold(csum_partial(buff, len, 0));
}
EXPORT_SYMBOL(ip_compute_csum);
