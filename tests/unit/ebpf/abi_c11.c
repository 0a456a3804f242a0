// abi.h as C11 sees it; abi_test.cc compares.
#include <stddef.h>

#include "ebpf/abi.h"

const size_t kAbiSizesInC[] = {
    sizeof(struct sg_limit),    sizeof(struct sg_bucket), sizeof(struct sg_codel),
    sizeof(struct sg_counters), sizeof(struct sg_state),  sizeof(struct sg_source4),
    sizeof(struct sg_source6),  sizeof(struct sg_policy), offsetof(struct sg_policy, source6)};
