// One Subscriber with all that a worker gives it, in the calling thread: a client that logs in, the
// control plane's answer, an interface of the running kernel. Needs root, and a network namespace
// of the test's own.
#pragma once

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "gateway/codec/pap.h"
#include "gateway/codec/ppp_control.h"
#include "gateway/codec/ppp_frame.h"
#include "gateway/codec/sstp_control.h"
#include "gateway/crypto/crypto_binding.h"
#include "gateway/edge/kernel_entropy.h"
#include "gateway/interface_cache.h"
#include "gateway/subscriber.h"
#include "tests/unit/edge/tls_pair.h"
#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::gateway {

inline constexpr char kNeedsNamespace[] = "needs root (CAP_SYS_ADMIN) to make a network namespace";

inline const testing::Identity& BenchIdentity() {
  static const testing::CertificateAuthority root;
  static const testing::Identity identity = root.Issue({});
  return identity;
}

class SubscriberBench : private edge::ControlEvents {
 public:
  // `ends`: connected sockets of server and client; `tls`: the kernel under the server's records.
  SubscriberBench(edge::UniqueFd server, edge::UniqueFd client, edge::Kernel& tls) {
    context_ = std::move(edge::TlsContext::Create(edge::SettingsOf(BenchIdentity()), "")).value();
    context_->NoteTrafficSecrets();
    stream_ = std::move(edge::TlsStream::Create(*context_, std::move(server), tls)).value();
    client_ = std::make_unique<edge::TlsClient>(std::move(client), edge::ClientOptions{});
    loop_ = std::move(edge::EventLoop::Create()).value();
    netlink_.emplace(std::move(edge::Netlink::Open(edge::LinuxKernel())).value());
    cache_ = std::move(InterfaceCache::Create(edge::LinuxKernel())).value();
    edge::ControlOptions options;
    options.addresses = {"unix:/nonexistent"};
    control_ = std::move(edge::ControlClient::Create(options, *this)).value();
    shared_.reset(new WorkerShared{0,
                                   *loop_,
                                   edge::LinuxKernel(),
                                   *netlink_,
                                   *cache_,
                                   shaper_,
                                   *control_,
                                   entropy_,
                                   Bytes(datapath::ReadRoom::kMost),
                                   Bytes(edge::TunDevice::kPacketRoom),
                                   datapath::FrameBatch(160 * 1024),
                                   {},
                                   {},
                                   {},
                                   {},
                                   {},
                                   {},
                                   {},
                                   {}});
    settings_.generation = Generation(1);
    settings_.session = fsm::TraceSettings();
    settings_.interface_template = "sstp%d";
  }

