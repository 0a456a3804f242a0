/* A program that no kernel takes: it uses what it has found without a look whether it has. */
#include <linux/bpf.h>
#include <linux/types.h>

#include "ebpf/helpers.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} sg_values SEC(".maps");

SEC("tc")
int sg_refused(struct __sk_buff* skb) {
  __u32 key = skb->ifindex;

  return *(int*)bpf_map_lookup_elem(&sg_values, &key);
}
