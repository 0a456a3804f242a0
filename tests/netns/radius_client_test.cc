// The RADIUS client against real FreeRADIUS servers (checklist C1, C2, C4-C8, C15, C16).
//
//   one namespace: the client and all servers, on
//   lo  127.0.0.1, 127.0.0.2, ::1, 10.255.255.1
#include <future>
#include <memory>

#include "controlplane/app/radius_link.h"
#include "controlplane/edge/kernel_entropy.h"
#include "controlplane/edge/task_loop.h"
#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/attribute_values.h"
#include "tests/support/capture.h"
#include "tests/support/free_radius.h"

namespace sstpgw::test {
namespace {

using cp::RadiusLink;
using cp::radius::Answered;
using cp::radius::BadReply;
using cp::radius::Code;
using cp::radius::Failed;
using cp::radius::MessageAuthenticatorPolicy;
using cp::radius::Service;
using cp::radius::ServiceState;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr const char* kUsers = R"(
test Cleartext-Password := "pw"
  Reply-Message = "hello",
  Framed-IP-Address = 10.9.9.9
)";

// The client in a thread of its own inside the namespace.
class Asker {
 public:
  explicit Asker(const Namespace& where) {
    where.Run([this] {
      link_ = std::make_unique<RadiusLink>(poller_, entropy_);
      loop_ = std::make_unique<cp::TaskLoop>(
          cp::TaskLoop::Clock{[this] { return link_->NextDeadline(); }, [this] { link_->Tick(); }},
          poller_);
    });
  }
  ~Asker() { loop_->Stop(); }
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  void Configure(cp::radius::ClientSettings settings) {
    const auto box = std::make_shared<cp::radius::ClientSettings>(std::move(settings));
    loop_->Post([this, box] { link_->Configure(std::move(*box)); });
  }
  std::future<RadiusLink::Outcome> Submit(cp::radius::ClientRequest request) {
    const auto box = std::make_shared<cp::radius::ClientRequest>(std::move(request));
    const auto promise = std::make_shared<std::promise<RadiusLink::Outcome>>();
    loop_->Post([this, box, promise] {
      link_->Submit(std::move(*box), [promise](RadiusLink::Outcome outcome) {
        promise->set_value(std::move(outcome));
      });
    });
    return promise->get_future();
  }
  RadiusLink::Outcome Login(const std::string& user, const std::string& password) {
    return Submit(LoginOf(user, password)).get();
  }
  static cp::radius::ClientRequest LoginOf(const std::string& user, const std::string& password) {
    cp::radius::ClientRequest request;
    request.body.attributes.push_back({0, cp::radius::kUserName.type, cp::radius::TextValue(user)});
    request.body.attributes.push_back(
        {0, cp::radius::kNasIdentifier.type, cp::radius::TextValue("gw1")});
    request.body.password = Secret(password);
    return request;
  }
  cp::radius::ServiceView View(std::size_t server, Service service = Service::kAuthentication) {
    std::promise<cp::radius::ClientView> view;
    loop_->Post([&] { view.set_value(link_->View()); });
    return view.get_future().get().servers.at(server).service(service);
  }

 private:
  cp::Poller poller_;
  cp::KernelEntropy entropy_;
  std::unique_ptr<RadiusLink> link_;
  std::unique_ptr<cp::TaskLoop> loop_;
};

class RadiusClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!CanUseNamespaces()) GTEST_SKIP() << SkipReason();
    ASSERT_TRUE(FreeRadius::Installed()) << "package freeradius";
    where = std::make_unique<Namespace>("radius");
    where->Ip("addr add 10.255.255.1/32 dev lo");
    asker = std::make_unique<Asker>(*where);
  }
  FreeRadiusOptions Options(const std::string& address = "127.0.0.1") const {
    FreeRadiusOptions options;
    options.where = where.get();
    options.address = address;
    options.users = kUsers;
    options.name = "radiusd " + address;
    return options;
  }
  static cp::radius::ServerSettings At(const std::string& address,
                                       const std::string& secret = "testing") {
    cp::radius::ServerSettings server;
    server.address = *ParseIpAddress(address);
    server.secret = Secret(secret);
    return server;
  }
  template <class... Servers>
  static cp::radius::ClientSettings Settings(Servers... servers) {
    cp::radius::ClientSettings settings;
    (settings.servers.push_back(std::move(servers)), ...);
    return settings;
  }
  static Code CodeOf(const RadiusLink::Outcome& outcome) {
    const auto* answer = std::get_if<Answered>(&outcome);
    if (answer == nullptr) {
      ADD_FAILURE() << std::get<Failed>(outcome).text;
      return Code::kAccessRequest;
    }
    return answer->reply.code;
  }

  std::unique_ptr<Namespace> where;
  std::unique_ptr<Asker> asker;
};

