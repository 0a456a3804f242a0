#include "gateway/handshaker.h"

#include <iterator>
#include <utility>
#include <variant>

#include "proto/base/log.h"
#include "proto/base/text.h"

namespace sstpgw::gateway {

// One TLS handshake under way.
class Handshaker::Connection final : private edge::IoHandler, private edge::TimerHandler {
 public:
  Connection(Handshaker& owner, std::unique_ptr<edge::TlsStream> tls_stream,
             const edge::AcceptedConnection& accepted)
      : peer(accepted.peer),
        local(accepted.local),
        accepted_at(owner.loop_->Now()),
        generation(owner.settings_.generation),
        stream(std::move(tls_stream)),
        owner_(owner) {}
  ~Connection() override { Forget(); }

  Result<bool> Begin(Duration deadline) {
    SG_ASSIGN_OR_RETURN(handle_, owner_.loop_->Add(stream->fd(), edge::Interest::kRead, *this));
    timer_ = owner_.loop_->StartTimer(deadline, *this);
    return true;
  }
  // No event comes after this.
  void Forget() {
    owner_.loop_->Remove(handle_);
    owner_.loop_->CancelTimer(timer_);
  }

  const edge::Endpoint peer;
  const edge::Endpoint local;
  const TimePoint accepted_at;
  const Generation generation;
  std::unique_ptr<edge::TlsStream> stream;
  Connections::iterator position;

 private:
  void OnIo(edge::IoEvents /*events*/) override {
    switch (stream->Handshake()) {
      case edge::HandshakeStatus::kDone:
        return owner_.OnHandshakeDone(*this);
      case edge::HandshakeStatus::kWantRead:
        return owner_.loop_->Modify(
            handle_, stream->wants_write() ? edge::Interest::kReadWrite : edge::Interest::kRead);
      case edge::HandshakeStatus::kWantWrite:
        return owner_.loop_->Modify(handle_, edge::Interest::kWrite);
      case edge::HandshakeStatus::kFailed:
        return owner_.OnHandshakeFailed(*this, Count::kTlsFailed, stream->failure());
    }
  }
  void OnTimer(std::uint64_t /*cookie*/) override {
    owner_.OnHandshakeFailed(*this, Count::kTlsTimeout, "negotiation timeout");
  }

