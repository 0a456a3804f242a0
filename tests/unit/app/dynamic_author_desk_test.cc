// Disconnect- and CoA-Requests over real sockets on the loopback interface, as a server sends them.
#include "controlplane/app/dynamic_author_desk.h"

#include <sys/socket.h>

#include <map>
#include <memory>
#include <vector>

#include "controlplane/edge/socket_address.h"
#include "controlplane/edge/task_loop.h"
#include "controlplane/radius/dictionary.h"
// Behind dictionary.h, whose enumerators its constants would shadow.
#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/attribute_values.h"
#include "controlplane/radius/authenticators.h"
#include "tests/support/wait_until.h"

namespace sstpgw::cp {
namespace {

using radius::Code;
using radius::DynamicCount;
using radius::ErrorCause;
using radius::Packet;
using radius::TextValue;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kSecret = "coasecret";
const SessionKey kAnn{"gw1", "00000000000000a1"};
const SessionKey kBob{"gw2", "00000000000000b0"};
const Ipv4Address kHere(0x7f000001);
const Ipv4Address kOther(0x7f000002);

ByteView Octets(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

SessionEntry Entry(const SessionKey& key, const std::string& user) {
  SessionEntry entry;
  entry.key = key;
  entry.record.session = key.session;
  entry.record.user = user;
  entry.record.interface_name = "sstp-" + user;
  entry.record.calling_station = "198.51.100.1";
  entry.record.policy.generation = Generation(1);
  return entry;
}

// A free port: taken once, and given back.
std::uint16_t FreePort(const IpAddress& address) {
  Poller poller;
  DatagramListener listener(poller, [](const DatagramListener::Asked&, ByteView) {});
  EXPECT_TRUE(listener.Open(address, 0));
  return listener.port();
}

class DynamicAuthorDeskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fd_ = UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const SocketAddress here = ToSocketAddress({kHere, 0});
    ASSERT_EQ(::bind(fd_.get(), here.get(), here.size), 0);
    port_ = FreePort(kHere);
    desk_.SessionChanged(Entry(kAnn, "ann"), {"ann@isp", 7});
    desk_.SessionChanged(Entry(kBob, "bob"), {});
  }

  RadiusConfig Config(const std::optional<Ipv4Address>& listen, std::uint16_t port) const {
    static const auto dictionary =
        std::make_shared<const radius::Dictionary>(radius::Dictionary::BuiltIn());
    RadiusConfig config;
    config.dictionary = dictionary;
    config.rate_limit = RadiusRateLimit{{0, radius::kFilterId.type}, 1'000'000};
    DynamicAuthorConfig& author = config.dynamic_author.emplace();
    author.listen = listen;
    author.port = port;
    author.key = Secret(kSecret);
    author.allowed_from = {IpPrefix::Host(kHere)};
    return config;
  }
  Result<void> Configure(const std::optional<Ipv4Address>& listen, std::uint16_t port) {
    const RadiusConfig config = Config(listen, port);
    return desk_.Configure(&config);
  }
  void Listen() {
    const auto done = Configure(kHere, port_);
    ASSERT_TRUE(done) << done.error().message;
  }

  static Packet Request(Code code, std::string_view user,
                        std::vector<std::pair<radius::AttributeKey, Bytes>> more = {}) {
    static std::uint8_t identifier = 0;
    Packet packet;
    packet.code = code;
    packet.identifier = ++identifier;
    packet.Add(radius::kUserName, TextValue(user));
    for (auto& [key, value] : more) packet.Add(key, std::move(value));
    return packet;
  }
  static Bytes Sign(const Packet& packet, std::string_view secret = kSecret) {
    return *radius::SignRequest(packet, Octets(secret), radius::WithMessageAuthenticator::kYes);
  }
  static Bytes DisconnectOf(std::string_view user) {
    return Sign(Request(Code::kDisconnectRequest, user));
  }
  static Bytes CoaOf(std::string_view user) {
    return Sign(Request(
        Code::kCoaRequest, user,
        {{radius::kFilterId, TextValue("2048/1024")}, {radius::kClass, TextValue("gold")}}));
  }

