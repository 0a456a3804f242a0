// RADIUS as the rest of the app sees it: ask, and be called with the outcome. Joins the pure client
// (radius/client.h) with sockets, the clock and the log.
//
// Threads: everything in the app's thread, which sleeps in `poller`.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "controlplane/edge/poller.h"
#include "controlplane/edge/radius_sockets.h"
#include "controlplane/radius/client.h"
#include "proto/base/entropy.h"

namespace sstpgw::cp {

class RadiusLink final : private RadiusSockets::Owner {
 public:
  using Outcome = std::variant<radius::Answered, radius::Failed>;
  using Done = std::function<void(Outcome)>;

  // Both must outlive this.
  RadiusLink(Poller& poller, Entropy& entropy);
  RadiusLink(const RadiusLink&) = delete;
  RadiusLink& operator=(const RadiusLink&) = delete;

  // Also while requests are on their way.
  void Configure(radius::ClientSettings settings);
  // Calls `done` once, unless cancelled: before this returns, or later. It may ask again.
  radius::RequestId Submit(radius::ClientRequest request, Done done);
  void Cancel(radius::RequestId request);

  // Both belong into the loop's clock.
  void Tick();
  [[nodiscard]] std::optional<TimePoint> NextDeadline() const { return client_.NextDeadline(); }

  [[nodiscard]] radius::ClientView View() const;

 private:
  void Arrived(RadiusSockets::Key key, const IpEndpoint& from, ByteView datagram) override;
  void Trouble(RadiusSockets::Key key, std::string_view why) override;
  // Carries out what is left to do, in order; what comes up meanwhile goes to the end.
  void Execute(radius::ActionList actions);
  void Open(const radius::OpenSocket& open);
  void Conclude(radius::RequestDone& done);

  radius::Client client_;
  RadiusSockets sockets_;
  std::unordered_map<radius::RequestId, Done> waiting_;
  std::deque<radius::Action> to_do_;
  bool executing_ = false;
};

}  // namespace sstpgw::cp