TEST_F(RadiusClientTest, PapIsAcceptedAndRejected) {
  FreeRadius server(Options());
  ASSERT_TRUE(server.Start()) << server.Output();
  asker->Configure(Settings(At("127.0.0.1")));
  const auto outcome = asker->Login("test", "pw");
  ASSERT_EQ(CodeOf(outcome), Code::kAccessAccept);
  const auto& reply = std::get<Answered>(outcome).reply;
  EXPECT_EQ(cp::radius::ReadText(reply.Find(cp::radius::kReplyMessage)->value), "hello");
  EXPECT_EQ(cp::radius::ReadIpv4(reply.Find(cp::radius::kFramedIpAddress)->value),
            Ipv4Address(0x0a090909));
  EXPECT_NE(reply.Find(cp::radius::kMessageAuthenticator), nullptr);
  EXPECT_EQ(CodeOf(asker->Login("test", "wrong")), Code::kAccessReject);
  EXPECT_EQ(CodeOf(asker->Login("nobody", "pw")), Code::kAccessReject);
  EXPECT_TRUE(server.WaitLog("Login OK: \\[test\\]"));
  EXPECT_TRUE(server.WaitLog("Login incorrect.*\\[test\\]"));
  const auto view = asker->View(0);
  EXPECT_EQ(view.accepts, 1U);
  EXPECT_EQ(view.rejects, 2U);
  EXPECT_GT(*view.last_round_trip, Duration::zero());
}

// C1: FreeRADIUS does not answer whose Message-Authenticator is wrong.
TEST_F(RadiusClientTest, WithAnotherSecretNobodyGetsIn) {
  FreeRadius server(Options());
  ASSERT_TRUE(server.Start()) << server.Output();
  auto settings = Settings(At("127.0.0.1", "guessed"));
  settings.timeout = milliseconds(300);
  asker->Configure(std::move(settings));
  const auto outcome = asker->Login("test", "pw");
  ASSERT_TRUE(std::holds_alternative<Failed>(outcome));
  EXPECT_TRUE(server.process().Matching("Login OK").empty());
}

// Stock FreeRADIUS 3.2.1 signs no replies but those of EAP.
TEST_F(RadiusClientTest, RepliesWithoutMessageAuthenticatorAreAMatterOfPolicy) {
  FreeRadiusOptions options = Options();
  options.message_authenticator = false;
  FreeRadius server(std::move(options));
  ASSERT_TRUE(server.Start()) << server.Output();
  const auto with = [](MessageAuthenticatorPolicy policy) {
    auto settings = Settings(At("127.0.0.1"));
    settings.timeout = milliseconds(500);
    settings.servers[0].message_authenticator = policy;
    return settings;
  };
  asker->Configure(with(MessageAuthenticatorPolicy::kYes));
  EXPECT_TRUE(std::holds_alternative<Failed>(asker->Login("test", "pw")));
  EXPECT_GE(asker->View(0).bad[static_cast<std::size_t>(BadReply::kMissingMessageAuthenticator)],
            1U);
  asker->Configure(with(MessageAuthenticatorPolicy::kAuto));
  EXPECT_EQ(CodeOf(asker->Login("test", "pw")), Code::kAccessAccept);
  asker->Configure(with(MessageAuthenticatorPolicy::kNo));
  EXPECT_EQ(CodeOf(asker->Login("test", "pw")), Code::kAccessAccept);
}

