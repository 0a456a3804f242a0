#include "tests/client/tun_mode.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <optional>

#include "proto/base/text.h"
#include "tests/client/connection.h"
#include "tests/client/data_path.h"
#include "tests/client/signals.h"
#include "tests/client/tun_interface.h"

namespace sstpgw::client {
namespace {

constexpr std::size_t kReadSize = std::size_t{256} * 1024;  // from the kernel at one time, in bulk
// Of super-packets, the usual 500 would be tens of megabytes; of small packets, much less than this
// would lose bursts.
constexpr int kSuperPacketQueue = 128;

void Say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

class TunClient {
 public:
  TunClient(const TunOptions& options, Connection& connection)
      : options_(options), connection_(connection), stop_fd_(StopSignals()) {
    connection_.on_ip_packet = [this](ByteView packet) {
      if (data_path_) data_path_->OnIpPacket(packet);
    };
    connection_.on_receive_end = [this] {
      if (data_path_) data_path_->OnReceiveEnd();
    };
  }
  ~TunClient() { close(stop_fd_); }
  TunClient(const TunClient&) = delete;
  TunClient& operator=(const TunClient&) = delete;

  int Run() {
    while (!connection_.finished()) {
      connection_.Run();
      if (options_.trace) PrintTrace();
      ClientSession* session = connection_.session();
      if (session != nullptr && session->phase() == Phase::kUp && !announced_ && !Announce()) {
        return 1;
      }
      if (!connection_.finished()) Wait();
    }
    const Failure failure = connection_.failure();
    Say(std::string("closed: ") + ToString(failure.kind) +
        (failure.detail.empty() ? "" : " (" + Escape(failure.detail) + ")"));
    return failure.kind == FailureKind::kNone ? 0 : 1;
  }

 private:
  bool Announce() {
    announced_ = true;
    const Facts& facts = connection_.session()->facts();
    if (!options_.no_interface && !OpenInterface(facts)) return false;
    Say("tls: " + connection_.tls().version() + " " + connection_.tls().cipher());
    Say("auth-message: " + Escape(facts.auth_message));
    Say("address: " + facts.address.ToString());
    Say("peer: " + facts.gateway.ToString());
    Say("mtu: " + std::to_string(facts.mtu));
    if (facts.mru) Say("mru: " + std::to_string(*facts.mru));
    for (const Ipv4Address& dns : facts.dns) Say("dns: " + dns.ToString());
    for (const Ipv4Address& wins : facts.wins) Say("wins: " + wins.ToString());
    Say("up");
    return true;
  }

  bool OpenInterface(const Facts& facts) {
    Result<TunInterface> made =
        TunInterface::Create(options_.interface_name, !options_.packet_at_a_time);
    if (!made) return Refuse(made.error());
    tun_.emplace(std::move(*made));
    if (auto done = tun_->Configure(facts.address, facts.gateway, facts.mtu); !done) {
      return Refuse(done.error());
    }
    if (!options_.packet_at_a_time) {
      if (auto done = tun_->SetQueueLength(kSuperPacketQueue); !done) return Refuse(done.error());
    }
    for (const std::string& route : options_.routes) {
      if (auto done = tun_->AddRoute(route); !done) return Refuse(done.error());
    }
    connection_.BeginBulk(options_.packet_at_a_time ? 0 : kReadSize);
    data_path_ = options_.packet_at_a_time ? MakePacketPath(*tun_, connection_)
                                           : MakeSuperPacketPath(*tun_, connection_);
    Say("interface: " + tun_->name());
    return true;
  }

  static bool Refuse(const Error& error) {
    std::fprintf(stderr, "%s\n", error.message.c_str());
    return false;
  }

  void Wait() {
    const bool read_tun = data_path_ && connection_.backlog() == 0;
    std::array<pollfd, 3> waiting{{{stop_fd_, POLLIN, 0},
                                   {connection_.fd(), connection_.wanted_events(), 0},
                                   {read_tun ? tun_->fd() : -1, POLLIN, 0}}};
    int timeout = connection_.has_pending() ? 0 : -1;
    if (const auto due = connection_.Deadline(); due && timeout != 0) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due - Now()).count();
      timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60000));
    }
    poll(waiting.data(), waiting.size(), timeout);
    if ((waiting[0].revents & POLLIN) != 0) Stop();
    if ((waiting[2].revents & POLLIN) != 0) data_path_->FromTun();
  }

  void Stop() {
    std::array<char, 1024> discarded;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    const ssize_t size = read(stop_fd_, discarded.data(), discarded.size());
    ClientSession* session = connection_.session();
    if (size <= 0) return;
    if (session == nullptr || session->phase() == Phase::kClosing) {
      std::_Exit(1);  // the second signal, or nothing to say good-bye to
    }
    session->Disconnect(Now());
  }

  void PrintTrace() {
    if (connection_.session() == nullptr) return;
    const std::deque<TraceEntry>& trace = connection_.session()->trace();
    for (; traced_ < trace.size(); ++traced_) {
      const TraceEntry& entry = trace[traced_];
      std::fprintf(stderr, "%s %s\n", entry.from_server ? "recv" : "send",
                   ToHex(entry.packet.raw).c_str());
    }
  }

  const TunOptions& options_;
  Connection& connection_;
  std::optional<TunInterface> tun_;
  std::unique_ptr<DataPath> data_path_;
  int stop_fd_;
  bool announced_ = false;
  std::size_t traced_ = 0;
};

}  // namespace

int RunTunMode(const Target& target, const TunOptions& options) {
  const Result<TlsClientContext> context = TlsClientContext::Make(target.tls);
  if (!context) {
    std::fprintf(stderr, "%s\n", context.error().message.c_str());
    return 1;
  }
  const Result<int> fd = StartConnect(target.address, target.port);
  if (!fd) {
    std::fprintf(stderr, "%s\n", fd.error().message.c_str());
    return 1;
  }
  SystemEntropy entropy;
  Connection connection(*context, *fd, target.options, entropy);
  return TunClient(options, connection).Run();
}

}  // namespace sstpgw::client
