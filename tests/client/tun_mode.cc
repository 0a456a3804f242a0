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
#include "tests/client/line_reader.h"
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
  TunClient(const TunOptions& options, Connection& connection, Entropy& entropy)
      : options_(options),
        connection_(connection),
        entropy_(entropy),
        commands_(options.commands ? STDIN_FILENO : -1),
        stop_fd_(StopSignals()) {
    connection_.on_ip_packet = [this](ByteView packet) {
      if (host_ && host_->Receive(packet, Now())) return;
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
      // Before what the session sends goes out: encrypted packets must not overtake each other.
      for (const std::string& command : commands_.Take()) Obey(command);
      if (host_) host_->Tick(Now());
      connection_.Run();
      if (options_.trace) PrintTrace();
      ClientSession* session = connection_.session();
      if (session != nullptr && session->phase() == Phase::kUp) {
        if (!announced_ && !Announce()) return 1;
        if (!TakeChanges(*session)) return 1;
        connection_.Run();  // what these have to say
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
    if (facts.ipv4_up) {
      Say("address: " + facts.address.ToString());
      Say("peer: " + facts.gateway.ToString());
    }
    Say("mtu: " + std::to_string(facts.mtu));
    if (facts.mru) Say("mru: " + std::to_string(*facts.mru));
    for (const Ipv4Address& dns : facts.dns) Say("dns: " + dns.ToString());
    for (const Ipv4Address& wins : facts.wins) Say("wins: " + wins.ToString());
    if (facts.mppe.up) SayMppe(facts);
    if (facts.ipv6_up && !OpenIpv6(facts)) return false;
    Say("up");
    if (host_) host_->Start(Now());
    return true;
  }

  // What came or went after the session was up.
  bool TakeChanges(const ClientSession& session) {
    const Facts& facts = session.facts();
    if (facts.mppe.up != mppe_) SayMppe(facts);
    if (facts.ipv6_up == host_.has_value()) return true;
    if (!facts.ipv6_up) {
      host_.reset();
      Say("ipv6: down");
      return true;
    }
    if (!OpenIpv6(facts)) return false;
    Say("ipv6: up");
    host_->Start(Now());
    return true;
  }

  void SayMppe(const Facts& facts) {
    mppe_ = facts.mppe.up;
    const auto text = [](const MppeMode& mode) {
      return std::to_string(mode.bits) + (mode.stateless ? " stateless" : " stateful");
    };
    const bool alike = facts.mppe.sending == facts.mppe.receiving;
    Say(!mppe_ ? "mppe: off"
               : "mppe: " + text(facts.mppe.sending) +
                     (alike ? "" : " receiving " + text(facts.mppe.receiving)));
  }

  bool OpenIpv6(const Facts& facts) {
    Ipv6Host::Events events;
    events.send = [this](const Bytes& packet) { connection_.session()->SendIpPacket(packet); };
    events.say = Say;
    if (tun_) {
      events.address = [this](const Ipv6Prefix& address, bool present) {
        Note(present ? tun_->AddAddress(address) : tun_->RemoveAddress(address));
      };
      events.mtu = [this](std::uint32_t mtu) { Note(tun_->SetIpv6Mtu(mtu)); };
      if (options_.default_route6) events.default_route = [this](bool on) { SetDefaultRoute(on); };
    }
    host_.emplace(options_.ipv6, facts.interface_id, entropy_, std::move(events));
    if (tun_) {
      // A second IPv6CP may agree on another identifier; the old address does no harm.
      if (auto done = tun_->AddAddress({host_->link_local(), 64}); !done) {
        return Refuse(done.error());
      }
    }
    Say("link-local: " + host_->link_local().ToString());
    Say("peer-link-local: " + LinkLocal(facts.peer_interface_id).ToString());
    return true;
  }

  void SetDefaultRoute(bool present) {
    if (present == default_route_) return;
    default_route_ = present;
    Note(present ? tun_->AddRoute(Ipv6Prefix{}) : tun_->RemoveRoute(Ipv6Prefix{}));
  }

  // What goes wrong with addresses is told, and the session goes on.
  static void Note(const Result<void>& result) {
    if (!result) std::fprintf(stderr, "%s\n", result.error().message.c_str());
  }

  void Obey(const std::string& command) {
    ClientSession* session = connection_.session();
    if (session == nullptr) return;
    if (command == "ask-ipv6") {
      session->AskIpv6(Now());
    } else if (command == "end-ipv4" || command == "end-ipv6" || command == "end-ccp") {
      session->TerminateLayer(command == "end-ipv4"   ? kIpcp
                              : command == "end-ipv6" ? kIpv6cp
                                                      : kCcp,
                              Now());
    } else if (command == "reset-request") {
      session->SendResetRequest(Now());
    } else if (command == "mppe-facts") {
      SayMppeFacts(session->facts().mppe);
    } else if (command == "disconnect") {
      session->Disconnect(Now());
    } else if (!host_ || !host_->Command(command, Now())) {
      Say("no such command: " + Escape(command));
    }
  }

  static void SayMppeFacts(const MppeFacts& facts) {
    Say("mppe-facts: received " + std::to_string(facts.received) + " out-of-step " +
        std::to_string(facts.out_of_step) + " discarded " + std::to_string(facts.discarded) +
        " malformed " + std::to_string(facts.malformed) + " plaintext " +
        std::to_string(facts.plaintext_received) + " resets-of-us " +
        std::to_string(facts.resets_asked_of_us) + " resets-by-us " +
        std::to_string(facts.resets_asked_by_us));
  }

  bool OpenInterface(const Facts& facts) {
    Result<TunInterface> made =
        TunInterface::Create(options_.interface_name, !options_.packet_at_a_time);
    if (!made) return Refuse(made.error());
    tun_.emplace(std::move(*made));
    if (auto done = tun_->BringUp(facts.mtu); !done) return Refuse(done.error());
    if (facts.ipv4_up) {
      if (auto done = tun_->Configure(facts.address, facts.gateway); !done) {
        return Refuse(done.error());
      }
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
    std::array<pollfd, 4> waiting{{{stop_fd_, POLLIN, 0},
                                   {connection_.fd(), connection_.wanted_events(), 0},
                                   {read_tun ? tun_->fd() : -1, POLLIN, 0},
                                   {commands_.fd(), POLLIN, 0}}};
    int timeout = connection_.has_pending() ? 0 : -1;
    if (const auto due = Deadline(); due && timeout != 0) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due - Now()).count();
      timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60000));
    }
    poll(waiting.data(), waiting.size(), timeout);
    if ((waiting[0].revents & POLLIN) != 0) Stop();
    if ((waiting[2].revents & POLLIN) != 0) data_path_->FromTun();
    if (waiting[3].revents != 0) commands_.Read();
  }

  [[nodiscard]] std::optional<TimePoint> Deadline() const {
    std::optional<TimePoint> due = connection_.Deadline();
    const std::optional<TimePoint> other = host_ ? host_->Deadline() : std::nullopt;
    if (other && (!due || *other < *due)) due = other;
    return due;
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
  Entropy& entropy_;
  LineReader commands_;
  std::optional<TunInterface> tun_;
  std::optional<Ipv6Host> host_;  // while IPv6CP is open
  std::unique_ptr<DataPath> data_path_;
  int stop_fd_;
  bool announced_ = false;
  bool mppe_ = false;
  bool default_route_ = false;
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
  return TunClient(options, connection, entropy).Run();
}

}  // namespace sstpgw::client
