// An AccountingDesk in a loop of its own, with a store in a real file and accounting servers on the
// loopback interface, for tests that read as stories.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "controlplane/app/accounting_desk.h"
#include "controlplane/edge/kernel_entropy.h"
#include "controlplane/edge/socket_address.h"
#include "controlplane/edge/task_loop.h"
#include "controlplane/radius/accounting_request.h"
#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/attribute_values.h"
#include "controlplane/radius/authenticators.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace sstpgw::cp {

// What happens in other threads, kept in its order.
template <class T>
class Diary {
 public:
  void Add(T what) {
    const std::lock_guard lock(mutex_);
    all_.push_back(std::move(what));
    changed_.notify_all();
  }
  [[nodiscard]] std::vector<T> All() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }
  // All of it, once there are so many.
  std::vector<T> Wait(std::size_t count) const {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, test::kPatience, [&] { return all_.size() >= count; });
    return all_;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<T> all_;
};

// Takes Accounting-Requests that are signed with its secret; answers unless it is silent.
class AccountingServer {
 public:
  AccountingServer() {
    fd_ = UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    SocketAddress address = ToSocketAddress({Ipv4Address(0x7f000001), 0});
    EXPECT_EQ(::bind(fd_.get(), address.get(), address.size), 0);
    EXPECT_EQ(
        ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.size), 0);
    endpoint_ = *EndpointOf(address.storage);
    thread_ = std::thread([this] { Serve(); });
  }
  ~AccountingServer() {
    const SocketAddress here = ToSocketAddress(endpoint_);
    ::sendto(fd_.get(), "", 0, 0, here.get(), here.size);  // the end
    thread_.join();
  }
  AccountingServer(const AccountingServer&) = delete;
  AccountingServer& operator=(const AccountingServer&) = delete;

  [[nodiscard]] RadiusServerConfig Config() const {
    RadiusServerConfig config;
    config.address = endpoint_.address;
    config.key = Secret("testing");
    config.acct_port = endpoint_.port;
    return config;
  }
  [[nodiscard]] radius::ServerSettings Settings() const {
    radius::ServerSettings settings;
    settings.address = endpoint_.address;
    settings.acct_port = endpoint_.port;
    settings.secret = Secret("testing");
    return settings;
  }
  std::atomic<bool> silent{false};
  Diary<radius::Packet> seen;      // every datagram
  Diary<radius::Packet> answered;  // those that got an answer

 private:
  void Serve() {
    Bytes buffer(4096);
    const std::string_view text = "testing";
    const ByteView secret{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
    for (;;) {
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      const ssize_t got = ::recvfrom(fd_.get(), buffer.data(), buffer.size(), 0,
                                     reinterpret_cast<sockaddr*>(&from), &size);
      if (got <= 0) return;
      const ByteView octets = ByteView(buffer).first(static_cast<std::size_t>(got));
      EXPECT_EQ(radius::VerifyRequest(octets, secret, radius::MessageAuthenticatorRule::kIfPresent),
                radius::Verdict::kGenuine);
      auto request = radius::Decode(octets);
      ASSERT_TRUE(request);
      const bool answer = !silent;
      seen.Add(*request);
      if (!answer) continue;
      radius::Packet reply;
      reply.code = radius::Code::kAccountingResponse;
      reply.identifier = request->identifier;
      const auto signed_reply = radius::SignReply(reply, radius::AuthenticatorOf(octets), secret,
                                                  radius::WithMessageAuthenticator::kNo);
      ::sendto(fd_.get(), signed_reply->data(), signed_reply->size(), 0,
               reinterpret_cast<const sockaddr*>(&from), size);
      answered.Add(std::move(*request));
    }
  }

  UniqueFd fd_;
  IpEndpoint endpoint_;
  std::thread thread_;
};

