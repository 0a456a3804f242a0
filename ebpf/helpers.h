/*
 * What these programs need of the kernel: helper functions by their numbers (stable since the
 * kernel they came with, all before 6.1), sections, and map definitions that libbpf understands. No
 * helper here is for GPL programs only.
 */
#ifndef SG_EBPF_HELPERS_H
#define SG_EBPF_HELPERS_H

#include <linux/bpf.h>

#define SEC(name)	   __attribute__((section(name), used))
#define __uint(name, val)  int(*name)[val]
#define __type(name, type) type *name

static void *(*const bpf_map_lookup_elem)(void *map,
					  const void *key) = (void *)BPF_FUNC_map_lookup_elem;
static __u64 (*const bpf_ktime_get_ns)(void) = (void *)BPF_FUNC_ktime_get_ns;
static long (*const bpf_skb_load_bytes)(const void *skb, __u32 offset, void *to,
					__u32 length) = (void *)BPF_FUNC_skb_load_bytes;
static long (*const bpf_spin_lock)(struct bpf_spin_lock *lock) = (void *)BPF_FUNC_spin_lock;
static long (*const bpf_spin_unlock)(struct bpf_spin_lock *lock) = (void *)BPF_FUNC_spin_unlock;
static long (*const bpf_skb_set_tstamp)(struct __sk_buff *skb, __u64 tstamp,
					__u32 type) = (void *)BPF_FUNC_skb_set_tstamp;
static long (*const bpf_skb_ecn_set_ce)(struct __sk_buff *skb) = (void *)BPF_FUNC_skb_ecn_set_ce;

#endif
