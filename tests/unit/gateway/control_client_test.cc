// The link to a control plane that hangs: nothing is closed, nothing is answered.
#include "gateway/edge/control_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "tests/support/temp_dir.h"
#include "tests/unit/gateway/fake_control_plane.h"

namespace sstpgw::gateway {
namespace {

using std::chrono::milliseconds;

sockaddr_un UnixAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  return address;
}

// Between the gateway and the control plane. Frozen it keeps connections and carries nothing.
class Relay {
 public:
  Relay(const std::string& path, std::string target)
      : target_(std::move(target)), listener_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_un address = UnixAddress(path);
    bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    listen(listener_, 16);
    thread_ = std::thread([this] { Run(); });
  }
  ~Relay() {
    stopping_ = true;
    thread_.join();
    close(listener_);
    for (const auto& pair : pairs_) Close(pair);
  }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  void Freeze(bool frozen) { frozen_ = frozen; }

 private:
  using Pair = std::array<int, 2>;
  static void Close(const Pair& pair) {
    close(pair[0]);
    close(pair[1]);
  }
  void Run() {
    while (!stopping_) {
      if (!frozen_) {
        AcceptOne();
        std::erase_if(pairs_, [](const Pair& pair) {
          const bool open = Carry(pair[0], pair[1]) && Carry(pair[1], pair[0]);
          if (!open) Close(pair);
          return !open;
        });
      }
      std::vector<pollfd> waited{{listener_, POLLIN, 0}};
      for (const Pair& pair : pairs_) {
        for (const int fd : pair) waited.push_back({fd, POLLIN, 0});
      }
      if (frozen_) waited.clear();
      poll(waited.data(), waited.size(), 10);
    }
  }
  void AcceptOne() {
    pollfd waited{listener_, POLLIN, 0};
    if (poll(&waited, 1, 0) != 1) return;
    const Pair pair{accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC),
                    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const sockaddr_un address = UnixAddress(target_);
    connect(pair[1], reinterpret_cast<const sockaddr*>(&address), sizeof address);
    pairs_.push_back(pair);
  }
  static bool Carry(int from, int to) {
    std::array<char, 65536> buffer{};
    const ssize_t got = recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN;
    return got > 0 && send(to, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) == got;
  }

  const std::string target_;
  const int listener_;
  std::vector<Pair> pairs_;
  std::atomic<bool> frozen_{false};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

class Events final : public edge::ControlEvents {
 public:
  void OnLinkOpened(std::uint64_t link) override { client->SendHello(link, {}, Generation(0)); }
  void OnAttached(const std::string& /*address*/) override { Count(attached); }
  void OnLinkLost(const std::string& why) override {
    {
      const std::lock_guard lock(mutex_);
      reason = why;
    }
    Count(lost);
  }
  void OnUnreachable(const std::string& /*reason*/) override {}
  void OnOrder(ToGatewayMessage /*order*/) override {}
  void OnInvalidOrder(const std::string& /*reason*/) override {}
  void OnAuthorized(edge::AuthorizeTicket /*ticket*/, Result<AuthorizeVerdict> answer) override {
    Count(answer ? accepted : failed);
  }
  [[nodiscard]] bool Await(const int& counter, int value) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return counter >= value; });
  }

  edge::ControlClient* client = nullptr;
  int attached = 0;
  int lost = 0;
  std::string reason;  // of the newest loss
  int accepted = 0;
  int failed = 0;

 private:
  void Count(int& counter) {
    const std::lock_guard lock(mutex_);
    ++counter;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
};

edge::ControlOptions OptionsFor(const std::string& socket) {
  edge::ControlOptions options;
  options.gateway_id = "edge1";
  options.boot_id = "boot";
  options.version = "test";
  options.addresses = {"unix:" + socket};
  return options;
}

// Null if it cannot be made.
std::unique_ptr<edge::ControlClient> MakeClient(const edge::ControlOptions& options,
                                                Events& events) {
  auto client = edge::ControlClient::Create(options, events);
  if (!client) return nullptr;
  events.client = client->get();
  return std::move(*client);
}

std::unique_ptr<edge::ControlClient> StartClient(const std::string& socket, Events& events) {
  auto client = MakeClient(OptionsFor(socket), events);
  if (client) client->Start();
  return client;
}

TEST(ControlClient, AnAddressThatCannotBeDialledIsRefusedWithTheReason) {
  Events events;
  for (const auto& [address, reason] : {std::pair{"unix:relative", "the path must begin with '/'"},
                                        {"unix:", "the path must begin with '/'"},
                                        {"edge.example:443", "only unix:/path is supported"}}) {
    edge::ControlOptions options;
    options.addresses = {"unix:/run/good.sock", address};
    const auto client = edge::ControlClient::Create(options, events);
    ASSERT_FALSE(client) << address;
    EXPECT_THAT(client.error().message, ::testing::HasSubstr(address));
    EXPECT_THAT(client.error().message, ::testing::HasSubstr(reason));
  }
}

