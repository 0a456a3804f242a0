/*
 * The arithmetic of rate limits, the same for the kernel's programs, for the gateway that paces,
 * and for tests on the host. Pure: time comes in as a number. Exact: no credit is lost to rounding,
 * nothing overflows for rates of 1 bit/s to 1 Tbit/s and bursts and queues of up to 1 GiB.
 *
 * A bucket gains the rate and holds the burst. A packet of up to `floor` octets (two of full size,
 * never more than the burst) passes if the bucket covers it. A larger one, a super-packet, passes
 * if the bucket has `floor` octets, and leaves a debt: otherwise it would never pass where the
 * burst is smaller than it. So in any window
 *
 *     passed octets <= rate * time + burst + (the last packet's octets above `floor`)
 *
 * Where packets wait, the same bucket is the queue: queue.h.
 */
#ifndef SG_EBPF_RATE_MATH_H
#define SG_EBPF_RATE_MATH_H

#include "ebpf/abi.h"

#define SG_INLINE static inline __attribute__((always_inline, unused))

#define SG_MAX_RATE    1000000000000ULL /* bit/s */
#define SG_MAX_BURST   (1ULL << 30)	/* octets, and of a queue */
#define SG_MAX_CHARGE  (1ULL << 24)	/* octets that one packet can cost */
#define SG_OCTET       8000000000ULL	/* an octet, in bit/s times ns */
#define SG_MAX_SKEW_NS 1000000000ULL	/* further back than this, the clock was set anew */
#define SG_FOREVER_NS  (~0ULL)

SG_INLINE __u64 sg_min(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

SG_INLINE __u64 sg_max(__u64 a, __u64 b)
{
	return a > b ? a : b;
}

/* How long `octets` (at most 2 * SG_MAX_BURST + SG_MAX_CHARGE) take at `rate`, which is not 0,
 * rounded up. */
SG_INLINE __u64 sg_octets_ns(__u64 octets, __u64 rate)
{
	return octets == 0 ? 0 : (octets * SG_OCTET - 1) / rate + 1;
}

/* How many octets `rate` makes in `ns`, at most `most`, which is at most 2 * SG_MAX_BURST +
 * SG_MAX_CHARGE. */
SG_INLINE __u64 sg_ns_octets(__u64 ns, __u64 rate, __u64 most)
{
	if (rate == 0)
		return 0;
	if (ns >= sg_octets_ns(most, rate))
		return most;
	return ns * rate / SG_OCTET;
}

/* 1 if packets of this kind wait. */
SG_INLINE int sg_kind_queues(__u32 kind)
{
	return kind == SG_KIND_EDT || kind == SG_KIND_PACE;
}

/*
 * A limit from what is wished: rate in bit/s (0: none), burst in octets, the longest wait in a
 * queue in ns, and the interface's MTU. Never less than two MTU of burst, and sixteen of queue
 * where there is one: with fewer packets on their way TCP cannot tell that one is lost.
 */
SG_INLINE struct sg_limit sg_limit_make(__u32 kind, __u64 rate, __u64 burst, __u64 wait_ns,
					__u32 mtu)
{
	struct sg_limit limit = {0, 0, 0, 0, 0, 0, 0, SG_KIND_COUNT};
	__u64 floor = sg_min(2ULL * mtu, SG_MAX_CHARGE);

	if (rate == 0)
		return limit;
	limit.kind = kind;
	limit.rate = sg_min(rate, SG_MAX_RATE);
	limit.floor = (__u32)floor;
	limit.burst = sg_min(sg_max(burst, floor), SG_MAX_BURST);
	if (sg_kind_queues(kind))
		limit.queue = sg_max(sg_ns_octets(wait_ns, limit.rate, SG_MAX_BURST),
				     sg_min(16ULL * mtu, SG_MAX_BURST));
	limit.fill_ns = sg_octets_ns(limit.burst + limit.queue + SG_MAX_CHARGE, limit.rate);
	return limit;
}

/* What was let through at a higher rate is paid back in the time that it would have taken there:
 * otherwise those behind it would stand still for many times as long. */
SG_INLINE void sg_bucket_follow(struct sg_bucket *bucket, const struct sg_limit *limit)
{
	__u64 debt;

	if (bucket->octets < 0 && bucket->rate > limit->rate) {
		debt = sg_min((__u64)-bucket->octets, SG_MAX_BURST + SG_MAX_CHARGE);
		debt = sg_ns_octets(sg_octets_ns(debt, bucket->rate), limit->rate, debt);
		bucket->octets = -(__s64)debt;
	}
	bucket->rate = limit->rate;
}

/* Credits the time since the bucket was last looked at. The limit has a rate. */
SG_INLINE void sg_bucket_fill(struct sg_bucket *bucket, const struct sg_limit *limit, __u64 now_ns)
{
	__s64 deepest = -(__s64)(limit->queue + SG_MAX_CHARGE);
	__u64 elapsed;
	__u64 gained;

	if (bucket->rate != limit->rate)
		sg_bucket_follow(bucket, limit);
	if (bucket->octets > (__s64)limit->burst)
		bucket->octets = (__s64)limit->burst;
	if (bucket->octets < deepest)
		bucket->octets = deepest;
	if (now_ns <= bucket->last_ns) {
		/* Processors' clocks differ a little, or another one was faster: that time is
		 * credited already. */
		if (bucket->last_ns - now_ns > SG_MAX_SKEW_NS)
			bucket->last_ns = now_ns;
		return;
	}
	elapsed = now_ns - bucket->last_ns;
	bucket->last_ns = now_ns;
	if (elapsed >= limit->fill_ns) {
		bucket->octets = (__s64)limit->burst;
		bucket->remainder = 0;
		return;
	}
	/* Below (burst + queue + SG_MAX_CHARGE) * SG_OCTET + rate + remainder, and that below 2^64.
	 */
	gained = elapsed * limit->rate + bucket->remainder;
	bucket->octets += (__s64)(gained / SG_OCTET);
	bucket->remainder = gained % SG_OCTET;
	if (bucket->octets >= (__s64)limit->burst) {
		bucket->octets = (__s64)limit->burst;
		bucket->remainder = 0;
	}
}

/* Policing: 1 if a packet of `octets` may pass, and then it is paid. */
SG_INLINE int sg_bucket_take(struct sg_bucket *bucket, const struct sg_limit *limit, __u64 octets,
			     __u64 now_ns)
{
	sg_bucket_fill(bucket, limit, now_ns);
	octets = sg_min(octets, SG_MAX_CHARGE);
	if (bucket->octets < (__s64)sg_min(octets, limit->floor))
		return 0;
	bucket->octets -= (__s64)octets;
	return 1;
}

/* Pacing: how long until the bucket holds `octets`, of which no more than the burst counts; 0 if it
 * does. */
SG_INLINE __u64 sg_bucket_wait_ns(struct sg_bucket *bucket, const struct sg_limit *limit,
				  __u64 octets, __u64 now_ns)
{
	__s64 missing;
	__u64 start_ns;

	if (limit->rate == 0)
		return 0;
	sg_bucket_fill(bucket, limit, now_ns);
	missing = (__s64)sg_min(octets, limit->burst) - bucket->octets;
	if (missing <= 0)
		return 0;
	start_ns = sg_max(now_ns, bucket->last_ns);
	return start_ns - now_ns + sg_octets_ns((__u64)missing, limit->rate);
}

#endif
