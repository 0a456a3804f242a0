/*
 * The two programs of every session's interface, shared by all sessions; abi.h says what the maps
 * hold.
 *
 * sg_from_client, at the interface's ingress: source address, then the upload limit.
 * sg_to_client, at its egress: the download limit, as drops or as times of departure.
 *
 * Either counts. What passes goes on to whatever other filters the interface has.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include "ebpf/abi.h"
#include "ebpf/helpers.h"
#include "ebpf/packet.h"
#include "ebpf/rate_math.h"

#define SG_NEXT (-1) /* TC_ACT_UNSPEC, TCX_NEXT */
#define SG_DROP 2    /* TC_ACT_SHOT, TCX_DROP */

/* Entries are allocated one by one and freed after the last reader: a policy that is replaced stays
 * whole. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct sg_policy);
} sg_policies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct sg_state);
} sg_downs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct sg_state);
} sg_ups SEC(".maps");

/* What a packet costs. */
struct charge {
	__u32 packets;
	__u32 pad;
	__u64 octets;
};

/* Headers that every packet of a super-packet gets; 0 if they cannot be read. */
SG_INLINE __u32 header_octets(struct __sk_buff *skb)
{
	__u8 first = 0;
	__u8 protocol = 0;
	__u8 tcp_offset = 0;
	__u32 octets;

	if (bpf_skb_load_bytes(skb, 0, &first, 1))
		return 0;
	octets = sg_ip_header_octets(first);
	if (bpf_skb_load_bytes(skb,
			       sg_ip_version(first) == 6 ? SG_IPV6_NEXT_AT : SG_IPV4_PROTOCOL_AT,
			       &protocol, 1))
		return octets;
	if (protocol == SG_PROTOCOL_TCP &&
	    bpf_skb_load_bytes(skb, octets + SG_TCP_OFFSET_AT, &tcp_offset, 1))
		return octets;
	return octets + sg_transport_header_octets(protocol, tcp_offset);
}

/* gso_segs is 0 on what a TUN was given, so it is computed. */
SG_INLINE struct charge charge_of(struct __sk_buff *skb)
{
	struct charge charge = {1, 0, skb->len};
	__u32 headers;

	if (skb->gso_size == 0)
		return charge;
	headers = header_octets(skb);
	charge.packets = sg_wire_packets(skb->len, headers, skb->gso_size);
	charge.octets = sg_wire_octets(skb->len, headers, skb->gso_size);
	return charge;
}

/* 1 if the packet's source is the client's. */
SG_INLINE int source_allowed(struct __sk_buff *skb, const struct sg_policy *policy)
{
	__u8 first = 0;
	__be32 address[4] = {0, 0, 0, 0};

	if (bpf_skb_load_bytes(skb, 0, &first, 1))
		return 0;
	if (sg_ip_version(first) == 4)
		return !bpf_skb_load_bytes(skb, SG_IPV4_SOURCE_AT, address, 4) &&
		       sg_source4_allowed(policy, address[0]);
	if (sg_ip_version(first) == 6)
		return !bpf_skb_load_bytes(skb, SG_IPV6_SOURCE_AT, address, 16) &&
		       sg_source6_allowed(policy, address);
	return 0;
}

/*
 * Limits and counts. 0: dropped; SG_FOREVER_NS: passes; else its time of departure. The clock is
 * read before the lock is taken, since nothing may be called under it; rate_math.h copes with
 * another processor having been faster.
 */
SG_INLINE __u64 pass(struct sg_state *state, const struct sg_limit *limit,
		     const struct charge *charge, int marked)
{
	__u64 now_ns = bpf_ktime_get_ns();
	__u64 when_ns = SG_FOREVER_NS;

	bpf_spin_lock(&state->lock);
	if (marked) {
		state->counters.marked_packets += charge->packets;
		state->counters.marked_octets += charge->octets;
	} else if (limit->kind == SG_KIND_POLICE) {
		if (!sg_bucket_take(&state->bucket, limit, charge->octets, now_ns))
			when_ns = 0;
	} else if (limit->kind == SG_KIND_EDT) {
		when_ns = sg_bucket_depart(&state->bucket, limit, charge->octets, now_ns);
	}
	if (when_ns == 0) {
		state->counters.dropped_packets += charge->packets;
		state->counters.dropped_octets += charge->octets;
	} else {
		state->counters.passed_packets += charge->packets;
		state->counters.passed_octets += charge->octets;
	}
	bpf_spin_unlock(&state->lock);
	return when_ns;
}

SG_INLINE void count_spoofed(struct sg_state *state, const struct charge *charge)
{
	bpf_spin_lock(&state->lock);
	state->counters.spoofed_packets += charge->packets;
	state->counters.spoofed_octets += charge->octets;
	bpf_spin_unlock(&state->lock);
}

SG_INLINE int is_marked(const struct __sk_buff *skb, const struct sg_policy *policy)
{
	return policy->bypass_mark != 0 && skb->mark == policy->bypass_mark;
}

SEC("tc")
int sg_from_client(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex;
	struct sg_policy *policy = bpf_map_lookup_elem(&sg_policies, &ifindex);
	struct sg_state *state = bpf_map_lookup_elem(&sg_ups, &ifindex);
	struct charge charge;

	if (!policy || !state)
		return SG_DROP;
	charge = charge_of(skb);
	if ((policy->flags & SG_CHECK_SOURCE) && !source_allowed(skb, policy)) {
		count_spoofed(state, &charge);
		return SG_DROP;
	}
	return pass(state, &policy->up, &charge, is_marked(skb, policy)) == 0 ? SG_DROP : SG_NEXT;
}

SEC("tc")
int sg_to_client(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex;
	struct sg_policy *policy = bpf_map_lookup_elem(&sg_policies, &ifindex);
	struct sg_state *state = bpf_map_lookup_elem(&sg_downs, &ifindex);
	struct charge charge;
	__u64 when_ns;

	if (!policy || !state)
		return SG_DROP;
	charge = charge_of(skb);
	when_ns = pass(state, &policy->down, &charge, is_marked(skb, policy));
	if (when_ns == 0)
		return SG_DROP;
	if (when_ns != SG_FOREVER_NS)
		bpf_skb_set_tstamp(skb, when_ns, BPF_SKB_TSTAMP_DELIVERY_MONO);
	return SG_NEXT;
}