// Of an attribute with text or with a number.
inline std::string TextOf(const radius::Packet& packet, radius::AttributeKey key) {
  const radius::Attribute* attribute = packet.Find(key);
  return attribute == nullptr ? "" : std::string(radius::ReadText(attribute->value));
}
inline std::uint32_t NumberOf(const radius::Packet& packet, radius::AttributeKey key) {
  const radius::Attribute* attribute = packet.Find(key);
  return attribute == nullptr ? 0 : radius::ReadInteger(attribute->value).value_or(0);
}
// "Start 1": status and session.
inline std::string Summary(const radius::Packet& packet) {
  const auto status = static_cast<radius::AcctStatus>(NumberOf(packet, radius::kAcctStatusType));
  const std::string session = TextOf(packet, radius::kAcctSessionId);
  return radius::ToString(status) + (session.empty() ? "" : " " + session);
}
inline std::vector<std::string> Summaries(const std::vector<radius::Packet>& packets) {
  std::vector<std::string> words;
  for (const radius::Packet& packet : packets) words.push_back(Summary(packet));
  return words;
}

// One life of a control plane. Its destruction is like a kill, except that what is being written is
// written to its end.
class DeskLife {
 public:
  explicit DeskLife(Diary<std::string>& events) : events_(events) {
    AccountingDesk::Callbacks callbacks;
    callbacks.opened = [this](const SessionKey& key) { events_.Add("opened " + key.Owner()); };
    callbacks.refused = [this](const SessionKey& key, const std::string& reason) {
      events_.Add("refused " + key.Owner() + ": " + reason);
    };
    callbacks.release = [this](const SessionKey& key) { events_.Add("release " + key.Owner()); };
    callbacks.end = [this](const SessionKey& key, TerminateCause cause, const std::string&) {
      events_.Add("end " + key.Owner() + " " + ToString(cause));
    };
    const auto post = [this](std::function<void()> task) { loop_->Post(std::move(task)); };
    desk_ = std::make_unique<AccountingDesk>(link_, entropy_, post, std::move(callbacks));
    TaskLoop::Clock clock;
    clock.next_deadline = [this] {
      const auto mine = desk_->NextDeadline();
      const auto links = link_.NextDeadline();
      return mine && (!links || *mine < *links) ? mine : links;
    };
    clock.tick = [this] {
      link_.Tick();
      desk_->Tick();
    };
    loop_ = std::make_unique<TaskLoop>(std::move(clock), poller_);
  }
  ~DeskLife() {
    loop_->Stop();
    desk_.reset();  // its last tasks come to a loop that takes none any more
  }
  DeskLife(const DeskLife&) = delete;
  DeskLife& operator=(const DeskLife&) = delete;

  // Runs it in the loop; returns what it returns.
  template <class Call>
  auto In(Call call) {
    using Value = std::invoke_result_t<Call, AccountingDesk&>;
    std::promise<Value> result;
    loop_->Post([&] {
      if constexpr (std::is_void_v<Value>) {
        call(*desk_);
        result.set_value();
      } else {
        result.set_value(call(*desk_));
      }
    });
    return result.get_future().get();
  }
  Result<void> Start(const std::string& directory, AuthMode mode = AuthMode::kRadius) {
    return In([&](AccountingDesk& desk) { return desk.Start(directory, mode); });
  }
  Result<void> Configure(const RadiusConfig& config, AuthMode mode,
                         radius::ClientSettings settings) {
    return In([&](AccountingDesk& desk) {
      link_.Configure(std::move(settings));
      return desk.Configure(&config, mode, RadiusIdentity(config, routes));
    });
  }
  RadiusIdentity::Routes routes;  // asked in the loop; set before Configure

  // Until all that was said to it is on the disk.
  void UntilDurable() {
    std::promise<void> durable;
    loop_->Post([&] { desk_->WhenDurable("test", [&] { durable.set_value(); }); });
    durable.get_future().get();
  }
  bool StopStore() {
    loop_->Stop();
    return desk_->Stop(test::kPatience);
  }

 private:
  Diary<std::string>& events_;
  Poller poller_;
  KernelEntropy entropy_;
  RadiusLink link_{poller_, entropy_};
  std::unique_ptr<AccountingDesk> desk_;
  std::unique_ptr<TaskLoop> loop_;
};

