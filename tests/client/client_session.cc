#include "tests/client/client_session.h"

#include <algorithm>
#include <utility>

#include "tests/client/client_crypto.h"
#include "tests/client/data_frames.h"
#include "tests/client/ppp_client.h"

namespace sstpgw::client {
namespace {

constexpr std::size_t kMaxHttpHead = 8192;
constexpr std::chrono::seconds kDisconnectWait{5};  // [MS-SSTP] 3.1.2 disconnect timer 1

std::vector<std::string> SplitLines(const std::string& head) {
  std::vector<std::string> lines;
  std::size_t at = 0;
  while (at < head.size()) {
    std::size_t end = head.find("\r\n", at);
    if (end == std::string::npos) end = head.size();
    if (end > at) lines.push_back(head.substr(at, end - at));
    at = end + 2;
  }
  return lines;
}

}  // namespace

class ClientSession::Impl {
 public:
  Impl(const ClientOptions& options, Bytes certificate, Entropy& entropy, TimePoint now)
      : options_(options),
        certificate_(std::move(certificate)),
        now_(now),
        setup_deadline_(now + options.setup_timeout),
        frames_(options, facts_, [this] { AskForReset(); }),
        ppp_(options, entropy, facts_, PppEvents()) {
    const Deviations& odd = options_.deviations;
    std::string request = HttpRequest(options_.host, options_.correlation_id);
    if (odd.http_method) request.replace(0, request.find(' '), *odd.http_method);
    if (odd.http_target) {
      const std::size_t begin = request.find(' ') + 1;
      request.replace(begin, request.find(' ', begin) - begin, *odd.http_target);
    }
    output_ = ToBytes(request);
  }

  void Receive(ByteView bytes, TimePoint now) {
    now_ = now;
    kept_.clear();
    if (phase_ == Phase::kHttp) {
      head_.append(bytes.begin(), bytes.end());
      TakeHttpReply();
      TakePackets();
      return;
    }
    while (!bytes.empty() && phase_ != Phase::kClosed && !splitter_.broken()) {
      if (splitter_.empty()) {
        if (frames_.plain()) bytes = TakeIpInPlace(bytes);
        if (bytes.empty()) return;
      }
      const std::size_t take = std::min(bytes.size(), splitter_.Lacking());
      splitter_.Append(bytes.first(take));
      bytes = bytes.subspan(take);
      TakePackets();
    }
  }

  void ConnectionLost(const std::string& reason) {
    if (phase_ == Phase::kClosed) return;
    if (phase_ != Phase::kClosing) Fail(FailureKind::kConnectionLost, reason);
    phase_ = Phase::kClosed;
  }

  void Tick(TimePoint now) {
    now_ = now;
    if (phase_ == Phase::kClosing && now >= closing_deadline_) phase_ = Phase::kClosed;
    if (phase_ >= Phase::kClosing) return;
    if (phase_ != Phase::kUp && now >= setup_deadline_) {
      FailAndClose(FailureKind::kTimeout, std::string("no progress in phase ") + ToString(phase_));
      return;
    }
    ppp_.Tick(now);
  }

  [[nodiscard]] std::optional<TimePoint> Deadline() const {
    if (phase_ == Phase::kClosed) return std::nullopt;
    if (phase_ == Phase::kClosing) return closing_deadline_;
    std::optional<TimePoint> due = ppp_.Deadline();
    if (phase_ != Phase::kUp && (!due || setup_deadline_ < *due)) due = setup_deadline_;
    return due;
  }

  Bytes TakeOutput() { return std::exchange(output_, {}); }

  void Send(Bytes packet) {
    Remember(false, packet);
    output_.insert(output_.end(), packet.begin(), packet.end());
  }

  void SendIpPacket(ByteView packet) {
    if (phase_ != Phase::kUp) return;
    const std::size_t begin = output_.size();
    output_.resize(begin + frames_.header_size());
    output_.insert(output_.end(), packet.begin(), packet.end());
    if (!frames_.Finish(std::span(output_).subspan(begin))) output_.resize(begin);
  }

