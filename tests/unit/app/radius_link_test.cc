// Requests over real sockets on the loopback interface, answered by small servers of the test.
#include "controlplane/app/radius_link.h"

#include <sys/socket.h>

#include <atomic>
#include <future>
#include <thread>

#include "controlplane/edge/kernel_entropy.h"
#include "controlplane/edge/socket_address.h"
#include "controlplane/edge/task_loop.h"
#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/attribute_values.h"
#include "controlplane/radius/authenticators.h"
#include "tests/support/wait_until.h"

namespace sstpgw::cp {
namespace {

using radius::Answered;
using radius::Code;
using radius::Failed;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

ByteView Octets(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Answers every Access-Request with an Access-Accept, and forges one before that.
class SmallServer {
 public:
  explicit SmallServer(const std::string& secret) : secret_(secret) {
    fd_ = UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    SocketAddress address = ToSocketAddress({Ipv4Address(0x7f000001), 0});
    EXPECT_EQ(::bind(fd_.get(), address.get(), address.size), 0);
    EXPECT_EQ(
        ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.size), 0);
    endpoint_ = *EndpointOf(address.storage);
    thread_ = std::thread([this] { Serve(); });
  }
  ~SmallServer() {
    const SocketAddress here = ToSocketAddress(endpoint_);
    ::sendto(fd_.get(), "", 0, 0, here.get(), here.size);  // the end
    thread_.join();
  }
  SmallServer(const SmallServer&) = delete;
  SmallServer& operator=(const SmallServer&) = delete;

  [[nodiscard]] radius::ServerSettings Settings() const {
    radius::ServerSettings settings;
    settings.address = endpoint_.address;
    settings.auth_port = endpoint_.port;
    settings.acct_port = endpoint_.port;
    settings.secret = Secret(secret_);
    return settings;
  }
  std::atomic<bool> silent{false};
  std::atomic<int> seen{0};

 private:
  void Serve() {
    Bytes buffer(4096);
    for (;;) {
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      const ssize_t got = ::recvfrom(fd_.get(), buffer.data(), buffer.size(), 0,
                                     reinterpret_cast<sockaddr*>(&from), &size);
      if (got <= 0) return;
      ++seen;
      if (silent) continue;
      const ByteView request = ByteView(buffer).first(static_cast<std::size_t>(got));
      radius::Packet reply;
      reply.code = Code::kAccessAccept;
      reply.identifier = request[1];
      for (const std::string& secret : {std::string("forged"), secret_}) {
        const auto octets =
            radius::SignReply(reply, radius::AuthenticatorOf(request), Octets(secret),
                              radius::WithMessageAuthenticator::kYes);
        ::sendto(fd_.get(), octets->data(), octets->size(), 0,
                 reinterpret_cast<const sockaddr*>(&from), size);
      }
    }
  }

  std::string secret_;
  UniqueFd fd_;
  IpEndpoint endpoint_;
  std::thread thread_;
};

class RadiusLinkTest : public ::testing::Test {
 protected:
  void Configure(std::vector<radius::ServerSettings> servers,
                 std::optional<Ipv4Address> source = std::nullopt,
                 milliseconds timeout = milliseconds(200)) {
    auto settings = std::make_shared<radius::ClientSettings>();
    settings->servers = std::move(servers);
    settings->timeout = timeout;
    settings->max_try = 2;
    settings->source_v4 = source;
    loop.Post([this, settings] { link.Configure(std::move(*settings)); });
  }
  static radius::ClientRequest Login() {
    radius::ClientRequest request;
    request.body.attributes.push_back({0, radius::kUserName.type, radius::TextValue("test")});
    request.body.password = Secret("pw");
    return request;
  }
  RadiusLink::Outcome Ask() {
    auto outcome = std::make_shared<std::promise<RadiusLink::Outcome>>();
    loop.Post([this, outcome] {
      link.Submit(Login(),
                  [outcome](RadiusLink::Outcome got) { outcome->set_value(std::move(got)); });
    });
    return outcome->get_future().get();
  }
  radius::ClientView View() {
    std::promise<radius::ClientView> view;
    loop.Post([&] { view.set_value(link.View()); });
    return view.get_future().get();
  }
  ~RadiusLinkTest() override { loop.Stop(); }
  static std::vector<radius::ServerSettings> Of(const SmallServer& one) {
    std::vector<radius::ServerSettings> servers;
    servers.push_back(one.Settings());
    return servers;
  }