  void Send(const Bytes& request, const std::optional<IpEndpoint>& to = std::nullopt) {
    const SocketAddress there = ToSocketAddress(to.value_or(IpEndpoint{kHere, port_}));
    ASSERT_EQ(::sendto(fd_.get(), request.data(), request.size(), 0, there.get(), there.size),
              static_cast<ssize_t>(request.size()));
  }
  // Has the desk do what is to be done until the fact is there.
  bool Until(const std::function<bool()>& fact) {
    const TimePoint end = TaskLoop::Now() + test::kPatience;
    // Not asked again once it is there: asking for a datagram takes it.
    while (!fact()) {
      if (TaskLoop::Now() >= end) return false;
      poller_.Wait(TaskLoop::Now() + std::chrono::milliseconds(20));
      poller_.Dispatch();
      desk_.Tick();
    }
    return true;
  }
  bool TakeAnswer(Bytes& answer, IpEndpoint& from) const {
    answer.resize(4096);
    sockaddr_storage sender{};
    socklen_t size = sizeof sender;
    const ssize_t got = ::recvfrom(fd_.get(), answer.data(), answer.size(), MSG_DONTWAIT,
                                   reinterpret_cast<sockaddr*>(&sender), &size);
    if (got < 0) return false;
    answer.resize(static_cast<std::size_t>(got));
    from = *EndpointOf(sender);
    return true;
  }
  // Waits for it: "ACK", "NAK 503", checked to be genuine and from where it was asked for.
  std::string AnswerTo(const Bytes& request, const std::optional<IpEndpoint>& at = std::nullopt) {
    Bytes octets;
    IpEndpoint from;
    if (!Until([&] { return TakeAnswer(octets, from); })) return "none";
    EXPECT_EQ(from, at.value_or(IpEndpoint{kHere, port_}));
    EXPECT_EQ(radius::VerifyReply(octets, radius::AuthenticatorOf(request), Octets(kSecret),
                                  radius::MessageAuthenticatorRule::kRequired),
              radius::Verdict::kGenuine);
    last_answer_ = octets;
    const Packet answer = *radius::Decode(octets);
    EXPECT_EQ(answer.identifier, request[1]);
    if (answer.code == Code::kDisconnectAck || answer.code == Code::kCoaAck) return "ACK";
    return "NAK " + std::to_string(*radius::ReadInteger(answer.Find(radius::kErrorCause)->value));
  }
  std::string Ask(const Bytes& request, const std::optional<IpEndpoint>& at = std::nullopt) {
    Send(request, at);
    return AnswerTo(request, at);
  }
  [[nodiscard]] std::uint64_t Count(DynamicCount count) const {
    return desk_.counters().Get(count);
  }