  void Disconnect(TimePoint now) {
    now_ = now;
    if (phase_ >= Phase::kClosing) return;
    if (phase_ != Phase::kHttp) Send(SstpWithStatus(kCallDisconnect, 0, 0));
    BeginClosing();
  }

  void TerminateLcp(TimePoint now) {
    now_ = now;
    if (phase_ >= Phase::kClosing) return;
    ppp_.Terminate();
    BeginClosing();
  }

  void AskIpv6(TimePoint now) {
    now_ = now;
    if (phase_ < Phase::kClosing) ppp_.AskIpv6(now);
  }

  void TerminateLayer(std::uint16_t protocol, TimePoint now) {
    now_ = now;
    if (phase_ < Phase::kClosing) ppp_.TerminateLayer(protocol);
  }

  void AskForReset() {
    ++facts_.mppe.resets_asked_by_us;
    ppp_.SendResetRequest();
  }

  [[nodiscard]] DataFrames& frames() { return frames_; }
  void set_now(TimePoint now) { now_ = now; }

  std::function<void(ByteView)> sink_;
  Phase phase_ = Phase::kHttp;
  Facts facts_;
  Failure failure_;
  std::deque<TraceEntry> trace_;

  [[nodiscard]] const Hlak& hlak() const { return ppp_.hlak(); }

 private:
  PppClient::Events PppEvents() {
    return {[this](std::uint16_t protocol, const PppControl& packet) {
              Send(SstpPpp(protocol, packet));
            },
            [this](Phase phase) {
              if (phase_ < Phase::kClosing) phase_ = phase;
            },
            [this] { SendCallConnected(); },
            [this](FailureKind kind, const std::string& detail) {
              // The server ends the call after a failed authentication; in other cases we do.
              if (kind == FailureKind::kAuthentication) {
                Fail(kind, detail);
                BeginClosing();
              } else {
                FailAndClose(kind, detail);
              }
            },
            [this] {
              if (phase_ < Phase::kClosing) {
                Fail(FailureKind::kDisconnected, "LCP Terminate-Request from the server");
                BeginClosing();
              }
            },
            [this](const MppeStartKeys& keys, const MppeMode& sending, const MppeMode& receiving) {
              frames_.StartMppe(keys, sending, receiving);
            },
            [this] { frames_.StopMppe(); },
            [this] { frames_.Flush(); }};
  }

  void Fail(FailureKind kind, const std::string& detail) {
    if (failure_.kind == FailureKind::kNone) failure_ = {kind, detail};
  }

  void BeginClosing() {
    phase_ = Phase::kClosing;
    closing_deadline_ = now_ + kDisconnectWait;
  }

  void FailAndClose(FailureKind kind, const std::string& detail) {
    Fail(kind, detail);
    if (phase_ < Phase::kClosing) Disconnect(now_);
  }

  void Remember(bool from_server, const Bytes& packet) {
    if (!options_.keep_trace || trace_.size() >= kTraceLimit) return;
    trace_.push_back({from_server, now_, {packet}});
  }

  void TakeHttpReply() {
    const std::size_t end = head_.find("\r\n\r\n");
    if (end == std::string::npos) {
      if (head_.size() > kMaxHttpHead) {
        Fail(FailureKind::kProtocol, "HTTP reply is too long");
        phase_ = Phase::kClosed;
      }
      return;
    }
    facts_.http_headers = SplitLines(head_.substr(0, end));
    if (!facts_.http_headers.empty()) {
      facts_.http_status = facts_.http_headers.front();
      facts_.http_headers.erase(facts_.http_headers.begin());
    }
    if (facts_.http_status.find(" 200 ") == std::string::npos) {
      Fail(FailureKind::kHttpRefused, facts_.http_status);
      phase_ = Phase::kClosed;
      return;
    }
    const Bytes rest(head_.begin() + static_cast<std::ptrdiff_t>(end) + 4, head_.end());
    head_.clear();
    phase_ = Phase::kCallRequested;
    Send(CallConnectRequest());
    splitter_.Append(rest);
  }

