// A whole session behind its uplink, under fake time: hostile octets, verdicts, interface answers,
// operator orders and timers in any order. After every step the session must be consistent; what it
// sends must be well-formed; a peer that falls silent must not keep it alive for ever.
//
// Input: 1 octet settings, then steps: 1 octet operation (Operation below, modulo), operands.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "gateway/codec/byte_reader.h"
#include "gateway/codec/byte_writer.h"
#include "gateway/codec/ppp_control.h"
#include "gateway/codec/ppp_frame.h"
#include "gateway/codec/sstp_control.h"
#include "gateway/crypto/crypto_binding.h"
#include "gateway/datapath/uplink.h"
#include "gateway/fsm/session.h"
#include "tests/fuzz/require.h"

namespace sstpgw::fuzz {
namespace {

using codec::PppProtocol;
using std::chrono::seconds;

// Operands in brackets; a length octet L means that L octets follow.
enum class Operation : std::uint8_t {
  kHttp,         // the right request
  kRaw,          // [L] octets of the stream
  kControl,      // [type, attributes, L] SSTP control message
  kPpp,          // [protocol, L] PPP frame with any content
  kPacket,       // [protocol, code, identifier, L] control packet with a right length
  kAckRequest,   // [protocol] Configure-Ack of the last request
  kConnected,    // [flip] CALL_CONNECTED, signed; flip != 0 changes one octet
  kConnect,      // CALL_CONNECT_REQUEST
  kAdvance,      // [s] seconds pass
  kAccept,       // [flags] verdict
  kReject,       // verdict
  kUnavailable,  // no verdict
  kCreated,
  kActivated,
  kInterfaceFailed,
  kTerminate,  // [flags]
  kPolicy,     // [s]
  kTransportClosed,
  kChallenge,  // [kind] verdict: EAP goes on
};
constexpr std::uint8_t kOperations = 19;

constexpr std::string_view kHead =
    "SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n"
    "Content-Length: 18446744073709551615\r\nHost: vpn\r\n\r\n";

class CountingEntropy final : public Entropy {
 public:
  void Fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& octet : out) octet = ++count_;
  }

 private:
  std::uint8_t count_ = 0;
};

fsm::SessionSettings SettingsFrom(std::uint8_t octet) {
  fsm::SessionSettings settings;
  using enum AuthProtocol;
  switch (octet & 7U) {
    case 0:
      settings.ppp.auth_protocols = {kPap};
      break;
    case 1:
      settings.ppp.auth_protocols = {kChapMd5, kPap};
      break;
    case 2:
      settings.ppp.auth_protocols = {kMsChapV1};
      break;
    case 3:
      settings.ppp.auth_protocols = {kEap, kMsChapV2, kMsChapV1, kChapMd5, kPap};
      break;
    case 7:
      break;
    default:
      settings.ppp.auth_protocols = {kMsChapV2, kMsChapV1, kChapMd5, kPap};
      break;
  }
  settings.ppp.ipv4 = static_cast<NcpPreference>((octet >> 3) & 3U);
  if ((octet & 0x20U) != 0) settings.ppp.echo_timeout = seconds(45);
  if ((octet & 0x40U) != 0) settings.sstp.hello_interval = seconds(0);
  if ((octet & 0x80U) != 0) settings.sstp.hash_mask = 2;
  settings.ppp.gateway_address = Ipv4Address(0x0a000001);
  return settings;
}

class Harness final : public datapath::UplinkHandler {
 public:
  explicit Harness(std::uint8_t settings) : settings_(SettingsFrom(settings)) {
    certificate_.sha1.fill(0xa1);
    certificate_.sha256.fill(0xa2);
    session_ = std::make_unique<fsm::Session>(settings_,
                                              fsm::ConnectionInfo{.peer = "192.0.2.7:1",
                                                                  .calling_station = "192.0.2.7",
                                                                  .called_station = "192.0.2.1",
                                                                  .certificate = certificate_,
                                                                  .tls_version = "TLSv1.3",
                                                                  .tls_cipher = "x"},
                                              "0011223344556677", entropy_, 1709139784, now_);
    Carry(session_->Start());
  }

  void Run(ByteView input) {
    codec::ByteReader reader(input);
    for (int i = 0; i < 400 && reader.remaining() > 0 && !closed_; ++i) Do(reader);
    // Nobody answers any more: echo, hello or a negotiation timer ends it.
    Advance(seconds(3600));
    Require(closed_);
  }

