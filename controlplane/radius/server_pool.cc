#include "controlplane/radius/server_pool.h"

namespace sstpgw::cp::radius {
namespace {

using Standing = ServerHealth::Standing;

// load / weight without division; neither can overflow: loads are bounded, weights below 256.
bool LessLoaded(const Candidate& a, const Candidate& b) {
  const std::size_t left = a.load * b.weight;
  const std::size_t right = b.load * a.weight;
  return left != right ? left < right : a.weight > b.weight;
}

}  // namespace

std::optional<std::size_t> Choose(std::span<const Candidate> candidates, Spread spread) {
  for (const bool backup : {false, true}) {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const Candidate& candidate = candidates[i];
      if (candidate.full || candidate.backup != backup) continue;
      if (candidate.standing == Standing::kFailed) continue;
      if (spread == Spread::kInOrder) return i;
      if (!best || LessLoaded(candidate, candidates[*best])) best = i;
    }
    if (best) return best;
  }
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].full) continue;
    if (!best || candidates[i].penalty_end < candidates[*best].penalty_end) best = i;
  }
  return best;
}

}  // namespace sstpgw::cp::radius
