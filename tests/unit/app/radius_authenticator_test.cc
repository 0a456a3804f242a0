// Logins over real sockets on the loopback interface, judged by small servers of the test.
#include "controlplane/app/radius_authenticator.h"

#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

#include "controlplane/app/radius_identity.h"
#include "controlplane/edge/kernel_entropy.h"
#include "controlplane/edge/socket_address.h"
#include "controlplane/edge/task_loop.h"
#include "controlplane/radius/authenticators.h"
#include "controlplane/radius/dictionary.h"
#include "controlplane/radius/secret_values.h"
#include "controlplane/radius/settings_of.h"
// Behind dictionary.h, whose enumerators its constants would shadow.
#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/attribute_values.h"
#include "proto/base/text.h"
#include "tests/support/wait_until.h"

namespace sstpgw::cp {
namespace {

using radius::Attribute;
using radius::Code;
using radius::Packet;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kSecret = "testing123";
constexpr const char* kNotNow = "The server cannot log anybody in now, try again later";

ByteView Octets(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Answers each genuine Access-Request as `judge` says; nullopt: not at all.
class Judge {
 public:
  struct Request {
    Packet packet;
    radius::SharedWith shared;
  };
  using Verdict = std::function<std::optional<Packet>(const Request&)>;

  explicit Judge(Verdict verdict) : verdict_(std::move(verdict)) {
    fd_ = UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    SocketAddress address = ToSocketAddress({Ipv4Address(0x7f000001), 0});
    EXPECT_EQ(::bind(fd_.get(), address.get(), address.size), 0);
    EXPECT_EQ(
        ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.size), 0);
    endpoint_ = *EndpointOf(address.storage);
    thread_ = std::thread([this] { Serve(); });
  }
  ~Judge() {
    const SocketAddress here = ToSocketAddress(endpoint_);
    ::sendto(fd_.get(), "", 0, 0, here.get(), here.size);  // the end
    thread_.join();
  }
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;

  [[nodiscard]] RadiusServerConfig Config() const {
    RadiusServerConfig server;
    server.address = endpoint_.address;
    server.port = endpoint_.port;
    server.key = Secret(std::string_view(kSecret));
    server.max_fail = 3;
    return server;
  }
  [[nodiscard]] int seen() const { return seen_; }
  [[nodiscard]] Packet last() const {
    const std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  void Serve() {
    Bytes buffer(4096);
    for (;;) {
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      const ssize_t got = ::recvfrom(fd_.get(), buffer.data(), buffer.size(), 0,
                                     reinterpret_cast<sockaddr*>(&from), &size);
      if (got <= 0) return;
      const ByteView octets = ByteView(buffer).first(static_cast<std::size_t>(got));
      const Request request{*radius::Decode(octets),
                            {Octets(kSecret), radius::AuthenticatorOf(octets)}};
      {
        const std::lock_guard lock(mutex_);
        last_ = request.packet;
      }
      ++seen_;
      auto reply = verdict_(request);
      if (!reply) continue;
      reply->identifier = octets[1];
      const auto sealed = radius::SignReply(*reply, request.shared.request, request.shared.secret,
                                            radius::WithMessageAuthenticator::kYes);
      ::sendto(fd_.get(), sealed->data(), sealed->size(), 0,
               reinterpret_cast<const sockaddr*>(&from), size);
    }
  }

  Verdict verdict_;
  UniqueFd fd_;
  IpEndpoint endpoint_;
  std::atomic<int> seen_{0};
  mutable std::mutex mutex_;
  Packet last_;
  std::thread thread_;
};

Packet With(Code code) {
  Packet packet;
  packet.code = code;
  return packet;
}

std::string TextOf(const Packet& packet, radius::AttributeKey key) {
  const Attribute* attribute = packet.Find(key);
  return attribute == nullptr ? "none" : std::string(radius::ReadText(attribute->value));
}

AuthorizeQuestion QuestionOf(AuthEvidence evidence) {
  AuthorizeQuestion question;
  question.session = "0123456789abcdef";
  question.calling_station = "192.0.2.1";
  question.called_station = "198.51.100.2";
  question.mtu = 1300;
  question.evidence = std::move(evidence);
  return question;
}

AuthorizeQuestion Pap(std::string user, std::string_view password) {
  return QuestionOf(PapEvidence{std::move(user), Secret(password)});
}

AuthorizeQuestion Eap(Bytes message, Bytes state = {}) {
  return QuestionOf(EapEvidence{"ann", Secret(ByteView(message)), std::move(state)});
}

class RadiusAuthenticatorTest : public ::testing::Test {
 protected:
  static std::shared_ptr<RadiusConfig> ConfigOf(std::initializer_list<const Judge*> judges) {
    auto config = std::make_shared<RadiusConfig>();
    for (const Judge* judge : judges) config->servers.push_back(judge->Config());
    config->timeout = std::chrono::seconds(1);
    config->max_try = 1;
    config->dictionary = std::make_shared<const radius::Dictionary>(radius::Dictionary::BuiltIn());
    return config;
  }
  void Configure(const std::shared_ptr<RadiusConfig>& config) {
    std::promise<void> done;
    loop.Post([&] {
      link.Configure(radius::ClientSettingsOf(*config));
      authenticator->Configure(*config);
      done.set_value();
    });
    done.get_future().get();
  }
  std::future<AuthOutcome> Begin(AuthorizeQuestion question) {
    auto asked = std::make_shared<AuthorizeQuestion>(std::move(question));
    auto outcome = std::make_shared<std::promise<AuthOutcome>>();
    std::future<AuthOutcome> future = outcome->get_future();
    loop.Post([this, asked, outcome] {
      // The question is gone as soon as this returns; a second outcome would throw.
      const AuthorizeQuestion mine = std::move(*asked);
      authenticator->Authenticate(
          mine, [outcome](AuthOutcome got) { outcome->set_value(std::move(got)); });
    });
    return future;
  }
  AuthOutcome Ask(AuthorizeQuestion question) { return Begin(std::move(question)).get(); }
  AuthorizeReject Refused(AuthorizeQuestion question) {
    AuthOutcome outcome = Ask(std::move(question));
    if (auto* reject = std::get_if<AuthorizeReject>(&outcome)) return *reject;
    ADD_FAILURE() << "not refused";
    return {};
  }
  template <class Call>
  void InLoop(Call call) {
    std::promise<void> done;
    loop.Post([&] {
      call();
      done.set_value();
    });
    done.get_future().get();
  }
  std::size_t Remembered() {
    std::size_t count = 0;
    InLoop([&] { count = authenticator->remembered(); });
    return count;
  }
  ~RadiusAuthenticatorTest() override { loop.Stop(); }

  Poller poller;
  KernelEntropy entropy;
  RadiusLink link{poller, entropy};
  std::unique_ptr<RadiusAuthenticator> authenticator = std::make_unique<RadiusAuthenticator>(link);
  TaskLoop loop{{[this] { return link.NextDeadline(); }, [this] { link.Tick(); }}, poller};
};

// Lets "ann" in with the password "secret".
std::optional<Packet> AnnOnly(const Judge::Request& request) {
  const Attribute* hidden = request.packet.Find(radius::kUserPassword);
  if (hidden == nullptr) return std::nullopt;
  const auto password = radius::RevealUserPassword(hidden->value, request.shared);
  const bool right = TextOf(request.packet, radius::kUserName) == "ann" && password &&
                     password->RevealText() == "secret";
  if (!right) {
    Packet reject = With(Code::kAccessReject);
    reject.Add(radius::kReplyMessage, radius::TextValue("not you"));
    return reject;
  }
  Packet accept = With(Code::kAccessAccept);
  accept.Add(radius::kFramedIpAddress, radius::IntegerValue(0x0a090909));
  accept.Add(radius::kClass, {7});
  accept.Add(radius::kFilterId, radius::TextValue("5000/2000"));
  return accept;
}

// And has her log in again, if she has not just done so.
std::optional<Packet> AnnComesAgain(const Judge::Request& request) {
  auto accept = AnnOnly(request);
  accept->Add(radius::kState, radius::TextValue("mine"));
  accept->Add(radius::kSessionTimeout, radius::IntegerValue(60));
  if (request.packet.Find(radius::kState) == nullptr) {
    accept->Add(radius::kTerminationAction, radius::IntegerValue(1));
  }
  return accept;
}

TEST_F(RadiusAuthenticatorTest, WhoHasTheRightPasswordIsLetIn) {
  Judge judge(AnnOnly);
  const auto config = ConfigOf({&judge});
  config->rate_limit = RadiusRateLimit{{0, radius::kFilterId.type}};
  Configure(config);
  const AuthOutcome outcome = Ask(Pap("ann", "secret"));
  ASSERT_TRUE(std::holds_alternative<AuthGranted>(outcome));
  const auto& granted = std::get<AuthGranted>(outcome);
  EXPECT_EQ(granted.static_ip, Ipv4Address(0x0a090909));
  EXPECT_THAT(granted.accounting.classes, ElementsAre(Bytes{7}));
  EXPECT_EQ(granted.rates.During(0).down.rate, BitsPerSecond(5'000'000));
  EXPECT_EQ(granted.hlak.size(), 32U);

  const Packet request = judge.last();
  EXPECT_EQ(TextOf(request, radius::kAcctSessionId), "0123456789abcdef");
  EXPECT_EQ(TextOf(request, radius::kCallingStationId), "192.0.2.1");
  EXPECT_EQ(TextOf(request, radius::kCalledStationId), "198.51.100.2");
  EXPECT_EQ(request.Find(radius::kFramedMtu), nullptr);
}

TEST_F(RadiusAuthenticatorTest, WithoutNameAndAddressWeAreWhereOurPacketsComeFrom) {
  Judge judge(AnnOnly);
  const auto config = ConfigOf({&judge});
  Configure(config);
  Ask(Pap("ann", "secret"));
  Packet request = judge.last();
  ASSERT_NE(request.Find(radius::kNasIpAddress), nullptr);
  EXPECT_EQ(request.Find(radius::kNasIpAddress)->value, (Bytes{127, 0, 0, 1}));
  EXPECT_EQ(request.Find(radius::kNasIdentifier), nullptr);
  // The configured source is the answer at once.
  config->source_address = Ipv4Address::Parse("127.0.0.9");
  Configure(config);
  Ask(Pap("ann", "secret"));
  EXPECT_EQ(judge.last().Find(radius::kNasIpAddress)->value, (Bytes{127, 0, 0, 9}));
  // With a name there is no need for one.
  config->nas_identifier = "gw1";
  config->session_id_in_access_request = false;
  Configure(config);
  Ask(Pap("ann", "secret"));
  request = judge.last();
  EXPECT_EQ(TextOf(request, radius::kNasIdentifier), "gw1");
  EXPECT_EQ(request.Find(radius::kNasIpAddress), nullptr);
  EXPECT_EQ(request.Find(radius::kAcctSessionId), nullptr);
}

TEST_F(RadiusAuthenticatorTest, RefusedIsOneLineWithoutThePassword) {
  Judge judge(AnnOnly);
  Configure(ConfigOf({&judge}));
  ::testing::internal::CaptureStderr();
  const AuthorizeReject reject = Refused(Pap("bo\nb", "wrongpass"));
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(reject.message, "not you");
  EXPECT_EQ(reject.log_reason, "refused by RADIUS server(1): not you");
  EXPECT_THAT(log, HasSubstr("bo\\x0ab: login refused by RADIUS server(1): not you\n"));
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
  EXPECT_THAT(log, Not(HasSubstr("wrongpass")));
}

TEST_F(RadiusAuthenticatorTest, ASilentServerIsNobodysFault) {
  Judge silent([](const Judge::Request&) { return std::nullopt; });
  Configure(ConfigOf({&silent}));
  const AuthorizeReject reject = Refused(Pap("ann", "secret"));
  EXPECT_EQ(reject.mschap_error, 691U);
  EXPECT_EQ(reject.message, kNotNow);
  EXPECT_THAT(reject.log_reason, HasSubstr("RADIUS: no answer from server(1)"));
  EXPECT_EQ(silent.seen(), 1);
}

TEST_F(RadiusAuthenticatorTest, KeysThatAreMissingRefuseTheClient) {
  Judge judge([](const Judge::Request&) {
    Packet accept = With(Code::kAccessAccept);
    Bytes success{9};
    const ByteView proof = Octets("S=407A5589115FD0D6209F510FE9C04566932CDA56");
    success.insert(success.end(), proof.begin(), proof.end());
    accept.Add(radius::kMsChap2Success, success);
    return accept;
  });
  Configure(ConfigOf({&judge}));
  MsChapV2Evidence chap;
  chap.user = "ann";
  chap.identifier = 9;
  EXPECT_THAT(Refused(QuestionOf(chap)).log_reason,
              HasSubstr("MS-MPPE keys missing in Access-Accept"));
}

// What cannot be asked is refused at once, and no packet is sent.
TEST_F(RadiusAuthenticatorTest, Unaskable) {
  EXPECT_EQ(Refused(Pap("ann", "secret")).log_reason, "RADIUS is not configured");
  Judge judge(AnnOnly);
  Configure(ConfigOf({&judge}));
  EXPECT_THAT(Refused(Pap("", "secret")).log_reason, HasSubstr("an empty user name"));
  EXPECT_THAT(Refused(Pap("ann", std::string(200, 'x'))).log_reason,
              HasSubstr("a password of 200 octets"));
  EXPECT_THAT(Refused(Eap({2, 9, 0, 6, 4, 1}, {1, 2, 3})).log_reason,
              HasSubstr("an EAP conversation's state of 3 octets"));
  // A server that is not there any more, or never was.
  EXPECT_THAT(Refused(Eap({2, 9, 0, 6, 4, 1}, {1, 0, 0, 99, 99})).log_reason,
              HasSubstr("RADIUS: "));
  Configure(ConfigOf({}));
  EXPECT_THAT(Refused(Pap("ann", "secret")).log_reason, HasSubstr("no servers available"));
  EXPECT_EQ(judge.seen(), 0);
}

TEST_F(RadiusAuthenticatorTest, EapStaysWithTheServerThatBegan) {
  Judge silent([](const Judge::Request&) { return std::nullopt; });
  Judge judge([](const Judge::Request& request) -> std::optional<Packet> {
    if (request.packet.Find(radius::kState) == nullptr) {
      Packet challenge = With(Code::kAccessChallenge);
      challenge.Add(radius::kEapMessage, {1, 10, 0, 6, 4, 1});
      challenge.Add(radius::kState, radius::TextValue("round2"));
      return challenge;
    }
    Packet accept = With(Code::kAccessAccept);
    accept.Add(radius::kEapMessage, {3, 10, 0, 4});
    accept.Add(radius::kMsMppeRecvKey,
               *radius::HideSalted(Bytes(32, 0xaa), 0x8001, request.shared));
    accept.Add(radius::kMsMppeSendKey,
               *radius::HideSalted(Bytes(32, 0xbb), 0x8002, request.shared));
    return accept;
  });
  Configure(ConfigOf({&silent, &judge}));
  const AuthOutcome first = Ask(Eap({2, 9, 0, 6, 1, 'a'}));
  ASSERT_TRUE(std::holds_alternative<AuthorizeChallenge>(first));
  const auto& challenge = std::get<AuthorizeChallenge>(first);
  EXPECT_EQ(challenge.eap_message, (Bytes{1, 10, 0, 6, 4, 1}));
  EXPECT_EQ(silent.seen(), 1);
  EXPECT_EQ(judge.seen(), 1);

  const AuthOutcome second = Ask(Eap({2, 10, 0, 6, 4, 1}, challenge.state));
  ASSERT_TRUE(std::holds_alternative<AuthGranted>(second));
  const auto& granted = std::get<AuthGranted>(second);
  EXPECT_EQ(granted.eap_message, (Bytes{3, 10, 0, 4}));
  EXPECT_EQ(ToHex(granted.hlak.Reveal()), ToHex(Bytes(32, 0xaa)));
  EXPECT_EQ(silent.seen(), 1) << "the first in the order knows nothing of the conversation";
  EXPECT_EQ(judge.seen(), 2);
  EXPECT_EQ(TextOf(judge.last(), radius::kState), "round2");
  EXPECT_EQ(judge.last().Find(radius::kFramedMtu)->value, radius::IntegerValue(1300));
  EXPECT_EQ(judge.last().Concatenated(radius::kEapMessage), (Bytes{2, 10, 0, 6, 4, 1}));
}

TEST_F(RadiusAuthenticatorTest, StateAndClassComeBackWhenASessionLogsInAgain) {
  Judge judge(AnnComesAgain);
  Configure(ConfigOf({&judge}));
  const auto remembered = [&] { return Remembered(); };
  EXPECT_TRUE(std::get<AuthGranted>(Ask(Pap("ann", "secret"))).reauthenticate);
  EXPECT_EQ(judge.last().Find(radius::kState), nullptr);
  EXPECT_EQ(remembered(), 1U);
  // Another session, another user, a login that is refused.
  AuthorizeQuestion other = Pap("ann", "wrong");
  other.session = "fedcba9876543210";
  Ask(std::move(other));
  EXPECT_EQ(judge.last().Find(radius::kState), nullptr);
  Ask(Pap("bob", "secret"));
  EXPECT_EQ(judge.last().Find(radius::kState), nullptr);
  EXPECT_EQ(remembered(), 1U);
  // The very session; this time it is not asked to come again.
  Ask(Pap("ann", "secret"));
  EXPECT_EQ(TextOf(judge.last(), radius::kState), "mine");
  EXPECT_EQ(judge.last().Concatenated(radius::kClass), Bytes{7});
  EXPECT_EQ(remembered(), 0U);
  // Over is over.
  Ask(Pap("ann", "secret"));
  EXPECT_EQ(remembered(), 1U);
  loop.Post([&] { authenticator->Forget("0123456789abcdef"); });
  EXPECT_EQ(remembered(), 0U);
}

TEST_F(RadiusAuthenticatorTest, WhatIsRememberedOfASessionThatNeverComesUpEnds) {
  Judge judge(AnnComesAgain);
  Configure(ConfigOf({&judge}));
  AuthorizeQuestion other = Pap("ann", "secret");
  other.session = "fedcba9876543210";
  Ask(std::move(other));
  Ask(Pap("ann", "secret"));
  InLoop([&] { authenticator->LetIn("fedcba9876543210"); });
  const auto after = [&](Duration time) {
    InLoop([&] { authenticator->Tick(TaskLoop::Now() + time); });
    return Remembered();
  };
  EXPECT_EQ(after(RadiusAuthenticator::kUnreported - std::chrono::minutes(1)), 2U);
  EXPECT_EQ(after(RadiusAuthenticator::kUnreported), 1U) << "the other lives";
  InLoop([&] { authenticator->Forget("fedcba9876543210"); });
  EXPECT_EQ(Remembered(), 0U);
}

// A server that answers when it is told to.
class RadiusAuthenticatorWaiting : public RadiusAuthenticatorTest {
 protected:
  std::promise<void> go;
  std::shared_future<void> gone{go.get_future()};
  Judge judge{[wait = gone](const Judge::Request& request) {
    wait.wait();
    return AnnComesAgain(request);
  }};
  void Arrived() {
    ASSERT_TRUE(test::WaitUntil([&] { return judge.seen() > 0; }, test::kPatience));
  }
};

TEST_F(RadiusAuthenticatorWaiting, RepliesAreReadByTheRulesOfNow) {
  const auto config = ConfigOf({&judge});
  config->timeout = std::chrono::seconds(60);
  config->rate_limit = RadiusRateLimit{{0, radius::kFilterId.type}};
  Configure(config);
  auto outcome = Begin(Pap("ann", "secret"));
  Arrived();
  config->rate_limit.reset();
  config->nas_identifier = "another";
  Configure(config);
  go.set_value();
  const AuthOutcome got = outcome.get();
  ASSERT_TRUE(std::holds_alternative<AuthGranted>(got));
  EXPECT_TRUE(std::get<AuthGranted>(got).rates.empty());
  EXPECT_EQ(judge.seen(), 1) << "the same request";
}

TEST_F(RadiusAuthenticatorWaiting, NothingIsRememberedOfASessionThatIsOverBeforeItsAnswer) {
  const auto config = ConfigOf({&judge});
  config->timeout = std::chrono::seconds(60);
  Configure(config);
  auto outcome = Begin(Pap("ann", "secret"));
  Arrived();
  InLoop([&] { authenticator->Forget("0123456789abcdef"); });
  go.set_value();
  EXPECT_TRUE(std::get<AuthGranted>(outcome.get()).reauthenticate);
  EXPECT_EQ(Remembered(), 0U);
}

TEST_F(RadiusAuthenticatorWaiting, TheAnswerComesAlsoWhenTheAuthenticatorIsGone) {
  const auto config = ConfigOf({&judge});
  config->timeout = std::chrono::seconds(60);
  Configure(config);
  auto outcome = Begin(Pap("ann", "secret"));
  Arrived();
  std::promise<void> destroyed;
  loop.Post([&] {
    authenticator.reset();
    destroyed.set_value();
  });
  destroyed.get_future().get();
  go.set_value();
  EXPECT_TRUE(std::holds_alternative<AuthGranted>(outcome.get()));
}

// ---- Who asks

TEST(RadiusIdentity, AsksTheRoutesOnlyWhereNothingIsConfigured) {
  RadiusConfig config;
  EXPECT_EQ(RadiusIdentity(config).Get().ipv4_address, std::nullopt);
  RadiusServerConfig disabled;
  disabled.address = *Ipv6Address::Parse("::1");
  disabled.disabled = true;
  config.servers.push_back(std::move(disabled));
  RadiusServerConfig server;
  server.address = Ipv4Address(0x7f000001);
  config.servers.push_back(std::move(server));
  EXPECT_EQ(RadiusIdentity(config).Get().ipv4_address, Ipv4Address(0x7f000001));
  config.servers[0].disabled = false;
  EXPECT_EQ(RadiusIdentity(config).Get().ipv4_address, std::nullopt);
  EXPECT_EQ(RadiusIdentity(config).Get().ipv6_address, Ipv6Address::Parse("::1"));
  config.source_ipv6_address = Ipv6Address::Parse("2001:db8::7");
  EXPECT_EQ(RadiusIdentity(config).Get().ipv6_address, Ipv6Address::Parse("2001:db8::7"));
  config.nas_ip_address = Ipv4Address(5);
  EXPECT_EQ(RadiusIdentity(config).Get().ipv4_address, Ipv4Address(5));
  EXPECT_EQ(RadiusIdentity(config).Get().ipv6_address, std::nullopt);
}

TEST(ForeignSources, AreThoseThisHostDoesNotHave) {
  RadiusConfig config;
  EXPECT_THAT(ForeignSources(config), IsEmpty());
  config.source_address = Ipv4Address(0x7f000001);
  config.source_ipv6_address = Ipv6Address::Parse("::1");
  EXPECT_THAT(ForeignSources(config), IsEmpty());
  config.source_address = Ipv4Address::Parse("192.0.2.77");
  config.source_ipv6_address = Ipv6Address::Parse("2001:db8::77");
  EXPECT_THAT(ForeignSources(config),
              ElementsAre(AllOf(HasSubstr("radius source-address 192.0.2.77"),
                                HasSubstr("Give this host the address")),
                          HasSubstr("radius source-ipv6-address 2001:db8::77")));
}

}  // namespace
}  // namespace sstpgw::cp
