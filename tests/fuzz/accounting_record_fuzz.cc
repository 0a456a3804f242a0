// What the store holds of accounting: any octets as a record and as a session's row, and what a
// restart does with those that can be read.
#include <cstdint>
#include <string>

#include "controlplane/accounting/accounting.h"
#include "controlplane/accounting/kept_session.h"
#include "controlplane/accounting/record.h"
#include "tests/fuzz/require.h"

namespace sstpgw::fuzz {
namespace {

using namespace cp::accounting;

class NoEntropy : public Entropy {
 public:
  void Fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& octet : out) octet = 7;
  }
};

void Records(ByteView octets) {
  if (const auto record = DecodeRecord(octets)) {
    const Bytes again = Encode(*record);
    Require(again == Bytes(octets.begin(), octets.end()));
    Require(again.size() <= kMaxRecordOctets);
    Require(CheckLimits(*record).has_value());
  }
  if (const auto kept = DecodeKept(octets)) {
    Require(Encode(*kept) == Bytes(octets.begin(), octets.end()));
  }
}

// A control plane that starts with these rows, and a gateway that carries the session or not.
void Restart(ByteView octets) {
  NoEntropy entropy;
  AccountingSettings settings;
  settings.enabled = true;
  settings.interim_interval = std::chrono::seconds(60);
  Accounting accounting(settings, entropy);
  Moment moment{TimePoint(std::chrono::hours(1)), 1'700'000'000};
  ActionList actions;
  std::string key = "g/1";
  Hello hello;
  hello.gateway_id = "g";
  if (const auto kept = DecodeKept(octets)) {
    key = kept->now.key.Owner();
    hello.gateway_id = kept->now.key.gateway;
    hello.boot_id = octets.size() % 3 == 0 ? "another" : kept->boot;
    SessionRecord record;
    record.session = kept->now.key.session;
    record.state = octets.size() % 2 == 0 ? SessionState::kActive : SessionState::kStarting;
    if (octets.size() % 5 != 0) hello.sessions.push_back(record);
  }
  accounting.Restore(cp::store::Table::kSpool, "0000000000000001", octets, moment, actions);
  accounting.Restore(cp::store::Table::kSession, key, octets, moment, actions);
  accounting.Begin(moment, actions);
  accounting.Attached(hello, moment, actions);
  for (int i = 0; i < 20; ++i) {
    moment.now += std::chrono::seconds(40);
    moment.unix_seconds += 40;
    accounting.Tick(moment, actions);
  }
  accounting.Detached(hello.gateway_id, moment, actions);
  moment.now += std::chrono::hours(48);
  accounting.Tick(moment, actions);
  Require(accounting.spool().Inconsistency().empty());
  for (const Action& action : actions) {
    const auto* send = std::get_if<SendRecord>(&action);
    if (send == nullptr) continue;
    Require(DecodeRecord(Encode(send->record)) == send->record);
    accounting.Acknowledged(send->id, moment, actions);
    break;
  }
  Require(accounting.spool().Inconsistency().empty());
}

}  // namespace
}  // namespace sstpgw::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const sstpgw::ByteView octets(data, size);
  sstpgw::fuzz::Records(octets);
  sstpgw::fuzz::Restart(octets);
  return 0;
}