// C2, C7: by way of the second server while the first one is dead, and back.
TEST_F(RadiusClientTest, LoginsSurviveTheLossOfTheFirstServer) {
  FreeRadius first(Options("127.0.0.1"));
  FreeRadiusOptions options = Options("127.0.0.2");
  options.secret = "another";
  FreeRadius second(std::move(options));
  ASSERT_TRUE(first.Start()) << first.Output();
  ASSERT_TRUE(second.Start()) << second.Output();
  auto settings = Settings(At("127.0.0.1"), At("127.0.0.2", "another"));
  settings.timeout = milliseconds(1000);
  for (auto& server : settings.servers) server.fail_time = seconds(3);
  asker->Configure(std::move(settings));
  EXPECT_EQ(CodeOf(asker->Login("test", "pw")), Code::kAccessAccept);
  ASSERT_TRUE(second.process().Matching("Login OK").empty());

  first.Kill();
  EXPECT_EQ(CodeOf(asker->Login("test", "pw")), Code::kAccessAccept);
  EXPECT_EQ(asker->View(0).state, ServiceState::kFailed);
  EXPECT_EQ(asker->View(0).requests.total.lost, 3U);
  EXPECT_THAT(asker->View(0).last_error, HasSubstr("Connection refused"));
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(CodeOf(asker->Login("test", "pw")), Code::kAccessAccept);
  EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(1000)) << "straight there";

  ASSERT_TRUE(first.Start()) << first.Output();
  // One of the logins tries it when its time has come.
  EXPECT_TRUE(WaitUntil(
      [&] {
        EXPECT_EQ(CodeOf(asker->Login("test", "pw")), Code::kAccessAccept);
        return asker->View(0).state == ServiceState::kActive;
      },
      kPatience));
  EXPECT_TRUE(first.WaitLog("Login OK"));
}

// C2, C15, C16, by the packets: to the dead server max-try times, timeout apart, then the next.
TEST_F(RadiusClientTest, TriesAndTheirTimesOnTheWire) {
  FreeRadius second(Options("127.0.0.2"));
  ASSERT_TRUE(second.Start()) << second.Output();
  Capture capture(*where, "lo", "udp port 1812");
  auto settings = Settings(At("127.0.0.1"), At("127.0.0.2"));
  settings.max_try = 4;
  settings.timeout = milliseconds(400);
  asker->Configure(std::move(settings));
  EXPECT_EQ(CodeOf(asker->Login("test", "pw")), Code::kAccessAccept);
  const auto datagrams = UdpDatagrams(capture.Finish());
  ASSERT_EQ(datagrams.size(), 6U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(datagrams[i].to, "127.0.0.1:1812");
    EXPECT_EQ(datagrams[i].from, datagrams[0].from);
    EXPECT_EQ(datagrams[i].payload, datagrams[0].payload);
    const auto gap = datagrams[i + 1].time - datagrams[i].time;
    EXPECT_GT(gap, milliseconds(300));
    EXPECT_LT(gap, milliseconds(400) + kPatience);
  }
  EXPECT_EQ(datagrams[4].to, "127.0.0.2:1812");
  EXPECT_NE(datagrams[4].payload, datagrams[0].payload);
  EXPECT_EQ(datagrams[5].from, "127.0.0.2:1812");
}

TEST_F(RadiusClientTest, AStatusServerFindsTheServerAlive) {
  FreeRadius first(Options("127.0.0.1"));
  FreeRadius second(Options("127.0.0.2"));
  ASSERT_TRUE(second.Start()) << second.Output();
  auto settings = Settings(At("127.0.0.1"), At("127.0.0.2"));
  settings.timeout = milliseconds(300);
  settings.servers[0].fail_time = seconds(1);
  settings.servers[0].status_server = true;
  asker->Configure(std::move(settings));
  EXPECT_EQ(CodeOf(asker->Login("test", "pw")), Code::kAccessAccept);
  ASSERT_TRUE(first.Start()) << first.Output();
  EXPECT_TRUE(WaitUntil([&] { return asker->View(0).state == ServiceState::kActive; }, kPatience))
      << "nobody logged in meanwhile";
  EXPECT_EQ(asker->View(0).status_answered, 1U);
}