 private:
  bool OnHttpHead(ByteView head) override { return Step(fsm::HttpHeadReceived{head}); }
  bool OnHttpHeadTooLong() override { return Step(fsm::HttpHeadTooLong{}); }
  bool OnSstpPacket(ByteView packet) override { return Step(fsm::SstpPacketReceived{packet}); }
  bool OnUndelineated() override { return Step(fsm::StreamUndelineated{}); }
  bool OnIpv6Control(ByteView packet) override { return Step(fsm::Ipv6ControlReceived{packet}); }
  bool OnMppeOutOfStep() override { return Step(fsm::MppeOutOfStep{}); }
  void OnIpPacket(ByteView packet) override { Require(data_open_ && !packet.empty()); }
  void OnIpPacketsEnd() override {}

  bool Step(const fsm::Event& event) {
    Carry(session_->Step(now_, event));
    return !closed_;
  }

  void Carry(fsm::ActionList actions) {
    Require(actions.size() < 400);
    for (fsm::Action& action : actions) {
      Require(!closed_);
      std::visit(fsm::Overloaded{
                     [&](fsm::SendBytes& a) { Sent(std::move(a.bytes)); },
                     [&](fsm::StartTimer& a) {
                       Require(a.after.count() > 0);
                       timers_[a.timer] = now_ + a.after;
                     },
                     [&](fsm::StopTimer& a) { timers_.erase(a.timer); },
                     [&](fsm::AskAuthorize& a) { attempt_ = a.question.attempt; },
                     [&](fsm::CreateInterface&) {},
                     [&](fsm::ActivateInterface& a) {
                       activation_ = a;
                       interface_used_ = true;
                       Require(!session_->policy().hold);
                     },
                     [&](fsm::ChangeLink&) { Require(interface_used_); },
                     [&](fsm::SendIpv6Packet& a) {
                       Require(interface_used_ && a.packet.size() >= 40 && a.packet.size() <= 1500);
                     },
                     [&](fsm::StartMppe& a) {
                       Require(a.send_key.size() == (a.key_bits == 128 ? 16 : 8));
                       Require(a.receive_key.size() == a.send_key.size());
                     },
                     [&](fsm::StopMppe&) {},
                     [&](fsm::FlushMppe&) {},
                     [&](fsm::SetInterfaceMtu& a) {
                       Require(interface_used_ && a.mtu >= 68 && a.mtu <= 1500);
                       Require(session_->Snapshot(now_).mtu == a.mtu);
                     },
                     [&](fsm::ReleaseInterface&) {
                       interface_used_ = false;
                       uplink_.ShutData();
                       data_open_ = false;
                     },
                     [&](fsm::Report& a) {
                       Require(!down_);
                       down_ = a.kind == SessionEventKind::kDown;
                     },
                     [&](fsm::WriteLog& a) {
                       for (const char c : a.text) {
                         Require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
                       }
                     },
                     [&](fsm::SetLogPrefix&) {},
                     [&](fsm::CloseTransport&) { closed_ = true; },
                     [&](fsm::CountEvent&) {},
                 },
                 action);
    }
    Require(session_->IsConsistent());
    Require(session_->closed() == closed_);
    if (session_->bound()) uplink_.NoteBinding();
    Require(!closed_ || !data_open_);
  }

  void Sent(Bytes bytes) {
    Require(!bytes.empty());
    if (bytes[0] != codec::kSstpVersion) return;  // the HTTP reply
    const auto header = codec::ParseSstpHeader(bytes);
    Require(header && header->length == bytes.size());
    if (header->control) {
      const auto message = codec::ParseControl(bytes);
      Require(message.has_value());
      if (const auto ack = codec::ParseConnectAck(*message)) nonce_ = ack->nonce;
      return;
    }
    const auto frame = codec::ParsePppFrame(ByteView(bytes).subspan(codec::kSstpHeaderSize));
    Require(frame.has_value());
    const auto packet = codec::ParseControlPacket(frame->payload);
    Require(packet.has_value());
    if (packet->code == 1) {
      requests_[frame->protocol].assign(packet->packet.begin(), packet->packet.end());
    }
  }

  void Advance(Duration by) {
    const TimePoint end = now_ + by;
    while (!closed_ && !timers_.empty()) {
      const auto next =
          std::min_element(timers_.begin(), timers_.end(),
                           [](const auto& a, const auto& b) { return a.second < b.second; });
      if (next->second > end) break;
      now_ = std::max(now_, next->second);
      const fsm::TimerId timer = next->first;
      timers_.erase(next);
      Step(fsm::TimerExpired{timer, last_receive_, uplink_.counters().data_packets()});
    }
    now_ = end;
  }

