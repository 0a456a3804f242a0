// What operators write about rate limits: leaf queues, time ranges, DOWN/UP. Any text.
#include <array>
#include <chrono>
#include <string>

#include "controlplane/shaper/leaf_qdisc.h"
#include "controlplane/shaper/operator_rate.h"
#include "controlplane/shaper/time_range.h"
#include "tests/fuzz/require.h"

namespace sstpgw::fuzz {
namespace {

using std::chrono::minutes;

void JudgeLeaf(std::string_view text) {
  const auto leaf = cp::ReadLeafQdisc(text);
  if (!leaf) {
    Require(!leaf.error().empty());
    return;
  }
  Require(leaf->kind != LeafQdisc::Kind::kAuto);
  Require(leaf->limit <= 1'000'000 && leaf->flows <= 65'536 && leaf->quantum <= 1'048'576);
  Require(leaf->target <= minutes(1) && leaf->interval <= minutes(1));
  // A parameter more that is there already is refused.
  Require(leaf->limit == 0 || !cp::ReadLeafQdisc(std::string(text) + " limit 5"));
}

void JudgeTimeRange(std::string_view text) {
  const auto range = cp::ReadTimeRange(text);
  if (!range) {
    Require(!range.error().empty());
    return;
  }
  Require(range->id != 0 && range->begin != range->end);
  Require(range->begin < minutes(1440) && range->end < minutes(1440));
  const std::array ranges{*range};
  Require(cp::ActiveTimeRange(ranges, range->begin) == range->id);
  Require(cp::ActiveTimeRange(ranges, range->end) == 0);
}

void JudgeRate(std::string_view text) {
  const auto rate = cp::ReadOperatorRate(text);
  if (!rate) {
    Require(!rate.error().empty());
    return;
  }
  Require(rate->down && rate->up && rate->down->rate <= kMaxRate && rate->up->rate <= kMaxRate);
  // What is shown is read as the same.
  const RateLimit limit{{rate->down->rate, {}}, {rate->up->rate, {}}};
  const std::string shown = cp::ToKilobits(limit);
  Require(shown.empty() != limit.any());
  if (shown.empty()) return;
  const auto again = cp::ReadOperatorRate(shown);
  Require(again && again->down->rate == limit.down.rate && again->up->rate == limit.up.rate);
}

}  // namespace
}  // namespace sstpgw::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sstpgw;
  const std::string text(reinterpret_cast<const char*>(data), size);
  fuzz::JudgeLeaf(text);
  fuzz::JudgeTimeRange(text);
  fuzz::JudgeRate(text);
  return 0;
}