  struct Order {
    SessionKey session;
    radius::SessionChange change;
    DynamicAuthorDesk::Done done;
  };
  Poller poller_;
  bool attached_ = true;
  bool obeys_ = true;  // the gateway ends what it is told to
  std::vector<SessionKey> ended_;
  std::vector<Order> orders_;
  std::optional<DynamicAuthorDesk::Outcome> at_once_ = DynamicAuthorDesk::Outcome();
  DynamicAuthorDesk desk_{
      poller_,
      {[this](const std::string&) { return attached_; },
       [this](const SessionKey& key, const std::string& reason) {
         EXPECT_THAT(reason, HasSubstr("RADIUS"));
         ended_.push_back(key);
         if (obeys_) desk_.SessionEnding(key);
       },
       [this](const SessionKey& key, radius::SessionChange change, DynamicAuthorDesk::Done done) {
         orders_.push_back({key, std::move(change), done});
         if (at_once_) done(*at_once_);
       }}};
  std::uint16_t port_ = 0;
  UniqueFd fd_;
  Bytes last_answer_;
};

TEST_F(DynamicAuthorDeskTest, ADisconnectEndsTheSessionAndIsAcknowledged) {
  Listen();
  EXPECT_EQ(desk_.listening(), (IpEndpoint{kHere, port_}));
  EXPECT_EQ(Ask(DisconnectOf("ann")), "ACK");
  EXPECT_THAT(ended_, ElementsAre(kAnn));
  EXPECT_EQ(Count(DynamicCount::kDisconnectAck), 1U);
}

TEST_F(DynamicAuthorDeskTest, ADisconnectIsAcknowledgedWhenTheSessionEndsAndNotBefore) {
  Listen();
  obeys_ = false;
  const Bytes request = DisconnectOf("ann");
  Send(request);
  ASSERT_TRUE(Until([&] { return !ended_.empty(); }));
  EXPECT_THAT(ended_, ElementsAre(kAnn));
  EXPECT_EQ(Count(DynamicCount::kDisconnectAck), 0U);
  desk_.SessionGone(kAnn);
  EXPECT_EQ(AnswerTo(request), "ACK");
  EXPECT_EQ(Count(DynamicCount::kDisconnectAck), 1U);
}

TEST_F(DynamicAuthorDeskTest, WhatAccountingKnowsFindsASessionToo) {
  Listen();
  EXPECT_EQ(Ask(DisconnectOf("ann@isp")), "ACK");
  EXPECT_EQ(Ask(Sign(Request(Code::kDisconnectRequest, "ann",
                             {{radius::kNasPort, radius::IntegerValue(8)}}))),
            "NAK 503");
  EXPECT_EQ(Ask(Sign(Request(Code::kDisconnectRequest, "ann",
                             {{radius::kNasPort, radius::IntegerValue(7)}}))),
            "ACK");
  EXPECT_THAT(ended_, ElementsAre(kAnn, kAnn));
}

TEST_F(DynamicAuthorDeskTest, OfNoSessionOfOneThatHasEndedAndOfOneThatHasNotLoggedIn) {
  Listen();
  EXPECT_EQ(Ask(DisconnectOf("nobody")), "NAK 503");
  desk_.SessionGone(kAnn);
  EXPECT_EQ(Ask(DisconnectOf("ann")), "NAK 503");
  SessionEntry starting = Entry({"gw1", "00000000000000c0"}, "cid");
  starting.record.policy.generation = Generation();
  desk_.SessionChanged(starting, {});
  EXPECT_EQ(Ask(DisconnectOf("cid")), "NAK 503");
  EXPECT_EQ(desk_.session_count(), 1U);
  EXPECT_EQ(desk_.counters().GetNak(ErrorCause::kSessionContextNotFound), 3U);
  EXPECT_THAT(ended_, IsEmpty());
}

TEST_F(DynamicAuthorDeskTest, OfAGatewayThatIsNotAttachedNothingIsOrdered) {
  Listen();
  attached_ = false;
  EXPECT_EQ(Ask(DisconnectOf("ann")), "NAK 504");
  EXPECT_THAT(ended_, IsEmpty());
}

TEST_F(DynamicAuthorDeskTest, AnotherSecretIsSilence) {
  Listen();
  Send(Sign(Request(Code::kDisconnectRequest, "ann"), "guess"));
  ASSERT_TRUE(Until([&] { return Count(DynamicCount::kWrongAuthenticator) == 1; }));
  // What comes next is the answer to what was asked next.
  EXPECT_EQ(Ask(DisconnectOf("nobody")), "NAK 503");
  EXPECT_THAT(ended_, IsEmpty());
}

TEST_F(DynamicAuthorDeskTest, AnotherSourceIsSilence) {
  Listen();
  fd_ = UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const SocketAddress here = ToSocketAddress({kOther, 0});
  ASSERT_EQ(::bind(fd_.get(), here.get(), here.size), 0);
  Send(DisconnectOf("ann"));
  ASSERT_TRUE(Until([&] { return Count(DynamicCount::kSourceNotAllowed) == 1; }));
  EXPECT_THAT(ended_, IsEmpty());
}

TEST_F(DynamicAuthorDeskTest, ADuplicateGetsTheSameAnswerAndEndsNothing) {
  Listen();
  const Bytes request = DisconnectOf("ann");
  EXPECT_EQ(Ask(request), "ACK");
  const Bytes first = last_answer_;
  desk_.SessionGone(kAnn);
  EXPECT_EQ(Ask(request), "ACK");
  EXPECT_EQ(last_answer_, first);
  EXPECT_EQ(ended_.size(), 1U);
  EXPECT_EQ(Count(DynamicCount::kDuplicateAnswered), 1U);
}

TEST_F(DynamicAuthorDeskTest, AChangeIsAnsweredWhenItIsDone) {
  Listen();
  at_once_.reset();
  const Bytes request = CoaOf("ann");
  Send(request);
  ASSERT_TRUE(Until([&] { return !orders_.empty(); }));
  Send(request);  // impatient
  ASSERT_TRUE(Until([&] { return Count(DynamicCount::kDuplicateInProgress) == 1; }));
  ASSERT_EQ(orders_.size(), 1U);
  EXPECT_EQ(orders_[0].session, kAnn);
  ASSERT_EQ(orders_[0].change.rate_limits.size(), 1U);
  EXPECT_EQ(orders_[0].change.rate_limits[0].value, TextValue("2048/1024"));
  EXPECT_THAT(orders_[0].change.classes, ElementsAre(TextValue("gold")));
  EXPECT_EQ(Count(DynamicCount::kCoaAck), 0U);
  orders_[0].done({});
  EXPECT_EQ(AnswerTo(request), "ACK");
  EXPECT_EQ(desk_.in_progress(), 0U);
}

TEST_F(DynamicAuthorDeskTest, SwitchedOffMeanwhileThereIsNoAnswerAndNothingIsLeft) {
  Listen();
  at_once_.reset();
  obeys_ = false;
  Send(CoaOf("ann"));
  Send(DisconnectOf("bob"));
  ASSERT_TRUE(Until([&] { return orders_.size() + ended_.size() == 2; }));
  ASSERT_TRUE(desk_.Configure(nullptr));
  EXPECT_EQ(desk_.in_progress(), 0U);
  EXPECT_EQ(Count(DynamicCount::kAbandoned), 2U);
  EXPECT_EQ(desk_.NextDeadline(), std::nullopt);
  orders_[0].done({});
  desk_.SessionEnding(kBob);
  EXPECT_EQ(desk_.unsent(), 0U);
  EXPECT_EQ(Count(DynamicCount::kCoaAck) + Count(DynamicCount::kCoaNak), 0U);
  EXPECT_EQ(Count(DynamicCount::kLate), 1U);
  // Switched on again both can be asked for again.
  Listen();
  at_once_ = DynamicAuthorDesk::Outcome();
  obeys_ = true;
  EXPECT_EQ(Ask(CoaOf("ann")), "ACK");
  EXPECT_EQ(Ask(DisconnectOf("bob")), "ACK");
}

TEST_F(DynamicAuthorDeskTest, HowAnOrderEndedIsWhatTheServerIsTold) {
  Listen();
  PolicyOutcome outcome;
  outcome.changed = 1;
  at_once_ = AnswerOf(outcome);
  EXPECT_EQ(Ask(CoaOf("ann")), "ACK");
  outcome = {};
  outcome.refused.push_back({kAnn, "sstp0", "no room"});
  at_once_ = AnswerOf(outcome);
  EXPECT_EQ(Ask(CoaOf("ann")), "NAK 506");
  outcome = {};
  outcome.unanswered.push_back({kAnn, "sstp0", "gateway is not attached"});
  at_once_ = AnswerOf(outcome);
  EXPECT_EQ(Ask(CoaOf("ann")), "NAK 506");
  outcome = {};
  outcome.found = false;
  at_once_ = AnswerOf(outcome);
  EXPECT_EQ(Ask(CoaOf("ann")), "NAK 503");
  at_once_ = AnswerOf(Error{ErrorCode::kInvalidArgument, "no record can hold these Class"});
  EXPECT_EQ(Ask(CoaOf("ann")), "NAK 407");
}

TEST_F(DynamicAuthorDeskTest, ASessionThatEndsMeanwhileIsOver) {
  Listen();
  at_once_.reset();
  const Bytes request = CoaOf("ann");
  Send(request);
  ASSERT_TRUE(Until([&] { return !orders_.empty(); }));
  desk_.SessionGone(kAnn);
  PolicyOutcome outcome;
  outcome.refused.push_back({kAnn, "sstp0", "the session has ended"});
  orders_[0].done(AnswerOf(outcome));
  EXPECT_EQ(AnswerTo(request), "NAK 503");
}

TEST_F(DynamicAuthorDeskTest, WhatNobodyConcludesIsRefusedInTime) {
  Listen();
  at_once_.reset();
  const Bytes request = CoaOf("ann");
  Send(request);
  ASSERT_TRUE(Until([&] { return !orders_.empty(); }));
  ASSERT_TRUE(desk_.NextDeadline());
  EXPECT_GT(*desk_.NextDeadline() - TaskLoop::Now(), PolicyTickets::kPatience / 2);
  EXPECT_EQ(AnswerTo(request), "NAK 506");
  EXPECT_EQ(Count(DynamicCount::kTimeout), 1U);
  orders_[0].done({});  // too late
  EXPECT_EQ(Count(DynamicCount::kLate), 1U);
}

// Checklist C33.
TEST_F(DynamicAuthorDeskTest, AVrfIsOrderedWithAllThatIsBesideIt) {
  Listen();
  PolicyOutcome outcome;
  outcome.changed = 1;
  at_once_ = AnswerOf(outcome, /*with_vrf=*/true);
  const auto move_to = [](const std::string& vrf) {
    return Sign(Request(
        Code::kCoaRequest, "ann",
        {{radius::kFilterId, TextValue("2048/1024")}, {radius::kAccelVrfName, TextValue(vrf)}}));
  };
  EXPECT_EQ(Ask(move_to("blue")), "ACK");
  ASSERT_EQ(orders_.size(), 1U);
  EXPECT_EQ(orders_[0].change.vrf, "blue");
  EXPECT_EQ(orders_[0].change.rate_limits.size(), 1U);
  EXPECT_EQ(Ask(move_to("0")), "ACK");
  ASSERT_EQ(orders_.size(), 2U);
  EXPECT_EQ(orders_[1].change.vrf, "") << "out of the VRF";
  outcome = {};
  outcome.refused.push_back({kAnn, "sstp0", "no such VRF", /*by_gateway=*/true});
  at_once_ = AnswerOf(outcome, /*with_vrf=*/true);
  EXPECT_EQ(Ask(move_to("nowhere")), "NAK 407");
  outcome.refused[0].by_gateway = false;
  at_once_ = AnswerOf(outcome, /*with_vrf=*/true);
  EXPECT_EQ(Ask(move_to("green")), "NAK 506") << "it was not asked";
}

// What was granted is not what is there: IPv6CP may not have come up.
TEST_F(DynamicAuthorDeskTest, OnlyAddressesThatAreInUseNameASession) {
  Listen();
  SessionEntry entry = Entry({"gw1", "00000000000000d0"}, "dora");
  entry.record.policy.address = *Ipv4Address::Parse("10.0.0.9");
  entry.record.policy.network.framed_ipv6_prefixes = {*Ipv6Prefix::Parse("2001:db8:9::/64")};
  entry.record.network.ipv4 = true;
  desk_.SessionChanged(entry, {});
  const auto by = [](radius::AttributeKey key, Bytes value) {
    return Sign(Request(Code::kDisconnectRequest, "dora", {{key, std::move(value)}}));
  };
  const Bytes prefix = radius::Ipv6PrefixValue(*Ipv6Prefix::Parse("2001:db8:9::/64"));
  const Bytes address = radius::Ipv4Value(*Ipv4Address::Parse("10.0.0.9"));
  const Bytes id = radius::OctetsValue(InterfaceId{0, 0, 0, 0, 0, 0, 0, 2});
  EXPECT_EQ(Ask(by(radius::kFramedIpv6Prefix, prefix)), "NAK 503");
  entry.record.network = {false, true, false, {0, 0, 0, 0, 0, 0, 0, 2}, false};
  desk_.SessionChanged(entry, {});
  EXPECT_EQ(Ask(by(radius::kFramedIpAddress, address)), "NAK 503") << "of IPv6 alone";
  EXPECT_THAT(ended_, IsEmpty());
  Ask(by(radius::kFramedInterfaceId, id));
  EXPECT_EQ(ended_.size(), 1U);
  Ask(by(radius::kFramedIpv6Prefix, prefix));
  EXPECT_EQ(ended_.size(), 2U);
}

TEST_F(DynamicAuthorDeskTest, RateLimitsAreJudgedByWhoeverReadsThem) {
  const RadiusConfig config = Config(kHere, port_);
  ASSERT_TRUE(desk_.Configure(
      &config, [](const radius::RawRateLimit&) { return radius::RateVerdict::kWrong; }));
  EXPECT_EQ(Ask(CoaOf("ann")), "NAK 407");
  EXPECT_THAT(orders_, IsEmpty());
}

TEST_F(DynamicAuthorDeskTest, AnotherPortAndAnotherAddress) {
  Listen();
  const std::uint16_t second = FreePort(kHere);
  ASSERT_TRUE(Configure(kHere, second));
  EXPECT_EQ(Ask(DisconnectOf("ann"), IpEndpoint{kHere, second}), "ACK");
  // The port left is free for others, the one that was kept is not.
  DatagramListener other(poller_, [](const DatagramListener::Asked&, ByteView) {});
  EXPECT_TRUE(other.Open(kHere, port_));
  other.Close();
  EXPECT_FALSE(other.Open(kHere, second));
  // The same port at every address, and back to another one.
  ASSERT_TRUE(Configure(std::nullopt, second));
  EXPECT_EQ(desk_.listening(), (IpEndpoint{Ipv4Address(), second}));
  EXPECT_EQ(Ask(DisconnectOf("bob"), IpEndpoint{kOther, second}), "ACK");
  ASSERT_TRUE(Configure(kOther, second));
  EXPECT_EQ(Ask(DisconnectOf("bob"), IpEndpoint{kOther, second}), "ACK");
  EXPECT_TRUE(other.Open(kHere, second));
}

TEST_F(DynamicAuthorDeskTest, TheSocketStaysWhereThePlaceDoes) {
  Listen();
  const Bytes request = DisconnectOf("ann");
  Send(request);  // lies in the socket
  RadiusConfig config = Config(kHere, port_);
  config.dynamic_author->require_event_timestamp = true;
  ASSERT_TRUE(desk_.Configure(&config));
  ASSERT_TRUE(Until([&] { return Count(DynamicCount::kOutsideWindow) == 1; }))
      << "what came before is there, and the new settings count";
}

TEST_F(DynamicAuthorDeskTest, ABusyPortIsToldAndNothingHasChanged) {
  Listen();
  DatagramListener other(poller_, [](const DatagramListener::Asked&, ByteView) {});
  ASSERT_TRUE(other.Open(kHere, 0));
  RadiusConfig config = Config(kHere, other.port());
  config.dynamic_author->key = Secret(std::string_view("another"));
  const auto busy = desk_.Configure(&config);
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(busy.error().message, HasSubstr("127.0.0.1:" + std::to_string(other.port())));
  EXPECT_THAT(busy.error().message, HasSubstr("in use"));
  EXPECT_THAT(busy.error().message, HasSubstr("ss -lunp"));
  EXPECT_EQ(Ask(DisconnectOf("ann")), "ACK");
  const auto foreign = Configure(Ipv4Address(0xc0000201), port_);
  ASSERT_FALSE(foreign);
  EXPECT_THAT(foreign.error().message, HasSubstr("192.0.2.1:" + std::to_string(port_)));
  EXPECT_THAT(foreign.error().message, HasSubstr("Give this host the address"));
  EXPECT_EQ(Ask(DisconnectOf("bob")), "ACK");
}

TEST_F(DynamicAuthorDeskTest, WithoutConfigurationThePortIsClosed) {
  Listen();
  at_once_.reset();
  Send(CoaOf("ann"));
  ASSERT_TRUE(Until([&] { return !orders_.empty(); }));
  ASSERT_TRUE(desk_.Configure(nullptr));
  EXPECT_EQ(desk_.listening(), std::nullopt);
  orders_[0].done({});  // nobody is told
  DatagramListener other(poller_, [](const DatagramListener::Asked&, ByteView) {});
  EXPECT_TRUE(other.Open(kHere, port_));
  other.Close();
  RadiusConfig without = Config(kHere, port_);
  without.dynamic_author.reset();
  ASSERT_TRUE(desk_.Configure(&without));
  EXPECT_EQ(desk_.listening(), std::nullopt);
  Listen();
  EXPECT_EQ(Ask(DisconnectOf("ann")), "ACK");
}

}  // namespace
}  // namespace sstpgw::cp
