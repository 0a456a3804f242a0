#include "ebpf/abi.h"

#include <array>
#include <string_view>
#include <type_traits>

#include "ebpf/rate_math.h"
#include "proto/base/rate_limit.h"

extern "C" const std::size_t kAbiSizesInC[9];

namespace sstpgw {
namespace {

template <class... T>
constexpr bool kNoPadding = (std::has_unique_object_representations_v<T> && ...);
// The kernel refuses or leaks what lies between fields.
static_assert(kNoPadding<sg_limit, sg_bucket, sg_codel, sg_counters, sg_state, sg_source4,
                         sg_source6, sg_policy>);

TEST(EbpfAbi, SameSizesInCAndCpp) {
  const std::array sizes = {sizeof(sg_limit),    sizeof(sg_bucket), sizeof(sg_codel),
                            sizeof(sg_counters), sizeof(sg_state),  sizeof(sg_source4),
                            sizeof(sg_source6),  sizeof(sg_policy), offsetof(sg_policy, source6)};
  for (std::size_t i = 0; i < sizes.size(); ++i) EXPECT_EQ(sizes[i], kAbiSizesInC[i]) << i;
}

TEST(EbpfAbi, MapNamesAreAsLongAsTheKernelKeeps) {
  for (const std::string_view name : {SG_MAP_POLICIES, SG_MAP_DOWNS, SG_MAP_UPS}) {
    EXPECT_LT(name.size(), std::size_t{BPF_OBJ_NAME_LEN}) << name;
  }
}

TEST(EbpfAbi, LimitsOfTheVocabularyAreThoseOfTheArithmetic) {
  EXPECT_EQ(kMaxRate.value(), SG_MAX_RATE);
  EXPECT_EQ(kMaxBurst.value(), SG_MAX_BURST);
}

}  // namespace
}  // namespace sstpgw
