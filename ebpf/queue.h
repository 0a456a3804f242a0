/*
 * A queue that is kept by its length alone: the debt of a bucket is the octets that stand in it,
 * and the wait of a packet, which is known when it comes, is that debt divided by the rate. Pure.
 *
 * What would wait longer than the limit's queue is dropped. Long before that, senders are told that
 * a queue stands, by CoDel's law (RFC 8289): once it was above the target for a whole interval, one
 * packet is signalled, and while it stays there another one after interval / sqrt(signals so far).
 * To signal is to mark where the packet says that its sender understands (ECN, RFC 3168), and to
 * drop where it does not.
 */
#ifndef SG_EBPF_QUEUE_H
#define SG_EBPF_QUEUE_H

#include "ebpf/abi.h"
#include "ebpf/rate_math.h"

#define SG_MAX_INTERVAL_NS 10000000000ULL
#define SG_CODEL_MOST	   65535U
/* A drop of more than this part of the queue, as of a super-packet, would leave its sender too
 * little to notice it by, and it would wait for its timeout: the signal is left to a smaller
 * packet. */
#define SG_CODEL_PART 4U
/* A queue that stands again within so many intervals is met with the signals it took before. */
#define SG_CODEL_MEMORY 16U

/* Lets a limit with a queue signal: a wait above `target_ns`, but no less than four packets, for
 * longer than `interval_ns`. Where four packets take longer than the target, so does the interval.
 */
SG_INLINE void sg_limit_manage(struct sg_limit *limit, __u64 target_ns, __u64 interval_ns)
{
	__u64 least_ns;

	if (limit->rate == 0 || !sg_kind_queues(limit->kind))
		return;
	least_ns = sg_octets_ns(2ULL * limit->floor, limit->rate);
	limit->target =
	    sg_max(sg_ns_octets(target_ns, limit->rate, SG_MAX_BURST), 2ULL * limit->floor);
	interval_ns = sg_min(interval_ns, SG_MAX_INTERVAL_NS);
	if (least_ns > target_ns)
		interval_ns = sg_min(interval_ns + (least_ns - target_ns), SG_MAX_INTERVAL_NS);
	limit->interval_ns = sg_max(interval_ns, 1);
}

/* 1024 times the square root of `count`, which is 1 to SG_CODEL_MOST. Newton's method from the
 * middle: off by a factor of 16 at most, which seven steps make good; no branch that a verifier
 * would have to follow. */
SG_INLINE __u64 sg_root1024(__u32 count)
{
	__u64 square = (__u64)count << 20;
	__u64 root = 1U << 14;

	root = (root + square / root) / 2;
	root = (root + square / root) / 2;
	root = (root + square / root) / 2;
	root = (root + square / root) / 2;
	root = (root + square / root) / 2;
	root = (root + square / root) / 2;
	return (root + square / root) / 2;
}

/* From one signal to the next. */
SG_INLINE __u64 sg_codel_gap_ns(__u64 interval_ns, __u32 count)
{
	return interval_ns * 1024 / sg_root1024(count);
}

/* 1 if this packet is to be signalled. `above`: the queue in front of it is above the target. */
SG_INLINE int sg_codel_signal(struct sg_codel *codel, int above, __u64 interval_ns, __u64 now_ns)
{
	__u32 before;

	if (!above) {
		codel->above_ns = 0;
		codel->active = 0;
		return 0;
	}
	if (codel->above_ns == 0) {
		codel->above_ns = now_ns + interval_ns;
		return 0;
	}
	if (!codel->active) {
		/* The interval may have become shorter, or the clock set back. */
		codel->above_ns = sg_min(codel->above_ns, now_ns + interval_ns);
		if (now_ns < codel->above_ns)
			return 0;
		before = (__u32)codel->count - codel->begun;
		if (before <= 1 || now_ns > codel->next_ns + SG_CODEL_MEMORY * interval_ns)
			before = 1;
		codel->active = 1;
		codel->count = (__u16)before;
		codel->begun = (__u16)before;
		codel->next_ns = now_ns + sg_codel_gap_ns(interval_ns, before);
		return 1;
	}
	codel->next_ns = sg_min(codel->next_ns, now_ns + interval_ns);
	if (now_ns < codel->next_ns)
		return 0;
	if (codel->count < SG_CODEL_MOST)
		codel->count++;
	/* Signals that were due while no packet came are not made up for. */
	codel->next_ns =
	    sg_max(codel->next_ns + sg_codel_gap_ns(interval_ns, codel->count), now_ns);
	return 1;
}

enum sg_verdict {
	SG_VERDICT_PASS = 0,
	SG_VERDICT_SIGNAL = 1, /* passes, and is to be marked */
	SG_VERDICT_DROP = 2,
};

/* What becomes of a packet. */
struct sg_admission {
	__u64 start_ns; /* when it was judged, by the clock that is ahead */
	__u64 debt;	/* octets in front of it at that time */
	__u32 verdict;	/* enum sg_verdict */
	__u32 pad;
};

/* Judges a packet of `octets` that comes now, and charges it if it passes. `ecn`: it may be marked.
 */
SG_INLINE struct sg_admission sg_queue_admit(struct sg_bucket *bucket, struct sg_codel *codel,
					     const struct sg_limit *limit, __u64 octets, int ecn,
					     __u64 now_ns)
{
	struct sg_admission admission = {0, 0, SG_VERDICT_PASS, 0};
	int above;

	sg_bucket_fill(bucket, limit, now_ns);
	admission.start_ns = sg_max(now_ns, bucket->last_ns);
	admission.debt = bucket->octets < 0 ? (__u64)-bucket->octets : 0;
	above = admission.debt > limit->target;
	if (limit->interval_ns != 0 &&
	    !(above && !ecn && octets > admission.debt / SG_CODEL_PART) &&
	    sg_codel_signal(codel, above, limit->interval_ns, admission.start_ns))
		admission.verdict = ecn ? SG_VERDICT_SIGNAL : SG_VERDICT_DROP;
	if (admission.debt > limit->queue)
		admission.verdict = SG_VERDICT_DROP;
	if (admission.verdict != SG_VERDICT_DROP)
		bucket->octets -= (__s64)sg_min(octets, SG_MAX_CHARGE);
	return admission;
}

/* When an admitted packet may leave. Departures of one bucket never go back while its limit and the
 * clock do not. */
SG_INLINE __u64 sg_departure_ns(const struct sg_admission *admission, const struct sg_limit *limit,
				__u64 now_ns)
{
	return admission->debt == 0
		   ? now_ns
		   : admission->start_ns + sg_octets_ns(admission->debt, limit->rate);
}

#endif
