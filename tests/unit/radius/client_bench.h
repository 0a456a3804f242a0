// The RADIUS client between a clock that the test turns and servers that the test plays.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/attribute_values.h"
#include "controlplane/radius/authenticators.h"
#include "controlplane/radius/client.h"
#include "controlplane/radius/secret_values.h"
#include "tests/unit/radius/octets.h"

namespace sstpgw::cp::radius {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Octets that look random and are the same in every run (SplitMix64).
class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed = 1) : state_(seed) {}
  void Fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& octet : out) octet = static_cast<std::uint8_t>(Next() >> 56);
  }
  std::uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31);
  }

 private:
  std::uint64_t state_;
};

inline ServerSettings ServerAt(const std::string& address, const std::string& secret = "testing") {
  ServerSettings server;
  server.address = *ParseIpAddress(address);
  server.secret = Secret(secret);
  return server;
}

template <class... Servers>
ClientSettings SettingsOf(Servers... servers) {
  ClientSettings settings;
  (settings.servers.push_back(std::move(servers)), ...);
  return settings;
}

inline ClientRequest LoginOf(const std::string& user, const std::string& password = "pw") {
  ClientRequest request;
  request.body.attributes.push_back({0, kUserName.type, TextValue(user)});
  request.body.password = Secret(password);
  return request;
}

// With an Acct-Delay-Time of so many seconds, or none.
inline ClientRequest RecordOf(const std::string& session,
                              std::optional<std::uint32_t> delay = std::nullopt) {
  ClientRequest request;
  request.body.code = Code::kAccountingRequest;
  request.body.attributes.push_back({0, kAcctSessionId.type, TextValue(session)});
  if (delay) request.body.attributes.push_back({0, kAcctDelayTime.type, IntegerValue(*delay)});
  return request;
}

struct Sent {
  SocketId socket;
  IpEndpoint server;
  Bytes octets;
  TimePoint at{};
  [[nodiscard]] std::string to() const { return ToString(server); }
  [[nodiscard]] std::uint8_t identifier() const { return octets[1]; }
  [[nodiscard]] Packet packet() const { return *Decode(octets); }
};

// How a played server answers.
struct Reply {
  Code code = Code::kAccessAccept;
  std::string secret = "testing";
  WithMessageAuthenticator message_authenticator = WithMessageAuthenticator::kYes;
  std::vector<Attribute> attributes;
};

inline Bytes AnswerTo(const Bytes& request, const Reply& reply) {
  Packet packet;
  packet.code = reply.code;
  packet.identifier = request[1];
  packet.attributes = reply.attributes;
  return *SignReply(packet, AuthenticatorOf(request), TextOctets(reply.secret),
                    reply.message_authenticator);
}

class ClientBench {
 public:
  explicit ClientBench(ClientSettings settings = {}, std::uint64_t seed = 1) : entropy(seed) {
    Configure(std::move(settings));
  }

  void Configure(ClientSettings settings) {
    ActionList actions;
    client.Configure(std::move(settings), now, actions);
    Carry(std::move(actions));
  }
  RequestId Submit(ClientRequest request) {
    ActionList actions;
    const RequestId id = client.Submit(std::move(request), now, actions);
    Carry(std::move(actions));
    return id;
  }
  RequestId Login(const std::string& user = "test") { return Submit(LoginOf(user)); }
  RequestId Record(const std::string& session = "s1") { return Submit(RecordOf(session)); }
  void Cancel(RequestId request) {
    ActionList actions;
    client.Cancel(request, now, actions);
    Carry(std::move(actions));
  }
  // Everything that falls due until `span` is over.
  void Advance(Duration span) {
    const TimePoint until = now + span;
    for (auto next = client.NextDeadline(); next && *next <= until; next = client.NextDeadline()) {
      now = std::max(now, *next);
      ActionList actions;
      client.Tick(now, actions);
      Carry(std::move(actions));
    }
    now = until;
  }
  void Arrive(SocketId socket, const IpEndpoint& from, const Bytes& octets) {
    ActionList actions;
    client.DatagramArrived(socket, from, octets, now, actions);
    Carry(std::move(actions));
  }
  // The server it was sent to answers.
  void Answer(const Sent& request, const Reply& reply = {}) {
    Arrive(request.socket, request.server, AnswerTo(request.octets, reply));
  }
  void AnswerLast(const Reply& reply = {}) { Answer(Sent(sent.back()), reply); }
  void FailSocket(SocketId socket, const std::string& why) {
    ActionList actions;
    client.SocketFailed(socket, why, now, actions);
    Carry(std::move(actions));
  }

  [[nodiscard]] bool IsDone(RequestId id) const { return outcomes.contains(id); }
  // Null: not over, or failed.
  [[nodiscard]] const Answered* AnswerOf(RequestId id) const {
    const auto found = outcomes.find(id);
    return found == outcomes.end() ? nullptr : std::get_if<Answered>(&found->second);
  }
  [[nodiscard]] const Failed* FailureOf(RequestId id) const {
    const auto found = outcomes.find(id);
    return found == outcomes.end() ? nullptr : std::get_if<Failed>(&found->second);
  }
  [[nodiscard]] std::vector<std::string> Targets(std::size_t from = 0) const {
    std::vector<std::string> targets;
    for (std::size_t i = from; i < sent.size(); ++i) targets.push_back(sent[i].to());
    return targets;
  }
  [[nodiscard]] ServiceView View(std::size_t server, Service service) const {
    return client.View(now).servers.at(server).service(service);
  }
  [[nodiscard]] ServiceView Auth(std::size_t server = 0) const {
    return View(server, Service::kAuthentication);
  }
  [[nodiscard]] ServiceView Acct(std::size_t server = 0) const {
    return View(server, Service::kAccounting);
  }
  [[nodiscard]] bool Logged(const std::string& part) const {
    return std::any_of(log.begin(), log.end(), [&](const std::string& line) {
      return line.find(part) != std::string::npos;
    });
  }

  SeededEntropy entropy;
  Client client{entropy};
  TimePoint now{std::chrono::hours(1)};
  std::vector<Sent> sent;
  std::map<RequestId, std::variant<Answered, Failed>> outcomes;
  std::map<SocketId, OpenSocket> sockets;  // open ones
  std::vector<std::string> log;

 private:
  void Carry(ActionList actions) {
    for (Action& action : actions) {
      if (const auto* open = std::get_if<OpenSocket>(&action)) {
        EXPECT_TRUE(sockets.emplace(open->socket, *open).second);
      } else if (const auto* close = std::get_if<CloseSocket>(&action)) {
        EXPECT_EQ(sockets.erase(close->socket), 1U);
      } else if (auto* send = std::get_if<SendDatagram>(&action)) {
        EXPECT_TRUE(sockets.contains(send->socket));
        sent.push_back({send->socket, send->server, std::move(send->octets), now});
      } else if (auto* done = std::get_if<RequestDone>(&action)) {
        EXPECT_TRUE(outcomes.emplace(done->request, std::move(done->outcome)).second)
            << "a second outcome of one request";
      } else if (const auto* line = std::get_if<WriteLog>(&action)) {
        log.push_back(line->text);
      }
    }
    // It looks at everything: not every time when there is much.
    if (client.open_requests() < 50 || ++steps_ % 64 == 0) {
      EXPECT_EQ(client.Inconsistency(), "");
    }
  }
  std::uint64_t steps_ = 0;
};

}  // namespace sstpgw::cp::radius
