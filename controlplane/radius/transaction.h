// One request of the client on its way through the servers, and all that are open with their
// timers. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/radius/client_actions.h"
#include "controlplane/radius/identifier_pool.h"
#include "proto/base/types.h"

namespace sstpgw::cp::radius {

struct Transaction {
  enum class Phase : std::uint8_t {
    kIdle,    // at no server: between two
    kQueued,  // waits for room at `server`
    kAsked,   // waits for its answer
  };

  RequestId id;
  ClientRequest request;
  Service service = Service::kAuthentication;
  bool probe = false;  // a Status-Server of ours; nobody is told how it ends
  // Acct-Delay-Time as given, if it is to be counted on: seconds.
  std::optional<std::uint32_t> delay;
  TimePoint submitted{};
  TimePoint give_up_at{};
  std::vector<ServerId> tried;  // the present one is the last
  std::string trouble;          // why the last server could not even be asked

  // ---- At the present server
  Phase phase = Phase::kIdle;
  ServerId server;
  TimePoint leave_at{};  // max_try * timeout after it came here, queue included
  bool trial = false;    // goes on to the next one early
  std::uint32_t transmissions = 0;
  std::optional<Slot> slot;  // of `datagram`; nullopt: its socket is gone
  Bytes datagram;
  TimePoint counts_from{};  // what the next timer is set from: when sending was due
  TimePoint last_sent{};

  // Everything sent for it at any server: an answer to each of them is one.
  struct Held {
    ServerId server;
    Slot slot;
  };
  std::vector<Held> held;

  std::optional<TimePoint> timer;  // set by Transactions only
};

class Transactions {
 public:
  Transaction& Add(RequestId id);
  [[nodiscard]] Transaction* Find(RequestId id);
  [[nodiscard]] const Transaction* Find(RequestId id) const;
  void Remove(RequestId id);
  [[nodiscard]] std::size_t size() const { return all_.size(); }
  [[nodiscard]] std::vector<RequestId> Ids() const;

  // One timer each; replaces the former.
  void SetTimer(Transaction& transaction, TimePoint when);
  [[nodiscard]] std::optional<TimePoint> NextTimer() const;
  // The earliest that is due, without its timer; null: none.
  [[nodiscard]] Transaction* PopDue(TimePoint now);

 private:
  void StopTimer(Transaction& transaction);

  std::map<RequestId, std::unique_ptr<Transaction>> all_;
  std::set<std::pair<TimePoint, RequestId>> timers_;
};

}  // namespace sstpgw::cp::radius
