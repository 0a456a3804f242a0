// Identifiers of the requests to one service of one server, and the sockets they are sent from
// (RFC 2865 3; features 6.2). An identifier names one request per socket, so there are 256 on each;
// more sockets come as they are needed, and go when they are idle.
//
// The order on a socket is random at first. Then whichever has rested longest is next: what was
// sent under an identifier is known as long as possible, so that a late answer is recognised. No
// identifier is used again within kRest while a further socket can be had. Pure.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "controlplane/radius/client_actions.h"
#include "proto/base/entropy.h"
#include "proto/base/types.h"

namespace sstpgw::cp::radius {

struct Slot {
  SocketId socket;
  std::uint8_t identifier = 0;
  friend auto operator<=>(const Slot&, const Slot&) = default;
};

// What was sent in a slot.
struct SlotUse {
  enum class Fate : std::uint8_t {
    kUnused,
    kOpen,      // its request still wants an answer
    kGivenUp,   // its request is over
    kAnswered,  // a genuine answer came; the next one is a duplicate
  };
  Fate fate = Fate::kUnused;
  Code asked = Code::kAccessRequest;
  RequestId request;
  Authenticator authenticator{};
  TimePoint sent{};  // the first time
};

class IdentifierPool {
 public:
  static constexpr std::size_t kMaxSockets = 64;
  static constexpr Duration kRest = std::chrono::seconds(5);
  static constexpr Duration kIdle = std::chrono::seconds(60);
  // How long no further socket is tried after one could not be had.
  static constexpr Duration kSocketPenalty = std::chrono::seconds(10);

  // Take would have something, perhaps after AddSocket.
  [[nodiscard]] bool CanTake(TimePoint now) const { return !free_.empty() || MayGrow(now); }
  // A socket should be added before the next Take.
  [[nodiscard]] bool WantsSocket(TimePoint now) const;
  void AddSocket(SocketId socket, Entropy& entropy, TimePoint now);
  // The slot is in use until Release. nullopt: WantsSocket, or all are in use.
  [[nodiscard]] std::optional<Slot> Take();
  void Release(Slot slot, TimePoint now);
  // Null: no such socket. Valid until the socket is removed.
  [[nodiscard]] SlotUse* Find(Slot slot);

  // It could not be had; its slots are gone, in use or not.
  void SocketFailed(SocketId socket, TimePoint now);
  // Sockets that had nothing to do for kIdle are removed; these were.
  [[nodiscard]] std::vector<SocketId> RemoveIdle(TimePoint now);
  [[nodiscard]] std::vector<SocketId> Sockets() const;
  [[nodiscard]] std::size_t socket_count() const { return sockets_.size(); }
  [[nodiscard]] std::size_t in_use() const { return 256 * sockets_.size() - free_.size(); }

 private:
  struct Socket {
    std::array<SlotUse, 256> uses;
    std::size_t in_use = 0;
    TimePoint last_use{};
  };
  struct Free {
    Slot slot;
    std::optional<TimePoint> since;  // nullopt: never used
  };
  void RemoveSocket(SocketId socket);
  [[nodiscard]] bool MayGrow(TimePoint now) const {
    return sockets_.size() < kMaxSockets && (sockets_.empty() || now >= no_growth_until_);
  }

  std::map<SocketId, std::unique_ptr<Socket>> sockets_;
  std::deque<Free> free_;  // longest rest first
  TimePoint no_growth_until_{};
};

}  // namespace sstpgw::cp::radius
