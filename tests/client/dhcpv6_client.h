// A DHCPv6 client (RFC 8415 18.2), which does by itself only the first exchange and repetitions;
// everything after that is told. Pure: messages go to `send`, what was learnt to `say`, a line
// each:
//
//   reply to request na 1 t1 302400 t2 483840 address 2001:db8::2 ...   see ToString(Dhcpv6Answer)
//   advertise to solicit ...
//   no answer to renew
//   wrong reply to renew: another transaction
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/base/entropy.h"
#include "tests/client/dhcpv6_wire.h"

namespace sstpgw::client {

struct Dhcpv6Options {
  bool address = false;  // ask for an IA_NA
  bool prefix = false;   // ask for an IA_PD
  bool rapid_commit = false;
  Bytes client_id;                             // DUID; empty: DUID-LL of the interface identifier
  std::chrono::milliseconds retransmit{1000};  // doubled each time
  std::uint32_t max_transmissions = 6;
  // What odd clients do.
  std::optional<Ipv6Address> foreign_address;  // asked for beside what is ours
  std::optional<Ipv6Prefix> foreign_prefix;
  bool second_association = false;  // of each kind
  bool wrong_server_id = false;
  bool no_client_id = false;
  [[nodiscard]] bool any() const { return address || prefix; }
};

class Dhcpv6Client {
 public:
  struct Events {
    std::function<void(const Bytes& message)> send;
    std::function<void(const std::string& line)> say;
    // What is ours has changed; nothing after a release.
    std::function<void(const std::vector<Association>&)> bound;
  };
  // `options` and `entropy` must outlive the client.
  Dhcpv6Client(const Dhcpv6Options& options, const InterfaceId& id, Entropy& entropy,
               Events events);

  void Start(TimePoint now);
  // "solicit", "request", "renew", "rebind", "release", "confirm", "decline",
  // "information-request"; false: none of these.
  bool Command(std::string_view name, TimePoint now);
  // A message of a server's.
  void Receive(ByteView octets, TimePoint now);
  void Tick(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> Deadline() const { return resend_at_; }
  [[nodiscard]] const std::vector<Association>& associations() const { return bound_; }

 private:
  void Ask(Dhcpv6Type type, TimePoint now);
  void Send(TimePoint now);
  [[nodiscard]] Dhcpv6Message Make(Dhcpv6Type type) const;
  [[nodiscard]] std::vector<Association> Wanted(Dhcpv6Type type) const;
  // Why a host must drop the message; empty: it is the one that is awaited.
  [[nodiscard]] std::string Fault(const Dhcpv6Message& message) const;
  void Take(const Dhcpv6Message& message, const Dhcpv6Answer& answer, TimePoint now);

  const Dhcpv6Options& options_;
  Entropy& entropy_;
  Events events_;
  Bytes client_id_;
  Bytes server_id_;
  std::vector<Association> offered_;
  std::vector<Association> bound_;
  Dhcpv6Type asked_ = Dhcpv6Type::kSolicit;
  std::uint32_t transaction_ = 0;
  std::uint32_t sent_ = 0;
  TimePoint first_sent_{};
  Duration wait_{};
  std::optional<TimePoint> resend_at_;  // while an answer is awaited
};

}  // namespace sstpgw::client
