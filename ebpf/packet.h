/*
 * What is to be known of an IP packet's headers. Pure; octets come in one by one, because a program
 * may not look at more than it has asked the kernel for.
 */
#ifndef SG_EBPF_PACKET_H
#define SG_EBPF_PACKET_H

#include "ebpf/abi.h"
#include "ebpf/rate_math.h"

#define SG_IPV4_PROTOCOL_AT 9U
#define SG_IPV4_SOURCE_AT   12U
#define SG_IPV6_NEXT_AT	    6U
#define SG_IPV6_SOURCE_AT   8U
#define SG_TCP_OFFSET_AT    12U
#define SG_PROTOCOL_TCP	    6U
#define SG_PROTOCOL_UDP	    17U

/* 4, 6, or something that is no IP packet; `first` is the packet's first octet. */
SG_INLINE __u32 sg_ip_version(__u8 first)
{
	return first >> 4;
}

/* Octets of the IP header without IPv6 extensions. */
SG_INLINE __u32 sg_ip_header_octets(__u8 first)
{
	return sg_ip_version(first) == 6 ? 40U : (first & 15U) * 4U;
}

/*
 * Octets of the transport's header. A super-packet is of TCP or UDP; behind IPv6 extensions neither
 * is seen, and the packets it becomes are charged their IP header alone.
 */
SG_INLINE __u32 sg_transport_header_octets(__u8 protocol, __u8 tcp_offset)
{
	if (protocol == SG_PROTOCOL_TCP)
		return (tcp_offset >> 4) * 4U;
	return protocol == SG_PROTOCOL_UDP ? 8U : 0U;
}

/* 1 if the client may send from `address`. */
SG_INLINE int sg_source4_allowed(const struct sg_policy *policy, __be32 address)
{
	__u32 i;

	for (i = 0; i < SG_SOURCES; i++)
		if (i < policy->source4_count &&
		    (address & policy->source4[i].mask) == policy->source4[i].address)
			return 1;
	return 0;
}

SG_INLINE int sg_source6_allowed(const struct sg_policy *policy, const __be32 address[4])
{
	__u32 i;

	for (i = 0; i < SG_SOURCES; i++) {
		const struct sg_source6 *source = &policy->source6[i];
		__u32 other = ((address[0] & source->mask[0]) ^ source->address[0]) |
			      ((address[1] & source->mask[1]) ^ source->address[1]) |
			      ((address[2] & source->mask[2]) ^ source->address[2]) |
			      ((address[3] & source->mask[3]) ^ source->address[3]);

		if (i < policy->source6_count && other == 0)
			return 1;
	}
	return 0;
}

#endif
