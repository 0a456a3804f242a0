// Names of things that exist once per gateway, made unique over all gateways.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

#include "proto/base/types.h"

namespace sstpgw::cp {

struct SessionKey {
  std::string gateway;
  SessionId session;
  // Text that names it in the lease table.
  [[nodiscard]] std::string Owner() const { return gateway + "/" + session; }
  friend auto operator<=>(const SessionKey&, const SessionKey&) = default;
};

// One question of one boot of one gateway.
struct AttemptKey {
  std::string gateway;
  std::string boot;
  AttemptId attempt;
  friend auto operator<=>(const AttemptKey&, const AttemptKey&) = default;
};

}  // namespace sstpgw::cp

template <>
struct std::hash<sstpgw::cp::SessionKey> {
  std::size_t operator()(const sstpgw::cp::SessionKey& key) const {
    return std::hash<std::string>{}(key.gateway) * 31 + std::hash<std::string>{}(key.session);
  }
};