  void FromPeer(ByteView bytes) {
    last_receive_ = now_;
    const Bytes copy(bytes.begin(), bytes.end());
    uplink_.Consume(copy, *this);
  }
  void Frame(PppProtocol protocol, ByteView payload) {
    FromPeer(codec::EncodeDataPacket(protocol, payload));
  }

  static PppProtocol ProtocolOf(std::uint8_t octet) {
    constexpr PppProtocol kProtocols[] = {
        PppProtocol::kLcp,  PppProtocol::kPap,  PppProtocol::kChap,      PppProtocol::kIpcp,
        PppProtocol::kIpv4, PppProtocol::kIpv6, PppProtocol::kIpv6cp,    PppProtocol::kCcp,
        PppProtocol::kLqr,  PppProtocol::kEap,  PppProtocol::kCompressed};
    if (octet < std::size(kProtocols)) return kProtocols[octet];
    return static_cast<PppProtocol>(octet * 257U);
  }

  void Do(codec::ByteReader& in) {
    const auto operation = static_cast<Operation>(in.U8() % kOperations);
    if (operation < Operation::kAccept) {
      DoPeer(operation, in);
    } else {
      DoWorld(operation, in.U8());
    }
  }

  void DoPeer(Operation operation, codec::ByteReader& in) {
    const auto counted = [&in] { return in.Take(std::min<std::size_t>(in.U8(), in.remaining())); };
    switch (operation) {
      case Operation::kHttp:
        FromPeer(Bytes(kHead.begin(), kHead.end()));
        return;
      case Operation::kRaw:
        FromPeer(counted());
        return;
      case Operation::kControl:
        Control(in);
        return;
      case Operation::kPpp: {
        const PppProtocol protocol = ProtocolOf(in.U8());
        Frame(protocol, counted());
        return;
      }
      case Operation::kPacket: {
        const PppProtocol protocol = ProtocolOf(in.U8());
        const std::uint8_t code = in.U8();
        const std::uint8_t identifier = in.U8();
        Frame(protocol, codec::EncodeControlPacket(code, identifier, counted()));
        return;
      }
      case Operation::kAckRequest:
        Acknowledge(ProtocolOf(in.U8()));
        return;
      case Operation::kConnected:
        Connected(in.U8());
        return;
      case Operation::kConnect:
        FromPeer(codec::EncodeConnectRequest());
        return;
      default:
        Advance(seconds(in.U8()));
        return;
    }
  }

  void DoWorld(Operation operation, std::uint8_t operand) {
    switch (operation) {
      case Operation::kAccept: {
        AuthorizeAccept accept;
        accept.policy = Policy(operand);
        accept.hlak = Secret(Bytes(32));
        Step(fsm::Event(fsm::AuthorizeAnswered{attempt_, std::move(accept)}));
        return;
      }
      case Operation::kReject:
        Step(fsm::Event(fsm::AuthorizeAnswered{attempt_, AuthorizeReject{}}));
        return;
      case Operation::kChallenge:
        Step(fsm::Event(fsm::AuthorizeAnswered{attempt_, Challenge(operand)}));
        return;
      case Operation::kUnavailable:
        Step(fsm::AuthorizeFailed{attempt_, "away"});
        return;
      case Operation::kCreated:
        Step(fsm::InterfaceCreated{"ppp0", "sstp0"});
        return;
      case Operation::kActivated:
        Activated();
        return;
      case Operation::kInterfaceFailed:
        Step(fsm::InterfaceFailed{"failed"});
        return;
      case Operation::kTerminate:
        Step(fsm::TerminateRequested{(operand & 1U) != 0 ? Termination::kHard : Termination::kSoft,
                                     TerminateCause::kNasRequest, "operator"});
        return;
      case Operation::kPolicy:
        Step(fsm::PolicyReplaced{Policy(operand)});
        return;
      default:
        Step(fsm::TransportClosed{"closed"});
        return;
    }
  }

  static SessionPolicy Policy(std::uint8_t operand) {
    SessionPolicy policy;
    policy.generation = Generation(operand);
    if ((operand & 1U) == 0) policy.address = Ipv4Address(0x0a000005);
    if ((operand & 2U) == 0) policy.gateway_address = Ipv4Address(0x0a000001);
    if ((operand & 4U) != 0) policy.dns = {Ipv4Address(0x08080808)};
    if ((operand & 8U) != 0) policy.session_timeout = seconds(operand);
    if ((operand & 16U) != 0) policy.idle_timeout = seconds(operand);
    if ((operand & 32U) != 0) policy.hold = true;
    if ((operand & 128U) != 0) policy.reauthenticate = true;
    if ((operand & 64U) != 0) policy.network.vrf = "red";
    return policy;
  }