  void TakePackets() {
    while (phase_ != Phase::kClosed) {
      const std::optional<SstpPacket> packet = splitter_.Next();
      if (!packet) break;
      if (packet->is_control()) {
        Remember(true, packet->raw);
        ReceiveControl(*packet);
      } else if (std::optional<PppFrame> frame = packet->frame()) {
        ReceiveFrame(*packet, *frame);
      }
    }
    if (splitter_.broken() && phase_ != Phase::kClosed) {
      Fail(FailureKind::kProtocol, "the server's stream has no packet boundaries");
      phase_ = Phase::kClosed;
    }
  }

  // What is left after the whole IP packets that `bytes` begins with.
  ByteView TakeIpInPlace(ByteView bytes) {
    while (true) {
      const ByteView packet = LeadingIp(bytes);
      if (packet.empty() || (Get16(bytes, 6) == kIpv6 && !facts_.ipv6_up)) return bytes;
      ++facts_.ip_packets_received;
      if (sink_) sink_(packet);
      bytes = bytes.subspan(kIpFrameHeader + packet.size());
    }
  }

  void ReceiveFrame(const SstpPacket& packet, const PppFrame& frame) {
    const bool data = frame.protocol == kIpv4 || (frame.protocol == kIpv6 && facts_.ipv6_up) ||
                      (frame.protocol == kCompressed && facts_.mppe.up);
    if (!data) {
      Remember(true, packet.raw);
      ppp_.Receive(frame, now_);
      return;
    }
    std::optional<Bytes> ip = frames_.Open(frame);
    if (!ip) return;
    ++facts_.ip_packets_received;
    kept_.push_back(std::move(*ip));
    if (sink_) sink_(kept_.back());
  }

  void ReceiveControl(const SstpPacket& packet) {
    switch (packet.message_type()) {
      case kCallConnectAck:
        TakeCallConnectAck(packet);
        return;
      case kCallConnectNak:
        FailAndClose(FailureKind::kCallRefused,
                     "CALL_CONNECT_NAK, status " + std::to_string(packet.status().value_or(0)));
        return;
      case kCallAbort:
        if (phase_ < Phase::kClosing) {
          Fail(FailureKind::kAborted,
               "CALL_ABORT, status " + std::to_string(packet.status().value_or(0)));
          Send(SstpWithStatus(kCallAbort, 0, 0));
        }
        phase_ = Phase::kClosed;
        return;
      case kCallDisconnect:
        if (phase_ < Phase::kClosing) Fail(FailureKind::kDisconnected, "CALL_DISCONNECT");
        if (options_.deviations.ignore_terminate) return;
        Send(SstpControl(kCallDisconnectAck, {}));
        phase_ = Phase::kClosed;
        return;
      case kCallDisconnectAck:
        phase_ = Phase::kClosed;
        return;
      case kSstpEchoRequest:
        ++facts_.sstp_echo_requests;
        if (!options_.deviations.ignore_sstp_echo) Send(SstpControl(kSstpEchoResponse, {}));
        return;
      default:
        return;
    }
  }

  void TakeCallConnectAck(const SstpPacket& packet) {
    if (phase_ != Phase::kCallRequested) return;
    for (const SstpAttribute& attribute : packet.attributes()) {
      if (attribute.id != kCryptoBindingRequest || attribute.value.size() != 36) continue;
      facts_.hash_mask = attribute.value[3];
      std::copy(attribute.value.begin() + 4, attribute.value.end(), facts_.nonce.begin());
      ppp_.Start(now_);
      return;
    }
    FailAndClose(FailureKind::kProtocol, "CALL_CONNECT_ACK without crypto binding request");
  }