  Poller poller;
  KernelEntropy entropy;
  RadiusLink link{poller, entropy};
  TaskLoop loop{{[this] { return link.NextDeadline(); }, [this] { link.Tick(); }}, poller};
};

TEST_F(RadiusLinkTest, AnAnswerComesBackAndForgedOnesDoNotCount) {
  SmallServer server("testing");
  Configure(Of(server));
  const auto outcome = Ask();
  const auto* answer = std::get_if<Answered>(&outcome);
  ASSERT_NE(answer, nullptr) << std::get<Failed>(outcome).text;
  EXPECT_EQ(answer->reply.code, Code::kAccessAccept);
  const auto view = View().servers[0].service(radius::Service::kAuthentication);
  EXPECT_EQ(view.bad[static_cast<std::size_t>(radius::BadReply::kWrongAuthenticator)], 1U);
}

TEST_F(RadiusLinkTest, FromAServerThatIsSilentToOneThatIsNot) {
  SmallServer silent("one");
  silent.silent = true;
  SmallServer second("two");
  auto servers = Of(silent);
  servers.push_back(second.Settings());
  Configure(std::move(servers));
  const auto outcome = Ask();
  ASSERT_TRUE(std::holds_alternative<Answered>(outcome));
  EXPECT_EQ(std::get<Answered>(outcome).server_number, 2U);
  EXPECT_EQ(silent.seen, 2);
}

TEST_F(RadiusLinkTest, APortWhereNobodyListensIsLikeSilenceButNamed) {
  radius::ServerSettings nobody;
  {
    SmallServer gone("x");
    nobody = gone.Settings();
  }
  std::vector<radius::ServerSettings> servers;
  servers.push_back(std::move(nobody));
  Configure(std::move(servers));
  const auto outcome = Ask();
  ASSERT_TRUE(std::holds_alternative<Failed>(outcome));
  const auto view = View().servers[0].service(radius::Service::kAuthentication);
  EXPECT_EQ(view.requests.total.sent, 2U);
  EXPECT_THAT(view.last_error, HasSubstr("Connection refused"));
}

TEST_F(RadiusLinkTest, AForeignSourceAddressFailsAtOnceWithItsReason) {
  SmallServer server("testing");
  Configure(Of(server), Ipv4Address::Parse("192.0.2.77"));
  const auto outcome = Ask();
  ASSERT_TRUE(std::holds_alternative<Failed>(outcome));
  EXPECT_THAT(std::get<Failed>(outcome).text,
              HasSubstr("source address 192.0.2.77 is not an address of this host"));
  EXPECT_EQ(server.seen, 0);
  Configure(Of(server), Ipv4Address::Parse("127.0.0.5"));
  EXPECT_TRUE(std::holds_alternative<Answered>(Ask())) << "repaired without a restart";
}

TEST_F(RadiusLinkTest, ManyAtOnce) {
  SmallServer server("testing");
  auto settings = server.Settings();
  settings.request_limit = 60;  // what loopback's buffers hold in any case, two replies to each
  std::vector<radius::ServerSettings> servers;
  servers.push_back(std::move(settings));
  Configure(std::move(servers), std::nullopt, test::kPatience);
  constexpr int kLogins = 2000;
  std::promise<int> all;
  int answered = 0;
  int over = 0;
  loop.Post([&] {
    for (int i = 0; i < kLogins; ++i) {
      link.Submit(Login(), [&](const RadiusLink::Outcome& outcome) {
        if (std::holds_alternative<Answered>(outcome)) ++answered;
        if (++over == kLogins) all.set_value(answered);
      });
    }
  });
  EXPECT_EQ(all.get_future().get(), kLogins);
}

TEST_F(RadiusLinkTest, WhoIsToldMayAskAgain) {
  SmallServer server("testing");
  Configure(Of(server));
  std::promise<int> done;
  int rounds = 0;
  std::function<void(RadiusLink::Outcome)> next = [&](const RadiusLink::Outcome&) {
    if (++rounds == 20) {
      done.set_value(rounds);
    } else {
      link.Submit(Login(), next);
    }
  };
  loop.Post([&] { link.Submit(Login(), next); });
  EXPECT_EQ(done.get_future().get(), 20);
  // Without servers the outcome comes at once, from within the call.
  Configure({});
  std::promise<std::string> refused;
  loop.Post([&] {
    link.Submit(Login(), [&](const RadiusLink::Outcome& first) {
      link.Submit(Login(),
                  [&, text = std::get<Failed>(first).text](const RadiusLink::Outcome& second) {
                    refused.set_value(text + "; " + std::get<Failed>(second).text);
                  });
    });
  });
  EXPECT_EQ(refused.get_future().get(),
            "no servers available for authentication; no servers available for authentication");
}

TEST_F(RadiusLinkTest, CancelMeansNotToBeTold) {
  SmallServer server("testing");
  server.silent = true;
  Configure(Of(server));
  bool told = false;
  loop.Post([&] {
    const auto id = link.Submit(Login(), [&](const RadiusLink::Outcome&) { told = true; });
    link.Cancel(id);
  });
  EXPECT_EQ(View().open_requests, 0U);
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace sstpgw::cp