TEST_F(RadiusClientTest, RecordsReachTheDetailFile) {
  FreeRadius server(Options());
  ASSERT_TRUE(server.Start()) << server.Output();
  asker->Configure(Settings(At("127.0.0.1")));
  for (const char* session : {"00000000000000a1", "00000000000000a2"}) {
    cp::radius::ClientRequest record;
    record.body.code = Code::kAccountingRequest;
    record.body.attributes = {{0, cp::radius::kAcctStatusType.type, cp::radius::IntegerValue(1)},
                              {0, cp::radius::kAcctSessionId.type, cp::radius::TextValue(session)},
                              {0, cp::radius::kUserName.type, cp::radius::TextValue("test")},
                              {0, cp::radius::kAcctDelayTime.type, cp::radius::IntegerValue(7)}};
    EXPECT_EQ(CodeOf(asker->Submit(std::move(record)).get()), Code::kAccountingResponse);
  }
  ASSERT_TRUE(server.WaitAccounting(2));
  const auto records = server.Accounting();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].Get("Acct-Session-Id"), "00000000000000a1");
  EXPECT_EQ(records[1].Get("Acct-Status-Type"), "Start");
  EXPECT_EQ(records[1].Get("Acct-Delay-Time"), "7");
}

// C3, C4, C5
TEST_F(RadiusClientTest, EverythingComesFromTheConfiguredSource) {
  FreeRadiusOptions options = Options();
  options.clients = "client gw {\n  ipaddr = 10.255.255.1\n  secret = testing\n}\n";
  FreeRadius server(std::move(options));
  ASSERT_TRUE(server.Start()) << server.Output();
  auto settings = Settings(At("127.0.0.1"));
  settings.source_v4 = Ipv4Address::Parse("10.255.255.1");
  asker->Configure(std::move(settings));
  EXPECT_EQ(CodeOf(asker->Login("test", "pw")), Code::kAccessAccept);
  EXPECT_TRUE(server.WaitLog("Login OK: \\[test\\] \\(from client gw"));

  auto foreign = Settings(At("127.0.0.1"));
  foreign.source_v4 = Ipv4Address::Parse("192.0.2.77");
  asker->Configure(std::move(foreign));
  const auto outcome = asker->Login("test", "pw");
  ASSERT_TRUE(std::holds_alternative<Failed>(outcome));
  EXPECT_THAT(std::get<Failed>(outcome).text,
              HasSubstr("source address 192.0.2.77 is not an address of this host"));
}

// C6 and IPv6
TEST_F(RadiusClientTest, OtherPortsAndIpv6) {
  FreeRadiusOptions options = Options("::1");
  options.auth_port = 11812;
  options.acct_port = 0;
  FreeRadius server(std::move(options));
  ASSERT_TRUE(server.Start()) << server.Output();
  auto settings = Settings(At("::1"));
  settings.servers[0].auth_port = 11812;
  settings.source_v6 = Ipv6Address::Parse("::1");
  asker->Configure(std::move(settings));
  EXPECT_EQ(CodeOf(asker->Login("test", "pw")), Code::kAccessAccept);
}

TEST_F(RadiusClientTest, AThousandLoginsAtOnce) {
  FreeRadius server(Options());
  ASSERT_TRUE(server.Start()) << server.Output();
  auto settings = Settings(At("127.0.0.1"));
  settings.timeout = seconds(10);
  asker->Configure(std::move(settings));
  std::vector<std::future<RadiusLink::Outcome>> outcomes;
  for (int i = 0; i < 1000; ++i) {
    outcomes.push_back(asker->Submit(Asker::LoginOf("test", i % 10 == 0 ? "wrong" : "pw")));
  }
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_EQ(CodeOf(outcomes[i].get()), i % 10 == 0 ? Code::kAccessReject : Code::kAccessAccept);
  }
}

}  // namespace
}  // namespace sstpgw::test