class AccountingDeskTest : public ::testing::Test {
 protected:
  // A new control plane on the same folder; the one before is gone first.
  void Live(AuthMode mode = AuthMode::kRadius) {
    life.reset();
    life = std::make_unique<DeskLife>(events);
    const Result<void> started = life->Start(directory, mode);
    ASSERT_TRUE(started) << started.error().message;
    Configure(mode);
  }
  void Configure(AuthMode mode = AuthMode::kRadius) {
    RadiusConfig config;
    config.nas_identifier = nas_identifier;
    life->routes = routes;
    config.acct_on = acct_on;
    config.interim_interval = interim_interval;
    config.acct_timeout = std::chrono::seconds(0);
    radius::ClientSettings settings;
    settings.timeout = timeout;
    settings.max_try = max_try;
    for (const AccountingServer* each : servers) {
      config.servers.push_back(each->Config());
      settings.servers.push_back(each->Settings());
    }
    const Result<void> configured = life->Configure(config, mode, std::move(settings));
    ASSERT_TRUE(configured) << configured.error().message;
  }
  static OpenAccounting Login(const std::string& session) {
    OpenAccounting login;
    login.session = {"g", session};
    login.boot = "b";
    login.user = "ann";
    login.calling_station = "192.0.2.7";
    login.called_station = "192.0.2.1";
    login.address = *Ipv4Address::Parse("10.0.0.7");
    login.facts.classes = {Bytes{1, 2, 3}};
    login.facts.nas_port = 7;
    return login;
  }
  void Open(const std::string& session) {
    life->In([&](AccountingDesk& desk) { desk.Open(Login(session)); });
  }
  static SessionRecord Record(const std::string& session, SessionState state,
                              TrafficCounters counters = {}) {
    SessionRecord record;
    record.session = session;
    record.state = state;
    record.held = state == SessionState::kStarting;
    record.user = "ann";
    record.interface_name = "sstp0";
    record.policy.generation = Generation(1);
    record.policy.address = *Ipv4Address::Parse("10.0.0.7");
    record.counters = counters;
    return record;
  }
  void Report(SessionEventKind kind, const SessionRecord& record,
              TerminateCause cause = TerminateCause::kNone) {
    ReportBatch batch;
    batch.reports.push_back({++sequence, {kind, record, cause, ""}});
    life->In([&](AccountingDesk& desk) { desk.Reported("g", batch); });
  }
  void Held(const std::string& session) {
    Report(SessionEventKind::kHeld, Record(session, SessionState::kStarting));
  }
  void Up(const std::string& session) {
    Report(SessionEventKind::kUp, Record(session, SessionState::kActive));
  }
  void Down(const std::string& session, TrafficCounters counters) {
    Report(SessionEventKind::kDown, Record(session, SessionState::kFinishing, counters),
           TerminateCause::kUserRequest);
  }
  void Attach(const std::vector<SessionRecord>& sessions) {
    Hello hello;
    hello.gateway_id = "g";
    hello.boot_id = "b";
    hello.sessions = sessions;
    life->In([&](AccountingDesk& desk) { desk.Attached(hello); });
  }
  AccountingDesk::View Look() {
    return life->In([](AccountingDesk& desk) { return desk.Look(); });
  }
  // Every record is acknowledged, and that is known.
  bool UntilDelivered() {
    return test::WaitUntil([&] { return Look().records == 0; }, test::kPatience);
  }

  test::TempDir folder;
  std::string directory = folder.File("state");
  Diary<std::string> events;
  AccountingServer server;
  AccountingServer second;
  std::vector<AccountingServer*> servers{&server};
  bool acct_on = false;
  std::string nas_identifier = "nas1";
  RadiusIdentity::Routes routes;  // needed where there is no nas_identifier
  // Of one transmission: longer than a busy machine needs, so that nothing is said twice.
  std::chrono::milliseconds timeout = test::kPatience;
  std::uint32_t max_try = 2;
  std::chrono::seconds interim_interval{0};
  std::uint64_t sequence = 0;
  std::unique_ptr<DeskLife> life;
};

}  // namespace sstpgw::cp
