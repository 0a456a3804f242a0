/*
 * What the kernel's programs and the gateway share: keys and values of the maps, and their names.
 * Compiles as BPF C, C11 and C++20. All numbers are in the machine's byte order but addresses,
 * which are as on the wire. No padding.
 *
 * map          key      value             written by                        read by
 * sg_policies  ifindex  struct sg_policy  gateway, whole values only        programs
 * sg_downs     ifindex  struct sg_state   programs; gateway creates (zeros) programs, gateway
 * sg_ups       ifindex  struct sg_state   programs; gateway creates (zeros) programs, gateway
 *
 * An interface has its entries in sg_downs and sg_ups before that in sg_policies, and loses them
 * after it. Without one of them nothing passes. A policy is replaced as a whole: a program run that
 * begins after that sees the new one, one under way goes on with the old one. Kernels from 6.1 on
 * may use the old one's memory again at once; then that one packet may be charged by a mixture with
 * another policy, and is dropped if that is another interface's. Bucket and counters stay, so a
 * change neither gives a burst away nor loses a count.
 */
#ifndef SG_EBPF_ABI_H
#define SG_EBPF_ABI_H

#include <linux/bpf.h>
#include <linux/types.h>

#define SG_MAP_POLICIES "sg_policies"
#define SG_MAP_DOWNS	"sg_downs"
#define SG_MAP_UPS	"sg_ups"

/* Prefixes that a client may send from, of each family: address, routes, delegated prefixes,
 * link-local address. */
#define SG_SOURCES 8

/* What a program does with a packet of a limited direction. */
enum sg_kind {
	SG_KIND_COUNT = 0,  /* nothing: no limit, or a qdisc keeps it */
	SG_KIND_POLICE = 1, /* what the bucket does not cover is dropped */
	SG_KIND_EDT = 2,    /* each packet gets its time of departure, for fq to keep */
	SG_KIND_PACE = 3,   /* the gateway reads the interface at the rate; the bucket's debt is
			     * the queue that stands there */
};

/* One direction's limit: made by sg_limit_make() of rate_math.h and sg_limit_manage() of queue.h,
 * and by nothing else. */
struct sg_limit {
	__u64 rate;	   /* bit/s, 1 to 10^12; 0: no limit */
	__u64 burst;	   /* octets the bucket holds */
	__u64 queue;	   /* octets that may wait; 0 but for SG_KIND_EDT and SG_KIND_PACE */
	__u64 fill_ns;	   /* from the deepest debt to full */
	__u64 target;	   /* octets that may wait for longer than the interval */
	__u64 interval_ns; /* 0: senders are not told of a queue before it is full */
	__u32 floor; /* two packets of full size: a larger one needs no more than this to pass */
	__u32 kind;  /* enum sg_kind */
};

/* Octets at hand. All zeros: a full bucket, as soon as it is looked at. */
struct sg_bucket {
	__s64 octets;	 /* negative: debt */
	__u64 last_ns;	 /* CLOCK_MONOTONIC up to which the rate is credited */
	__u64 remainder; /* of that credit what was no whole octet, in bit/s times ns */
	__u64 rate;	 /* at which a debt was made; 0: there was no packet yet */
};

/* Whether senders are to be told that a queue stands: RFC 8289's variables. All zeros: it does
 * not. */
struct sg_codel {
	__u64 above_ns; /* when it will have stood for an interval; 0: it does not stand */
	__u64 next_ns;	/* of the next signal; signals follow each other while `active` */
	__u16 count;	/* signals of this series, or of the last one; no more than fit */
	__u16 begun;	/* with which `count` the series began */
	__u32 active;
};

/* A super-packet counts as the packets that it becomes. */
struct sg_counters {
	__u64 passed_packets; /* marked and signalled ones too */
	__u64 passed_octets;
	__u64 dropped_packets; /* by the limit, or as a signal to their sender */
	__u64 dropped_octets;
	__u64 marked_packets; /* passed unlimited for their mark */
	__u64 marked_octets;
	__u64 signalled_packets; /* told to slow down by a mark in the packet (ECN) */
	__u64 spoofed_packets;	 /* dropped for their source address */
	__u64 spoofed_octets;
};

struct sg_state {
	struct bpf_spin_lock lock;
	__u32 pad;
	struct sg_bucket bucket;
	struct sg_codel codel;
	struct sg_counters counters;
};

/* A prefix as its first address and its mask. */
struct sg_source4 {
	__be32 address;
	__be32 mask;
};

struct sg_source6 {
	__be32 address[4];
	__be32 mask[4];
};

enum sg_flags {
	SG_CHECK_SOURCE = 1, /* packets from the client from elsewhere than `sources` are dropped */
	SG_COUNT_PACKET = 2, /* octets are those of IP packets; else those behind the IP header */
	SG_MARK_DIRECT = 4,  /* marked packets to the client go to htb's direct queue */
};

struct sg_policy {
	struct sg_limit down;
	struct sg_limit up;
	__u32 bypass_mark; /* packets with this firewall mark are not limited; 0: none */
	__u32 flags;	   /* enum sg_flags */
	__u32 mpu;	   /* octets that the smallest packet counts as */
	__u32 ifindex;	   /* its key */
	__u32 source4_count;
	__u32 source6_count;
	struct sg_source4 source4[SG_SOURCES];
	struct sg_source6 source6[SG_SOURCES];
};

#ifdef __cplusplus
#define SG_ASSERT static_assert
#else
#define SG_ASSERT _Static_assert
#endif
SG_ASSERT(sizeof(struct sg_limit) == 56, "abi");
SG_ASSERT(sizeof(struct sg_bucket) == 32, "abi");
SG_ASSERT(sizeof(struct sg_codel) == 24, "abi");
SG_ASSERT(sizeof(struct sg_counters) == 72, "abi");
SG_ASSERT(sizeof(struct sg_state) == 136, "abi");
SG_ASSERT(__builtin_offsetof(struct sg_state, bucket) == 8, "abi");
SG_ASSERT(__builtin_offsetof(struct sg_state, counters) == 64, "abi");
SG_ASSERT(sizeof(struct sg_source4) == 8, "abi");
SG_ASSERT(sizeof(struct sg_source6) == 32, "abi");
SG_ASSERT(sizeof(struct sg_policy) == 136 + 40 * SG_SOURCES, "abi");
SG_ASSERT(__builtin_offsetof(struct sg_policy, source6) == 136 + 8 * SG_SOURCES, "abi");

#endif
