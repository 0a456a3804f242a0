/*
 * What is to be known of an IP packet's headers, and what it costs. Pure, the same for the kernel's
 * programs and the gateway. `head` is the packet's first SG_HEAD octets: all of them are there in
 * every IP packet.
 */
#ifndef SG_EBPF_PACKET_H
#define SG_EBPF_PACKET_H

#include "ebpf/abi.h"
#include "ebpf/rate_math.h"

#define SG_HEAD		    20U
#define SG_LEAST_PAYLOAD    20U /* what a packet costs at least, if headers of IP do not count */
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

/* Octets of the IP header without IPv6 extensions; 0 if there is none. */
SG_INLINE __u32 sg_ip_header_octets(__u8 first)
{
	if (sg_ip_version(first) == 6)
		return 40;
	return sg_ip_version(first) == 4 ? (first & 15U) * 4U : 0;
}

/* What follows the IP header; an IPv6 extension as well. */
SG_INLINE __u8 sg_ip_protocol(const __u8 *head)
{
	return sg_ip_version(head[0]) == 6 ? head[SG_IPV6_NEXT_AT] : head[SG_IPV4_PROTOCOL_AT];
}

/* ECN of an IP packet (RFC 3168): 0: its sender does not understand marks; 3: it is marked. */
SG_INLINE __u32 sg_ecn(const __u8 *head)
{
	if (sg_ip_version(head[0]) == 6)
		return (head[1] >> 4) & 3U;
	return sg_ip_version(head[0]) == 4 ? head[1] & 3U : 0;
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

/* Where the octet lies that a super-packet's cost needs besides its head; 0: none. */
SG_INLINE __u32 sg_tcp_offset_at(const __u8 *head)
{
	return sg_ip_protocol(head) == SG_PROTOCOL_TCP
		   ? sg_ip_header_octets(head[0]) + SG_TCP_OFFSET_AT
		   : 0;
}

/* What a packet costs: a super-packet as many as it becomes. */
struct sg_cost {
	__u64 octets;
	__u32 packets;
	__u32 pad;
};

/* Packets that `length` octets with `headers` octets of headers become, if the kernel cuts at
 * `gso_size`. */
SG_INLINE __u32 sg_wire_packets(__u32 length, __u32 headers, __u32 gso_size)
{
	if (gso_size == 0 || length <= headers || length - headers <= gso_size)
		return 1;
	return (length - headers - 1) / gso_size + 1;
}

/* Octets that an IP packet of `length` costs, `ip` of them its IP header. */
SG_INLINE __u64 sg_packet_octets(__u32 length, __u32 ip, __u32 flags, __u32 mpu)
{
	if (flags & SG_COUNT_PACKET)
		return sg_max(length, mpu);
	return sg_max(length > ip ? length - ip : 0, sg_max(mpu, SG_LEAST_PAYLOAD));
}

/* Of `length` octets that the kernel cuts at `gso_size` (0: one packet). `tcp_offset`: the octet at
 * sg_tcp_offset_at(), 0 without one. `flags`, `mpu`: the policy's. */
SG_INLINE struct sg_cost sg_cost_of(const __u8 *head, __u32 length, __u8 tcp_offset, __u32 gso_size,
				    __u32 flags, __u32 mpu)
{
	struct sg_cost cost = {0, 1, 0};
	__u32 ip = sg_ip_header_octets(head[0]);
	__u32 headers;

	if (gso_size != 0) {
		headers = ip + sg_transport_header_octets(sg_ip_protocol(head), tcp_offset);
		cost.packets = sg_wire_packets(length, headers, gso_size);
		cost.octets =
		    (cost.packets - 1) * sg_packet_octets(headers + gso_size, ip, flags, mpu);
		length -= (cost.packets - 1) * gso_size;
	}
	cost.octets += sg_packet_octets(length, ip, flags, mpu);
	return cost;
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
