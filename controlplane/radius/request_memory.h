// Which Disconnect- and CoA-Requests have been here (RFC 5176 2.3 and 6.3, features 6.6): the same
// datagram again gets the same answer, and one that took effect cannot be used a second time by
// whoever recorded it. Bounded; what is oldest is forgotten first. Pure.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "controlplane/radius/packet.h"
#include "proto/base/ip_prefix.h"
#include "proto/base/types.h"

namespace sstpgw::cp::radius {

// What makes two requests the same one.
struct RequestKey {
  IpAddress address;  // unmapped
  std::uint16_t port = 0;
  std::uint8_t identifier = 0;
  Authenticator authenticator{};
  friend auto operator<=>(const RequestKey&, const RequestKey&) = default;
};

struct AnswerLimits {
  Duration keep = std::chrono::seconds(30);
  std::size_t entries = 4096;
  std::size_t octets = 1U << 20;  // of answers
};

// Answers given, for requests that come again.
class AnswerMemory {
 public:
  explicit AnswerMemory(AnswerLimits limits) : limits_(limits) {}
  // An answer that is remembered already stays. `now` never goes back.
  void Put(const RequestKey& request, Bytes answer, TimePoint now);
  // Null: none. Valid until the next call that is not const.
  [[nodiscard]] const Bytes* Find(const RequestKey& request) const;
  void Expire(TimePoint now);
  [[nodiscard]] std::size_t size() const { return answers_.size(); }
  [[nodiscard]] std::size_t octets() const { return octets_; }

 private:
  void ForgetOldest();

  AnswerLimits limits_;
  std::map<RequestKey, Bytes> answers_;
  std::deque<std::pair<TimePoint, RequestKey>> ages_;  // of all answers, oldest first
  std::size_t octets_ = 0;
};

// Requests with an Event-Timestamp that took effect, by their authenticator, which no other request
// has: as long as the time stamp would let one through again, from wherever.
class UsedRequests {
 public:
  static constexpr std::size_t kMaxEntries = 16384;
  void Put(const Authenticator& request, TimePoint until);
  [[nodiscard]] bool Contains(const Authenticator& request) const {
    return until_.find(request) != until_.end();
  }
  void Expire(TimePoint now);
  [[nodiscard]] std::size_t size() const { return until_.size(); }

 private:
  void ForgetFirst();

  std::map<Authenticator, TimePoint> until_;
  std::set<std::pair<TimePoint, Authenticator>> by_time_;
};

}  // namespace sstpgw::cp::radius
