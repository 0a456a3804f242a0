// What operators see of RADIUS, as plain values that know nothing of who keeps them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "controlplane/accounting/accounting.h"
#include "controlplane/radius/dynamic_counters.h"
#include "controlplane/radius/server_statistics.h"

namespace sstpgw::cp {

struct RadiusAccountingView {
  std::size_t sessions = 0;
  std::size_t records = 0;  // that no server has acknowledged yet
  std::size_t octets = 0;   // of them
  std::size_t max_records = 0;
  std::size_t max_octets = 0;
  std::size_t in_flight = 0;
  std::optional<std::chrono::seconds> oldest;  // age of the oldest record, if there is one
  bool stalled = false;
  bool near_full = false;
  std::string path;  // of the store; empty: none is open
  accounting::AccountingCounters counters;
  accounting::SpoolCounters spool;
};

struct RadiusDynamicView {
  std::string listening;  // "10.0.0.1:1700", "*:1700"; empty: nowhere
  std::size_t in_progress = 0;
  radius::DynamicCounters counters;
  std::uint64_t unsent = 0;  // answers that the kernel did not take
};

struct RadiusView {
  std::optional<radius::ClientView> clients;        // absent: mode local
  std::optional<RadiusAccountingView> accounting;   // absent: nothing is accounted
  std::optional<RadiusDynamicView> dynamic_author;  // absent: not configured and never was
};

}  // namespace sstpgw::cp