  // TLS; sending goes to the kernel if `support` says so.
  void Handshake(const edge::KernelTlsSupport& support = {}) {
    bool done = false;
    for (int i = 0; i < 200 && !done; ++i) {
      const bool client_done = client_->Handshake();
      done = stream_->Handshake() == edge::HandshakeStatus::kDone && client_done;
    }
    ASSERT_TRUE(done) << stream_->failure();
    static_cast<void>(stream_->EnableKernelTls({support.available, support.available}, support));
    NewConnection connection;
    connection.stream = std::move(stream_);
    connection.info.certificate.sha256.fill(0xa2);
    connection.generation = Generation(1);
    connection.accepted_at = loop_->Now();
    subscriber_ = std::make_unique<Subscriber>(*shared_, settings_, std::move(connection), "id");
    subscriber_->Start();
  }
  // Up to the client's very last packet, which opens the data path: that one is returned.
  Bytes LogInButForTheLast() {
    client_->Write(ByteView(reinterpret_cast<const std::uint8_t*>(fsm::kTraceHead),
                            sizeof(fsm::kTraceHead) - 1));
    Turn();
    client_->Read();  // the HTTP reply
    Send(codec::EncodeConnectRequest());
    Await([&] { return nonce_.has_value() && !lcp_request_.empty(); });
    Ppp(codec::PppProtocol::kLcp, fsm::ControlPacketOf(codec::PppCode::kConfigureRequest, 1));
    Ppp(codec::PppProtocol::kLcp, Acknowledged(lcp_request_));
    Ppp(codec::PppProtocol::kPap,
        codec::EncodePapRequest(3, "test", Secret(std::string_view("x"))));
    Await([&] { return ticket_.has_value(); });
    subscriber_->Deliver(fsm::AuthorizeAnswered{ticket_->attempt, fsm::TraceAccept()});
    Send(CallConnected());
    Ppp(codec::PppProtocol::kIpcp, fsm::ControlPacketOf(codec::PppCode::kConfigureRequest, 8,
                                                        fsm::AddressOption(3, "10.0.0.5")));
    Await([&] { return !ipcp_request_.empty(); });
    return codec::EncodeDataPacket(codec::PppProtocol::kIpcp, Acknowledged(ipcp_request_));
  }
  void LogIn() {
    Send(LogInButForTheLast());
    AwaitPackets(1);
  }
  // One round of the worker.
  void Turn() { loop_->RunOnce(Duration::zero()); }
  // Rounds until it is so.
  template <class Fact>
  void Await(const Fact& fact) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!fact()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "never happened";
      loop_->RunOnce(std::chrono::milliseconds(1));
      Look(client_->Read());
    }
  }
  // An IP packet after the other, until so many more have passed.
  void AwaitPackets(std::uint64_t more) {
    const std::uint64_t before = packets();
    while (packets() < before + more) {
      const std::uint64_t now = packets();
      const std::uint64_t dropped = subscriber_->uplink_counters().dropped_before_activation;
      Send(IpPacket());
      Await([&] {
        return packets() > now ||
               subscriber_->uplink_counters().dropped_before_activation > dropped;
      });
    }
  }
  void Send(ByteView bytes) { ASSERT_EQ(client_->Write(bytes), bytes.size()); }
  // In its frame: the smallest that there is, from the client's address, to nobody.
  static Bytes IpPacket() {
    Bytes packet{0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 5, 192, 0, 2, 99};
    return codec::EncodeDataPacket(codec::PppProtocol::kIpv4, packet);
  }

  [[nodiscard]] std::uint64_t packets() const { return subscriber_->uplink_counters().packets; }
  [[nodiscard]] WorkerShared& shared() { return *shared_; }
  [[nodiscard]] Subscriber& subscriber() { return *subscriber_; }
  [[nodiscard]] edge::TlsClient& client() { return *client_; }

 private:
  void OnLinkOpened(std::uint64_t /*link*/) override {}
  void OnAttached(const std::string& /*address*/) override {}
  void OnLinkLost(const std::string& /*reason*/) override {}
  void OnUnreachable(const std::string& /*reason*/) override {}
  void OnOrder(ToGatewayMessage /*order*/) override {}
  void OnInvalidOrder(const std::string& /*reason*/) override {}
  // Never dialled, so that every question comes back at once; the test answers it.
  void OnAuthorized(edge::AuthorizeTicket ticket, Result<AuthorizeVerdict> /*answer*/) override {
    ticket_ = std::move(ticket);
  }

  void Ppp(codec::PppProtocol protocol, const Bytes& packet) {
    Send(codec::EncodeDataPacket(protocol, packet));
  }
  static Bytes Acknowledged(Bytes request) {
    request.at(0) = 2;
    return request;
  }
  [[nodiscard]] Bytes CallConnected() const {
    codec::CallConnected connected;
    connected.hash_protocol = codec::kHashSha256;
    connected.nonce = *nonce_;
    connected.cert_hash.fill(0xa2);
    const Bytes unsigned_message = codec::EncodeCallConnected(connected);
    const Bytes mac = crypto::CompoundMac(
        static_cast<crypto::HashProtocol>(connected.hash_protocol), Bytes(32),
        crypto::CallConnectedBytes(unsigned_message.data(), crypto::kCallConnectedSize));
    std::copy(mac.begin(), mac.end(), connected.compound_mac.begin());
    return codec::EncodeCallConnected(connected);
  }
  // What the gateway said, in whole packets, as it sends them.
  void Look(ByteView bytes) {
    while (bytes.size() >= codec::kSstpHeaderSize) {
      const auto header = codec::ParseSstpHeader(bytes);
      ASSERT_TRUE(header && header->length <= bytes.size());
      const ByteView packet = bytes.first(header->length);
      bytes = bytes.subspan(packet.size());
      if (header->control) {
        const auto message = codec::ParseControl(packet);
        if (!message || message->type != codec::MessageType::kCallConnectAck) continue;
        nonce_ = codec::ParseConnectAck(*message)->nonce;
        continue;
      }
      const auto frame = codec::ParsePppFrame(packet.subspan(codec::kSstpHeaderSize));
      if (!frame || frame->payload.empty() || frame->payload[0] != 1) continue;
      const Bytes request(frame->payload.begin(), frame->payload.end());
      if (frame->protocol == codec::PppProtocol::kLcp) lcp_request_ = request;
      if (frame->protocol == codec::PppProtocol::kIpcp) ipcp_request_ = request;
    }
  }

  std::unique_ptr<edge::TlsContext> context_;
  std::unique_ptr<edge::TlsStream> stream_;
  std::unique_ptr<edge::TlsClient> client_;
  std::unique_ptr<edge::EventLoop> loop_;
  std::optional<edge::Netlink> netlink_;
  std::unique_ptr<InterfaceCache> cache_;
  std::unique_ptr<edge::ControlClient> control_;
  edge::KernelEntropy entropy_;
  ShaperBase shaper_{"not in this test"};
  std::unique_ptr<WorkerShared> shared_;
  WorkerSettings settings_;
  std::unique_ptr<Subscriber> subscriber_;
  std::optional<edge::AuthorizeTicket> ticket_;
  std::optional<std::array<std::uint8_t, 32>> nonce_;
  Bytes lcp_request_;
  Bytes ipcp_request_;
};

}  // namespace sstpgw::gateway
