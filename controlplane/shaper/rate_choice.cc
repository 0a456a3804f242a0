#include "controlplane/shaper/rate_choice.h"

namespace sstpgw::cp {
namespace {

std::optional<RateChoice> FromTable(const RateTable* table, RateSource source,
                                    std::uint32_t active_range) {
  if (table == nullptr || !table->Speaks(active_range)) return std::nullopt;
  return RateChoice{table->During(active_range), source,
                    table->Has(active_range) ? active_range : 0};
}

}  // namespace

const char* ToString(RateSource source) {
  switch (source) {
    case RateSource::kNone:
      return "none";
    case RateSource::kDefault:
      return "default";
    case RateSource::kUser:
      return "user";
    case RateSource::kRadius:
      return "radius";
    case RateSource::kChanged:
      return "changed";
    case RateSource::kTemporary:
      return "temporary";
  }
  return "unknown";
}

RateChoice ChooseRate(const RateOffers& offers, std::uint32_t active_range) {
  const SessionRates* session = offers.session;
  if (session != nullptr && session->temporary) {
    return {*session->temporary, RateSource::kTemporary, 0};
  }
  const bool exempt = session != nullptr && session->exempt;
  if (offers.temporary_of_all && !exempt) {
    return {*offers.temporary_of_all, RateSource::kTemporary, 0};
  }
  const RateTable* own = session == nullptr ? nullptr : &session->own;
  if (auto choice = FromTable(own, RateSource::kChanged, active_range)) return *choice;
  const RateTable* granted = session == nullptr || !session->granted ? nullptr : &*session->granted;
  if (auto choice = FromTable(granted, RateSource::kRadius, active_range)) return *choice;
  if (auto choice = FromTable(offers.user, RateSource::kUser, active_range)) return *choice;
  return FromTable(offers.fallback, RateSource::kDefault, active_range).value_or(RateChoice{});
}

}  // namespace sstpgw::cp