  Handshaker& owner_;
  edge::IoHandle handle_;
  edge::TimerHandle timer_;
};

Result<std::unique_ptr<Handshaker>> Handshaker::Create(
    const Options& options, const std::vector<std::unique_ptr<Worker>>& workers, LoadBoard& load,
    AppInbox& app) {
  SG_ASSIGN_OR_RETURN(auto loop, edge::EventLoop::Create());
  std::unique_ptr<Handshaker> handshaker(
      new Handshaker(options, std::move(loop), workers, load, app));
  Handshaker& self = *handshaker;
  SG_ASSIGN_OR_RETURN(
      handshaker->mailbox_,
      edge::Mailbox<HandshakeMessage>::Create(*self.loop_, [&self](HandshakeMessage message) {
        std::visit([&self](auto&& part) { self.Handle(std::move(part)); }, std::move(message));
      }));
  self.loop_->SetAfterDispatch([&self] { self.dropped_.clear(); });
  return handshaker;
}

Handshaker::Handshaker(const Options& options, std::unique_ptr<edge::EventLoop> loop,
                       const std::vector<std::unique_ptr<Worker>>& workers, LoadBoard& load,
                       AppInbox& app)
    : options_(options), loop_(std::move(loop)), workers_(workers), load_(load), app_(app) {}

Handshaker::~Handshaker() = default;

void Handshaker::Start() {
  thread_ = std::thread([this] { loop_->Run(); });
}

void Handshaker::Join() {
  if (thread_.joinable()) thread_.join();
}

// ---- Messages
// ----------------------------------------------------------------------------------

void Handshaker::Handle(HandshakeSettings settings) {
  if (settings.listeners) {
    Handle(CloseListeners{});
    for (edge::Listener& listener : *settings.listeners) {
      auto acceptor = edge::Acceptor::Create(
          *loop_, std::move(listener),
          [this](edge::AcceptedConnection accepted) { OnAccepted(std::move(accepted)); });
      if (!acceptor) {
        Log(LogLevel::kError, "cannot accept connections: " + acceptor.error().message);
        continue;
      }
      acceptors_.push_back(std::move(*acceptor));
    }
    settings.listeners.reset();
  }
  const bool kernel_tls = settings.kernel_tls.send || settings.kernel_tls.receive;
  if (kernel_tls && edge::KernelTlsOfThisHost().available) settings.tls->NoteTrafficSecrets();
  settings_ = std::move(settings);
}

void Handshaker::Handle(DrainChanged drain) { draining_ = drain.enabled; }

void Handshaker::Handle(CloseListeners /*close*/) {
  for (const auto& acceptor : acceptors_) refused_by_closed_ += acceptor->refused();
  acceptors_.clear();
}

void Handshaker::Handle(FiguresRequest /*request*/) {
  static constexpr std::array<const char*, kCounts> kNames{"connections_accepted",
                                                           "connections_refused_drain",
                                                           "connections_refused_max_sessions",
                                                           "handshakes_evicted",
                                                           "tls_handshakes",
                                                           "tls_handshakes_failed",
                                                           "tls_handshake_timeouts",
                                                           "ktls_sessions_send",
                                                           "ktls_fallback_no_kernel_support",
                                                           "ktls_fallback_version",
                                                           "ktls_fallback_cipher",
                                                           "ktls_fallback_unusable",
                                                           "ktls_fallback_refused"};
  static_assert(kNames.back() != nullptr, "a name for each");
  HandshakeFigures figures;
  figures.thread = options_.index;
  for (std::size_t i = 0; i < kCounts; ++i) figures.counters.push_back({kNames[i], counts_[i]});
  std::uint64_t refused = refused_by_closed_;
  for (const auto& acceptor : acceptors_) refused += acceptor->refused();
  if (const std::uint64_t now = refused - refused_told_; now > 0) {
    Log(LogLevel::kWarning, "sstp: " + std::to_string(now) +
                                " connections refused: out of file descriptors; raise LimitNOFILE "
                                "or fs.file-max");
    refused_told_ = refused;
  }
  figures.counters.push_back({"connections_refused_descriptors", refused});
  figures.unfinished = static_cast<std::uint32_t>(connections_.size());
  figures.timers_pending = static_cast<std::uint32_t>(loop_->timers_pending());
  app_.Post(std::move(figures));
}

void Handshaker::Handle(StopThread /*stop*/) {
  Handle(CloseListeners{});
  connections_.clear();
  loop_->Stop();
}

// ---- Connections
// -------------------------------------------------------------------------------

bool Handshaker::Admit(const std::string& peer) {
  if (draining_) {
    CountOne(Count::kRefusedDrain);
    Log(LogLevel::kTrace, "sstp: connection from " + peer + " refused: draining");
    return false;
  }
  if (settings_.max_sessions != 0 && load_.Total() >= settings_.max_sessions) {
    CountOne(Count::kRefusedMaxSessions);
    Log(LogLevel::kTrace, "sstp: connection from " + peer + " refused: max-sessions reached");
    return false;
  }
  return true;
}

void Handshaker::OnAccepted(edge::AcceptedConnection accepted) {
  CountOne(Count::kAccepted);
  const std::string peer = accepted.peer.ToString();
  Log(LogLevel::kTrace, "sstp: new connection from " + peer);
  if (!Admit(peer)) return;
  if (connections_.size() >= options_.max_unfinished) {
    CountOne(Count::kEvicted);
    Drop(*connections_.front());
  }
  auto stream = edge::TlsStream::Create(*settings_.tls, std::move(accepted.fd));
  if (!stream) {
    CountOne(Count::kTlsFailed);
    Log(LogLevel::kError, "sstp: " + peer + ": " + stream.error().message);
    return;
  }
  Log(LogLevel::kDebug, "sstp: starting");
  connections_.push_back(std::make_unique<Connection>(*this, std::move(*stream), accepted));
  Connection& connection = *connections_.back();
  connection.position = std::prev(connections_.end());
  if (const auto begun = connection.Begin(settings_.negotiation_timeout); !begun) {
    OnHandshakeFailed(connection, Count::kTlsFailed, begun.error().message);
  }
}

void Handshaker::LogHello(const edge::TlsStream& stream) {
  if (!settings_.log_sni || !stream.client_hello_seen() || !LogEnabled(LogLevel::kTrace)) return;
  Log(LogLevel::kTrace, stream.sni() ? "sstp: recv [SSL <SNI " + Escape(*stream.sni()) + ">]"
                                     : "sstp: recv [SSL <no SNI>]");
}

void Handshaker::OnHandshakeFailed(Connection& connection, Count why, const std::string& reason) {
  CountOne(why);
  LogHello(*connection.stream);
  // Scanners and browsers come here all day: not for the default log level.
  Log(LogLevel::kTrace, "sstp: TLS with " + connection.peer.ToString() + " failed: " + reason);
  Drop(connection);
}

// Not for kNone.
constexpr Handshaker::Count Handshaker::CountOf(edge::KernelTlsFallback fallback) {
  return static_cast<Count>(static_cast<std::size_t>(Count::kKernelTlsUnsupported) +
                            static_cast<std::size_t>(fallback) -
                            static_cast<std::size_t>(edge::KernelTlsFallback::kNoKernelSupport));
}

void Handshaker::EnableKernelTls(Connection& connection) {
  using edge::KernelTlsFallback;
  static_assert(CountOf(KernelTlsFallback::kNoKernelSupport) == Count::kKernelTlsUnsupported);
  static_assert(CountOf(KernelTlsFallback::kVersion) == Count::kKernelTlsVersion);
  static_assert(CountOf(KernelTlsFallback::kCipher) == Count::kKernelTlsCipher);
  static_assert(CountOf(KernelTlsFallback::kUnusable) == Count::kKernelTlsUnusable);
  static_assert(CountOf(KernelTlsFallback::kRefused) == Count::kKernelTlsRefused);
  static_assert(CountOf(KernelTlsFallback::kLast) == Count::kLast);
  const edge::KernelTlsWish& wish = settings_.kernel_tls;
  const bool wanted = wish.send || wish.receive;
  const edge::KernelTlsOutcome outcome = connection.stream->EnableKernelTls(
      wish, wanted ? edge::KernelTlsOfThisHost() : edge::KernelTlsSupport{});
  if (outcome.send) CountOne(Count::kKernelTlsSend);
  if (outcome.fallback == edge::KernelTlsFallback::kNone) return;
  CountOne(CountOf(outcome.fallback));
}

void Handshaker::OnHandshakeDone(Connection& connection) {
  LogHello(*connection.stream);
  EnableKernelTls(connection);
  const auto hashes = connection.stream->leaf_hashes();
  if (!hashes) {
    OnHandshakeFailed(connection, Count::kTlsFailed, hashes.error().message);
    return;
  }
  if (!Admit(connection.peer.ToString())) {
    Drop(connection);
    return;
  }
  CountOne(Count::kTlsDone);
  connection.Forget();
  NewConnection message;
  message.info.peer = connection.peer.ToString();
  message.info.calling_station = connection.peer.address;
  message.info.called_station = connection.local.address;
  message.info.certificate = {hashes->sha1, hashes->sha256};
  message.info.tls_version = connection.stream->version();
  message.info.tls_cipher = connection.stream->cipher();
  message.generation = connection.generation;
  message.accepted_at = connection.accepted_at;
  message.stream = std::move(connection.stream);
  const std::size_t worker = ChooseWorker();
  load_.Add(worker);
  workers_[worker]->Post(std::move(message));
  Drop(connection);
}

std::size_t Handshaker::ChooseWorker() {
  std::size_t best = next_worker_ % workers_.size();
  for (std::size_t i = 1; i < workers_.size(); ++i) {
    const std::size_t candidate = (next_worker_ + i) % workers_.size();
    if (load_.Of(candidate) < load_.Of(best)) best = candidate;
  }
  next_worker_ = best + 1;
  return best;
}

void Handshaker::Drop(Connection& connection) {
  connection.Forget();
  dropped_.splice(dropped_.end(), connections_, connection.position);
}

}  // namespace sstpgw::gateway
