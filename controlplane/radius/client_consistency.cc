// Client: do its parts agree? For tests.
#include <map>
#include <set>

#include "controlplane/radius/client.h"

namespace sstpgw::cp::radius {
namespace {

struct Tally {
  std::size_t asked = 0;
  std::size_t held = 0;
  std::set<ServerService::QueueKey> queued;
};

}  // namespace

std::string Client::Inconsistency() const {
  std::map<Place, Tally> tallies;
  for (const RequestId id : transactions_.Ids()) {
    const Transaction& transaction = *transactions_.Find(id);
    const std::string name = "request " + std::to_string(id.value());
    if (!transaction.timer) return name + " has no timer";
    if (!servers_.contains(transaction.server)) return name + " is at no server";
    Tally& tally = tallies[{transaction.server, transaction.service}];
    switch (transaction.phase) {
      case Transaction::Phase::kIdle:
        return name + " is between servers";
      case Transaction::Phase::kQueued:
        tally.queued.emplace(transaction.request.priority, id);
        break;
      case Transaction::Phase::kAsked:
        ++tally.asked;
        if (!transaction.slot) return name + " waits without having been sent";
        break;
    }
    for (const Transaction::Held& held : transaction.held) {
      ++tallies[{held.server, transaction.service}].held;
    }
  }
  std::size_t sockets = 0;
  for (const auto& [id, server] : servers_) {
    for (const Service which : {Service::kAuthentication, Service::kAccounting}) {
      const ServerService& service = server.service(which);
      const Tally& tally = tallies[{id, which}];
      const std::string name = server.Name() + " " + ToString(which);
      if (service.in_flight != tally.asked) return name + ": in_flight is wrong";
      if (service.queue != tally.queued) return name + ": the queue is wrong";
      if (service.identifiers.in_use() != tally.held) return name + ": identifiers are lost";
      sockets += service.identifiers.socket_count();
    }
  }
  if (sockets != sockets_.size()) return "sockets without a server";
  return {};
}

}  // namespace sstpgw::cp::radius
