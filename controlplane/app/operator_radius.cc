#include "controlplane/app/operator_radius.h"

#include <algorithm>
#include <string>

#include "controlplane/edge/local_clock.h"

namespace sstpgw::cp {
namespace {

RadiusAccountingView ViewOf(const AccountingDesk::View& accounting) {
  RadiusAccountingView view;
  view.sessions = accounting.sessions;
  view.records = accounting.records;
  view.octets = accounting.octets;
  view.max_records = accounting.max_records;
  view.max_octets = accounting.max_octets;
  view.in_flight = accounting.in_flight;
  if (accounting.oldest_unix_seconds) {
    // A clock that was set back makes no record of the future.
    const std::int64_t age = UnixSeconds() - *accounting.oldest_unix_seconds;
    view.oldest = std::chrono::seconds(std::max<std::int64_t>(age, 0));
  }
  view.stalled = accounting.stalled;
  view.near_full = accounting.near_full;
  view.path = accounting.path;
  view.counters = accounting.counters;
  view.spool = accounting.spool;
  return view;
}

std::string PlaceOf(const DynamicAuthorDesk& desk) {
  const auto place = desk.listening();
  if (!place) return "";
  const bool everywhere = place->address == IpAddress(Ipv4Address());
  return everywhere ? "*:" + std::to_string(place->port) : ToString(*place);
}

bool AnyCounted(const radius::DynamicCounters& counters) {
  const auto named = counters.Named();
  return std::any_of(named.begin(), named.end(), [](const auto& one) { return one.value > 0; });
}

}  // namespace

RadiusView RadiusViewOf(const RadiusServices& services, const ControlConfig& config) {
  RadiusView view;
  if (config.auth_mode == AuthMode::kRadius) view.clients = services.Clients();
  const AccountingDesk::View accounting = services.accounting().Look();
  if (accounting.enabled || accounting.store_open) view.accounting = ViewOf(accounting);
  const DynamicAuthorDesk& desk = services.dynamic_author();
  if (desk.listening() || AnyCounted(desk.counters())) {
    view.dynamic_author = {PlaceOf(desk), desk.in_progress(), desk.counters(), desk.unsent()};
  }
  return view;
}

}  // namespace sstpgw::cp