  // What a control plane may send, well or badly made: code, length and timeout vary.
  static AuthorizeChallenge Challenge(std::uint8_t kind) {
    AuthorizeChallenge challenge;
    challenge.eap_message = {static_cast<std::uint8_t>(1U + (kind & 1U)), kind, 0, 6, 25, 0x20};
    if ((kind & 2U) != 0) challenge.eap_message[3] = 7;
    if ((kind & 4U) != 0) challenge.eap_message.resize(kind & 3U);
    if ((kind & 8U) != 0) {
      challenge.eap_message.resize(4096);
      challenge.eap_message[2] = 16;
      challenge.eap_message[3] = 0;
    }
    challenge.state.assign(kind, kind);
    challenge.timeout = seconds(kind);
    return challenge;
  }

  // As a worker does it: the answer comes only to a question that was asked.
  void Activated() {
    if (!activation_) return;
    const bool was_starting = session_->Snapshot(now_).state == SessionState::kStarting;
    Step(fsm::InterfaceActivated{"sstp0"});
    if (was_starting && session_->Snapshot(now_).state == SessionState::kActive) {
      uplink_.OpenData(Sources(*activation_));
      data_open_ = true;
    }
    activation_.reset();
  }

  static datapath::SourceCheck Sources(const fsm::ActivateInterface& activation) {
    const fsm::LinkPlan& plan = activation.plan;
    std::vector<datapath::Ipv4Prefix> ipv4;
    for (const fsm::Ipv4Route& network : activation.sources.ipv4) {
      ipv4.push_back({network.destination, network.length});
    }
    return {{.ipv4 = plan.ipv4.has_value(), .ipv6 = plan.ipv6.has_value()},
            ipv4,
            activation.sources.ipv6,
            plan.ipv6 ? plan.ipv6->peer_id : InterfaceId{}};
  }

  void Control(codec::ByteReader& in) {
    const std::uint8_t type = in.U8(), attributes = in.U8();
    const ByteView body = in.Take(std::min<std::size_t>(in.U8(), in.remaining()));
    Bytes packet;
    codec::ByteWriter writer(packet);
    writer.Raw(codec::SstpHeaderBytes(true, body.size() + codec::kSstpControlHeaderSize));
    writer.U16(type);
    writer.U16(attributes);
    writer.Raw(body);
    FromPeer(packet);
  }

  void Acknowledge(PppProtocol protocol) {
    Bytes& request = requests_[protocol];
    if (request.empty()) return;
    request[0] = 2;
    Frame(protocol, request);
  }

  void Connected(std::uint8_t flip) {
    codec::CallConnected message;
    message.hash_protocol = 2;
    message.nonce = nonce_;
    message.cert_hash = certificate_.sha256;
    const Bytes raw = codec::EncodeCallConnected(message);
    const Bytes mac =
        crypto::CompoundMac(crypto::HashProtocol::kSha256, Bytes(32),
                            crypto::CallConnectedBytes(raw.data(), crypto::kCallConnectedSize));
    std::copy(mac.begin(), mac.end(), message.compound_mac.begin());
    Bytes packet = codec::EncodeCallConnected(message);
    if (flip != 0) packet[8 + flip % 104U] ^= flip;
    FromPeer(packet);
  }

  fsm::SessionSettings settings_;
  fsm::CertificateHashes certificate_;
  CountingEntropy entropy_;
  TimePoint now_{seconds(100)};
  TimePoint last_receive_{now_};
  std::unique_ptr<fsm::Session> session_;
  datapath::Uplink uplink_;
  std::map<fsm::TimerId, TimePoint> timers_;
  std::map<PppProtocol, Bytes> requests_;
  std::array<std::uint8_t, 32> nonce_{};
  AttemptId attempt_;
  std::optional<fsm::ActivateInterface> activation_;
  bool interface_used_ = false;
  bool data_open_ = false;
  bool down_ = false;
  bool closed_ = false;
};

}  // namespace
}  // namespace sstpgw::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  sstpgw::fuzz::Harness harness(data[0]);
  harness.Run(sstpgw::ByteView(data + 1, size - 1));
  return 0;
}
