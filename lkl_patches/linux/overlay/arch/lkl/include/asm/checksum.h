/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_LKL_CHECKSUM_H
#define _ASM_LKL_CHECKSUM_H

#include <linux/types.h>

__wsum csum_partial(const void *buff, int len, __wsum sum);
#define csum_partial csum_partial

static inline __sum16 csum_fold(__wsum csum)
{
	u32 sum = (__force u32)csum;

	return (__force __sum16)((~sum - ror32(sum, 16)) >> 16);
}
#define csum_fold csum_fold

__sum16 ip_fast_csum(const void *iph, unsigned int ihl);
#define ip_fast_csum ip_fast_csum

static inline __wsum csum_tcpudp_nofold(__be32 saddr, __be32 daddr, __u32 len,
					__u8 proto, __wsum sum)
{
	u64 s = (__force u32)sum;

	s += (__force u32)saddr;
	s += (__force u32)daddr;
	s += (u64)(proto + len) << 8;
	s = (s & 0xffffffff) + (s >> 32);
	return (__force __wsum)(u32)(s + (s >> 32));
}
#define csum_tcpudp_nofold csum_tcpudp_nofold

#include <asm-generic/checksum.h>

#endif