  void SendCallConnected() {
    if (binding_sent_) return;
    binding_sent_ = true;
    const Deviations& odd = options_.deviations;
    BindingHash hash = options_.hash;
    if ((facts_.hash_mask & static_cast<std::uint8_t>(hash)) == 0 && facts_.hash_mask != 0) {
      hash = hash == BindingHash::kSha1 ? BindingHash::kSha256 : BindingHash::kSha1;
    }
    Bytes message = CallConnected(hash, facts_.nonce, certificate_, ppp_.hlak());
    if (odd.flip_nonce_bit) message[16] ^= 1;
    if (odd.flip_cert_hash_bit) message[48] ^= 1;
    if (odd.hash_protocol) message[15] = *odd.hash_protocol;
    SignCallConnected(hash, ppp_.hlak(), message);
    if (odd.flip_mac_bit) message[80] ^= 1;
    Send(message);
    if (options_.binding == BindingTime::kTwice) Send(message);
  }

  const ClientOptions& options_;
  Bytes certificate_;
  TimePoint now_;
  TimePoint setup_deadline_;
  TimePoint closing_deadline_{};
  DataFrames frames_;
  PppClient ppp_;
  SstpSplitter splitter_;
  std::vector<Bytes> kept_;  // IP packets that did not arrive whole, for those who hold views
  std::string head_;
  Bytes output_;
  bool binding_sent_ = false;
};

ClientSession::ClientSession(const ClientOptions& options, Bytes certificate_der, Entropy& entropy,
                             TimePoint now)
    : impl_(std::make_unique<Impl>(options, std::move(certificate_der), entropy, now)) {}
ClientSession::~ClientSession() = default;
ClientSession::ClientSession(ClientSession&&) noexcept = default;
ClientSession& ClientSession::operator=(ClientSession&&) noexcept = default;

void ClientSession::Receive(ByteView bytes, TimePoint now) { impl_->Receive(bytes, now); }
void ClientSession::ConnectionLost(const std::string& reason) { impl_->ConnectionLost(reason); }
void ClientSession::Tick(TimePoint now) { impl_->Tick(now); }
std::optional<TimePoint> ClientSession::Deadline() const { return impl_->Deadline(); }
Bytes ClientSession::TakeOutput() { return impl_->TakeOutput(); }
void ClientSession::OnIpPacket(std::function<void(ByteView)> sink) {
  impl_->sink_ = std::move(sink);
}
void ClientSession::SendIpPacket(ByteView packet) { impl_->SendIpPacket(packet); }
void ClientSession::SendPacket(Bytes sstp_packet, TimePoint now) {
  impl_->set_now(now);
  impl_->Send(std::move(sstp_packet));
}
std::size_t ClientSession::frame_header_size() const { return impl_->frames().header_size(); }
bool ClientSession::FinishFrame(std::span<std::uint8_t> frame) {
  return impl_->frames().Finish(frame);
}
void ClientSession::SendResetRequest(TimePoint now) {
  impl_->set_now(now);
  impl_->AskForReset();
}
void ClientSession::AskIpv6(TimePoint now) { impl_->AskIpv6(now); }
void ClientSession::TerminateLayer(std::uint16_t protocol, TimePoint now) {
  impl_->TerminateLayer(protocol, now);
}
void ClientSession::Disconnect(TimePoint now) { impl_->Disconnect(now); }
void ClientSession::TerminateLcp(TimePoint now) { impl_->TerminateLcp(now); }
Phase ClientSession::phase() const { return impl_->phase_; }
const Facts& ClientSession::facts() const { return impl_->facts_; }
const Failure& ClientSession::failure() const { return impl_->failure_; }
const std::deque<TraceEntry>& ClientSession::trace() const { return impl_->trace_; }
const std::array<std::uint8_t, 32>& ClientSession::hlak() const { return impl_->hlak(); }

}  // namespace sstpgw::client
