// One gateway's sessions, a server that is allowed to, and requests as it makes them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "controlplane/radius/dynamic_authorization.h"
// Behind dictionary.h, whose enumerators its constants would shadow.
#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/attribute_values.h"
#include "controlplane/radius/authenticators.h"
#include "tests/unit/radius/octets.h"

namespace sstpgw::cp::radius {

using Dynamic = DynamicAuthorization;

inline const SessionName kAnn{"gw1", "00000000000000a1"};
inline const SessionName kBob{"gw1", "00000000000000b0"};

inline SessionIdentity Ann() {
  SessionIdentity session;
  session.name = kAnn;
  session.user = "ann";
  session.accounting_user = "ann@isp";
  session.interface_name = "sstp0";
  session.nas_port = 0;
  session.address = Ipv4Address(0x0a000002);
  session.calling_station = "198.51.100.1";
  session.called_station = "203.0.113.1";
  session.ipv6_prefixes = {*ReadIpv6Prefix(Hex("00 40 20010db800000001")),
                           *ReadIpv6Prefix(Hex("00 40 20010db800000002"))};
  session.interface_id = InterfaceId{0, 0, 0, 0, 0, 0, 0, 2};
  return session;
}

// Has neither IPv6 nor an address.
inline SessionIdentity Bob() {
  SessionIdentity session;
  session.name = kBob;
  session.user = "bob";
  session.interface_name = "sstp1";
  session.nas_port = 1;
  session.calling_station = "198.51.100.1";  // behind the same router
  session.called_station = "203.0.113.1";
  return session;
}

inline std::shared_ptr<const Dictionary> BuiltInDictionary() {
  static const auto dictionary = std::make_shared<const Dictionary>(Dictionary::BuiltIn());
  return dictionary;
}

inline constexpr std::int64_t kWallClock = 1'700'000'000;

class DynamicTest : public ::testing::Test {
 protected:
  static DynamicAuthorizationSettings Settings() {
    DynamicAuthorizationSettings settings;
    settings.secret = Secret(std::string_view("coasecret"));
    settings.allowed_from = {*IpPrefix::Parse("192.0.2.0/28"), *IpPrefix::Parse("2001:db8::/64")};
    settings.nas_identifier = "gw";
    settings.nas_ip_address = Ipv4Address(0xc0000201);
    settings.change.rate_limits = {kFilterId};
    settings.dictionary = BuiltInDictionary();
    return settings;
  }

  void SetUp() override {
    sessions_.Put(Ann());
    sessions_.Put(Bob());
  }

  static Packet Request(Code code, std::vector<std::pair<AttributeKey, Bytes>> attributes) {
    Packet packet;
    packet.code = code;
    packet.identifier = 9;
    for (auto& [key, value] : attributes) packet.Add(key, std::move(value));
    return packet;
  }
  static Packet DisconnectOf(std::vector<std::pair<AttributeKey, Bytes>> attributes) {
    return Request(Code::kDisconnectRequest, std::move(attributes));
  }
  static Packet CoaOf(std::vector<std::pair<AttributeKey, Bytes>> attributes) {
    attributes.emplace_back(kUserName, TextValue("ann"));
    return Request(Code::kCoaRequest, std::move(attributes));
  }
  static Packet DisconnectAnn() { return DisconnectOf({{kUserName, TextValue("ann")}}); }
  static Packet ChangeAnn() { return CoaOf({{kFilterId, TextValue("2048/1024")}}); }

  static Bytes Sign(const Packet& packet,
                    WithMessageAuthenticator with = WithMessageAuthenticator::kNo,
                    std::string_view secret = "coasecret") {
    return SignRequest(packet, TextOctets(secret), with).value();
  }

  Dynamic::ActionList Receive(ByteView datagram) {
    return dynamic_.Receive(datagram, server_, {now_, wall_}, sessions_);
  }
  Dynamic::ActionList Receive(const Packet& packet) { return Receive(Sign(packet)); }

  template <class Kind>
  static std::vector<Kind> All(const Dynamic::ActionList& actions) {
    std::vector<Kind> found;
    for (const auto& action : actions) {
      if (const auto* one = std::get_if<Kind>(&action)) found.push_back(*one);
    }
    return found;
  }

  // The one answer among the actions, checked to be genuine; "ACK", "NAK 503", "" if there is none.
  std::string AnswerIn(const Dynamic::ActionList& actions, ByteView request) {
    const auto replies = All<Dynamic::Reply>(actions);
    if (replies.empty()) return "";
    EXPECT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies[0].to, server_);
    EXPECT_EQ(VerifyReply(replies[0].octets, AuthenticatorOf(request), TextOctets("coasecret"),
                          HasMessageAuthenticator(request) ? MessageAuthenticatorRule::kRequired
                                                           : MessageAuthenticatorRule::kIfPresent),
              Verdict::kGenuine);
    const Packet answer = Decode(replies[0].octets).value();
    EXPECT_EQ(answer.identifier, request[1]);
    const bool coa = request[0] == static_cast<std::uint8_t>(Code::kCoaRequest);
    if (answer.code == (coa ? Code::kCoaAck : Code::kDisconnectAck)) {
      EXPECT_EQ(answer.Find(kErrorCause), nullptr);
      return "ACK";
    }
    EXPECT_EQ(answer.code, coa ? Code::kCoaNak : Code::kDisconnectNak);
    const Attribute* cause = answer.Find(kErrorCause);
    return "NAK " + (cause == nullptr ? "?" : std::to_string(*ReadInteger(cause->value)));
  }
  // What a request is answered with at once, and that nothing is begun.
  std::string Refused(const Packet& packet) {
    const Bytes request = Sign(packet);
    const auto actions = Receive(request);
    EXPECT_EQ(dynamic_.in_progress(), 0U);
    EXPECT_TRUE(All<Dynamic::Disconnect>(actions).empty());
    EXPECT_TRUE(All<Dynamic::Change>(actions).empty());
    return AnswerIn(actions, request);
  }
  // Whether there was no answer and nothing was begun, and that this was counted.
  bool Dropped(const Dynamic::ActionList& actions, DynamicCount count) {
    const bool counted = dynamic_.counters().Get(count) == ++dropped_[count];
    return counted && All<Dynamic::WriteLog>(actions).size() == actions.size();
  }
  void Use(DynamicAuthorizationSettings settings, DynamicAuthorizationLimits limits = {}) {
    dynamic_ = Dynamic(std::move(settings), limits);
    dropped_.clear();
  }
  std::uint64_t Count(DynamicCount count) const { return dynamic_.counters().Get(count); }

  SessionIndex sessions_;
  Dynamic dynamic_{Settings()};
  Dynamic::Peer server_{Ipv4Address(0xc0000205), 40000};
  TimePoint now_{std::chrono::hours(1)};
  std::int64_t wall_ = kWallClock;
  std::map<DynamicCount, std::uint64_t> dropped_;
};

}  // namespace sstpgw::cp::radius