TEST(ControlClient, AHungControlPlaneIsGivenUpAndFoundAgain) {
  test::TempDir directory;
  FakeControlPlane control(directory.path() + "/link.sock");
  control.Start({});
  Relay relay(directory.path() + "/relay.sock", directory.path() + "/link.sock");
  Events events;
  edge::ControlOptions options = OptionsFor(directory.path() + "/relay.sock");
  options.keepalive_interval = milliseconds(300);
  options.keepalive_timeout = milliseconds(300);
  options.connect_timeout = milliseconds(500);
  const auto client = MakeClient(options, events);
  ASSERT_TRUE(client);
  client->Start();
  ASSERT_TRUE(events.Await(events.attached, 1));

  relay.Freeze(true);
  const auto asked = std::chrono::steady_clock::now();
  AuthorizeQuestion question;
  question.attempt = AttemptId(1);
  question.session = "00000000000000aa";
  question.evidence = PapEvidence{"ann", Secret("pw")};
  const edge::AuthorizeTicket ticket{0, question.session, question.attempt};
  client->Authorize(ticket, std::move(question));
  ASSERT_TRUE(events.Await(events.failed, 1));
  // Long before the deadline of the question itself.
  EXPECT_LT(std::chrono::steady_clock::now() - asked, options.authorize_deadline / 2);
  ASSERT_TRUE(events.Await(events.lost, 1));
  EXPECT_FALSE(client->attached());

  relay.Freeze(false);
  EXPECT_TRUE(events.Await(events.attached, 2));
  client->Shutdown();
}

TEST(ControlClient, WhyALinkIsLostIsSaidInWords) {
  test::TempDir directory;
  FakeControlPlane control(directory.path() + "/link.sock");
  control.Start({});
  Events events;
  const auto client = StartClient(directory.path() + "/link.sock", events);
  ASSERT_TRUE(client);
  ASSERT_TRUE(events.Await(events.attached, 1));
  control.Stop();
  ASSERT_TRUE(events.Await(events.lost, 1));
  client->Shutdown();
  EXPECT_THAT(events.reason, ::testing::AnyOf("the control plane closed the connection",
                                              ::testing::HasSubstr("the connection broke")));
}

// What breaks the contract is refused to who sent it, not only complained of in our log.
TEST(ControlClient, InvalidSettingsAndPoliciesAreRefused) {
  test::TempDir directory;
  FakeControlPlane control(directory.path() + "/link.sock");
  v1::ToGateway settings;
  settings.mutable_settings()->mutable_settings()->set_generation(7);
  settings.mutable_settings()->mutable_settings()->set_interface_name("no/name");
  v1::ToGateway policy;
  policy.mutable_policy()->set_session_id("00000000000000aa");
  policy.mutable_policy()->mutable_policy()->set_generation(3);
  for (int i = 0; i < 9; ++i) policy.mutable_policy()->mutable_policy()->add_dns(1);
  control.Start({settings, policy});
  Events events;
  const auto client = StartClient(directory.path() + "/link.sock", events);
  ASSERT_TRUE(client);
  const auto first = control.Take<Refused>();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->generation, Generation(7));
  EXPECT_EQ(first->session, "");
  EXPECT_NE(first->reason, "");
  const auto second = control.Take<Refused>();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->generation, Generation(3));
  EXPECT_EQ(second->session, "00000000000000aa");
  client->Shutdown();
}

// Whoever attaches says up to which report a session's end may still be told.
TEST(ControlClient, HelloTellsWhichReportsFollow) {
  test::TempDir directory;
  FakeControlPlane control(directory.path() + "/link.sock");
  control.AcknowledgeReports(false);
  Events events;
  const auto client = MakeClient(OptionsFor(directory.path() + "/link.sock"), events);
  ASSERT_TRUE(client);
  SessionReport report;
  report.kind = SessionEventKind::kDown;
  report.record.session = "00000000000000aa";
  client->Report(report);
  client->Report(report);
  control.Start({});
  client->Start();
  const auto hello = control.Take<Hello>();
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->reports_to, 2U);
  client->Shutdown();
}

// Traffic and who does the TLS records, the newest of each session.
TEST(ControlClient, CountersArriveWhole) {
  test::TempDir directory;
  FakeControlPlane control(directory.path() + "/link.sock");
  control.Start({});
  Events events;
  const auto client = StartClient(directory.path() + "/link.sock", events);
  ASSERT_TRUE(client);
  ASSERT_TRUE(events.Await(events.attached, 1));
  CountersBatch batch;
  batch.entries = {{"00000000000000aa", {1, 2, 3, 4}, TlsMode::kSoftware, TlsMode::kHardware}};
  client->SendCounters(std::move(batch));
  const auto heard = control.Take<CountersBatch>();
  ASSERT_TRUE(heard);
  ASSERT_EQ(heard->entries.size(), 1U);
  EXPECT_EQ(heard->entries[0].counters, (TrafficCounters{1, 2, 3, 4}));
  EXPECT_EQ(heard->entries[0].tls_send, TlsMode::kSoftware);
  EXPECT_EQ(heard->entries[0].tls_receive, TlsMode::kHardware);
  client->Shutdown();
}

}  // namespace
}  // namespace sstpgw::gateway
