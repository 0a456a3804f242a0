/*
 * The two programs of every session's interface, shared by all sessions; abi.h says what the maps
 * hold.
 *
 * sg_from_client, at the interface's ingress: source address, then the upload limit.
 * sg_to_client, at its egress: the download limit, as drops, as times of departure, or as what may
 * stand in the queue that the gateway reads at the rate.
 *
 * Either counts. What passes goes on to whatever other filters the interface has.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include "ebpf/abi.h"
#include "ebpf/helpers.h"
#include "ebpf/packet.h"
#include "ebpf/queue.h"
#include "ebpf/rate_math.h"

#define SG_NEXT (-1) /* TC_ACT_UNSPEC, TCX_NEXT */
#define SG_DROP 2    /* TC_ACT_SHOT, TCX_DROP */

/* skb->priority that htb with the handle 1:, and no other qdisc, takes for its direct queue. */
#define SG_HTB_DIRECT 0x10000U

/* Entries are allocated one by one, so a policy is replaced and never written to. But from 6.1 on
 * the memory of the old one may become the policy of another interface at once, while a run on
 * another processor still looks at it: still_ours(). */
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

/* What is known of a packet. */
struct packet {
	struct sg_cost cost;
	__u8 head[SG_HEAD];
	__u32 marked; /* with the policy's mark */
};

/* gso_segs is 0 on what a TUN was given, so packets are computed from gso_size. */
SG_INLINE struct packet look_at(struct __sk_buff *skb, const struct sg_policy *policy)
{
	const void *data = (void *)(long)skb->data;
	const void *data_end = (void *)(long)skb->data_end;
	struct packet packet;
	__u32 at;
	__u8 tcp_offset = 0;

	/* Nearly always it lies there; the call is dear. Without a head it is no IP packet, and the
	 * zeros that the call leaves say so. */
	if (data + SG_HEAD <= data_end)
		__builtin_memcpy(packet.head, data, SG_HEAD);
	else
		bpf_skb_load_bytes(skb, 0, packet.head, SG_HEAD);
	if (skb->gso_size != 0) {
		at = sg_tcp_offset_at(packet.head);
		if (at == 0 || bpf_skb_load_bytes(skb, at, &tcp_offset, 1))
			tcp_offset = 0;
	}
	packet.cost = sg_cost_of(packet.head, skb->len, tcp_offset, skb->gso_size, policy->flags,
				 policy->mpu);
	packet.marked = policy->bypass_mark != 0 && skb->mark == policy->bypass_mark;
	return packet;
}

/* 1 if the packet's source is the client's. */
SG_INLINE int source_allowed(struct __sk_buff *skb, const struct packet *packet,
			     const struct sg_policy *policy)
{
	__be32 address[4] = {0, 0, 0, 0};

	if (sg_ip_version(packet->head[0]) == 4) {
		__builtin_memcpy(address, &packet->head[SG_IPV4_SOURCE_AT], 4);
		return sg_source4_allowed(policy, address[0]);
	}
	if (sg_ip_version(packet->head[0]) == 6)
		return !bpf_skb_load_bytes(skb, SG_IPV6_SOURCE_AT, address, 16) &&
		       sg_source6_allowed(policy, address);
	return 0;
}

SG_INLINE void count(struct sg_counters *counters, const struct packet *packet, __u32 verdict)
{
	if (verdict == SG_VERDICT_DROP) {
		counters->dropped_packets += packet->cost.packets;
		counters->dropped_octets += packet->cost.octets;
		return;
	}
	counters->passed_packets += packet->cost.packets;
	counters->passed_octets += packet->cost.octets;
	if (packet->marked) {
		counters->marked_packets += packet->cost.packets;
		counters->marked_octets += packet->cost.octets;
	}
	if (verdict == SG_VERDICT_SIGNAL)
		counters->signalled_packets += packet->cost.packets;
}

/*
 * Limits and counts. The clock is read before the lock is taken, since nothing may be called under
 * it; the arithmetic copes with another processor having been faster.
 */
SG_INLINE struct sg_admission judge(struct sg_state *state, const struct sg_limit *limit,
				    const struct packet *packet, __u64 now_ns)
{
	struct sg_admission admission = {0, 0, SG_VERDICT_PASS, 0};

	bpf_spin_lock(&state->lock);
	if (!packet->marked) {
		if (limit->kind == SG_KIND_POLICE) {
			if (!sg_bucket_take(&state->bucket, limit, packet->cost.octets, now_ns))
				admission.verdict = SG_VERDICT_DROP;
		} else if (sg_kind_queues(limit->kind)) {
			admission =
			    sg_queue_admit(&state->bucket, &state->codel, limit,
					   packet->cost.octets, sg_ecn(packet->head) != 0, now_ns);
		}
	}
	count(&state->counters, packet, admission.verdict);
	bpf_spin_unlock(&state->lock);
	return admission;
}

SG_INLINE void count_spoofed(struct sg_state *state, const struct packet *packet)
{
	bpf_spin_lock(&state->lock);
	state->counters.spoofed_packets += packet->cost.packets;
	state->counters.spoofed_octets += packet->cost.octets;
	bpf_spin_unlock(&state->lock);
}

/* Asked when everything has been read of the policy; what another interface's says lets nothing
 * pass. */
SG_INLINE int still_ours(const struct sg_policy *policy, const struct __sk_buff *skb)
{
	return *(const volatile __u32 *)&policy->ifindex == skb->ifindex;
}

SEC("tc")
int sg_from_client(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex;
	struct sg_policy *policy = bpf_map_lookup_elem(&sg_policies, &ifindex);
	struct sg_state *state = bpf_map_lookup_elem(&sg_ups, &ifindex);
	struct sg_admission admission;
	struct packet packet;

	if (!policy || !state)
		return SG_DROP;
	packet = look_at(skb, policy);
	if ((policy->flags & SG_CHECK_SOURCE) && !source_allowed(skb, &packet, policy)) {
		count_spoofed(state, &packet);
		return SG_DROP;
	}
	admission = judge(state, &policy->up, &packet, bpf_ktime_get_ns());
	if (!still_ours(policy, skb))
		return SG_DROP;
	return admission.verdict == SG_VERDICT_DROP ? SG_DROP : SG_NEXT;
}

SEC("tc")
int sg_to_client(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex;
	struct sg_policy *policy = bpf_map_lookup_elem(&sg_policies, &ifindex);
	struct sg_state *state = bpf_map_lookup_elem(&sg_downs, &ifindex);
	__u64 now_ns = bpf_ktime_get_ns();
	struct sg_admission admission;
	struct packet packet;

	if (!policy || !state)
		return SG_DROP;
	packet = look_at(skb, policy);
	admission = judge(state, &policy->down, &packet, now_ns);
	if (admission.verdict == SG_VERDICT_DROP)
		return SG_DROP;
	if (packet.marked) {
		if (policy->flags & SG_MARK_DIRECT)
			skb->priority = SG_HTB_DIRECT;
		return still_ours(policy, skb) ? SG_NEXT : SG_DROP;
	}
	if (admission.verdict == SG_VERDICT_SIGNAL)
		bpf_skb_ecn_set_ce(skb);
	if (policy->down.kind == SG_KIND_EDT)
		bpf_skb_set_tstamp(skb, sg_departure_ns(&admission, &policy->down, now_ns),
				   BPF_SKB_TSTAMP_DELIVERY_MONO);
	return still_ours(policy, skb) ? SG_NEXT : SG_DROP;
}
