#include "tests/unit/fsm/session_driver.h"

#include <algorithm>

#include "gateway/codec/chap.h"
#include "gateway/codec/lcp_options.h"
#include "gateway/codec/pap.h"
#include "gateway/crypto/crypto_binding.h"

namespace sstpgw::fsm {
namespace {

using codec::PppCode;
using codec::PppProtocol;

constexpr std::int64_t kTraceUnixSeconds = 1709139784;  // Wed, 28 Feb 2024 17:03:04 GMT

CertificateHashes TestCertificate() {
  CertificateHashes hashes;
  hashes.sha1.fill(0xa1);
  hashes.sha256.fill(0xa2);
  return hashes;
}

}  // namespace

SessionSettings TraceSettings() {
  SessionSettings settings;
  settings.ppp.auth_protocols = {AuthProtocol::kPap};
  settings.ppp.gateway_address = Ipv4Address(0x0a000001);
  return settings;
}

SessionSettings SettingsWith(AuthProtocol protocol) {
  SessionSettings settings = TraceSettings();
  settings.ppp.auth_protocols = {protocol};
  return settings;
}

AuthorizeAccept TraceAccept() {
  AuthorizeAccept accept;
  accept.policy.generation = Generation(1);
  accept.policy.address = Ipv4Address(0x0a000005);
  accept.policy.gateway_address = Ipv4Address(0x0a000001);
  accept.hlak = Secret(Bytes(32));
  accept.success_message = "Authentication succeeded";
  return accept;
}

AuthorizeReject TraceReject() {
  AuthorizeReject reject;
  reject.log_reason = "unknown user or wrong password";
  return reject;
}

Bytes Octets(std::initializer_list<int> octets) {
  Bytes out;
  for (const int octet : octets) out.push_back(static_cast<std::uint8_t>(octet));
  return out;
}

Bytes Join(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

Bytes Option(int type, const Bytes& value) {
  Bytes out;
  codec::AppendOption(out, static_cast<std::uint8_t>(type), value);
  return out;
}

Bytes AddressOption(int type, const std::string& address) {
  const auto octets = Ipv4Address::Parse(address).value().octets();
  return Option(type, Bytes(octets.begin(), octets.end()));
}

Bytes ControlPacketOf(PppCode code, int identifier, const Bytes& data) {
  return codec::EncodeControlPacket(code, static_cast<std::uint8_t>(identifier), data);
}

SessionDriver::SessionDriver(SessionSettings initial) : settings(std::move(initial)) {}

void SessionDriver::Start() {
  now_ = TimePoint(std::chrono::hours(1));
  last_receive = now_;
  session_ = std::make_unique<Session>(settings,
                                       ConnectionInfo{.peer = "192.168.10.100:49852",
                                                      .calling_station = "192.168.10.100",
                                                      .called_station = "192.0.2.1",
                                                      .certificate = TestCertificate(),
                                                      .tls_version = "TLSv1.3",
                                                      .tls_cipher = "TLS_AES_256_GCM_SHA384"},
                                       "0011223344556677", entropy_, kTraceUnixSeconds, now_);
  Carry(session_->Start());
}

void SessionDriver::Feed(const Event& event) {
  if (std::holds_alternative<SstpPacketReceived>(event) && hear_peer) last_receive = now_;
  Carry(session_->Step(now_, event));
  while (!events_.empty()) {
    const Event next = std::move(events_.front());
    events_.pop_front();
    Carry(session_->Step(now_, next));
  }
}

void SessionDriver::Carry(ActionList actions) {
  for (Action& action : actions) {
    EXPECT_FALSE(closed_) << "an action after CloseTransport";
    CarryOne(action);
  }
  EXPECT_TRUE(session_->IsConsistent());
  EXPECT_EQ(session_->closed(), closed_);
}

void SessionDriver::CarryOne(Action& action) {
  std::visit(Overloaded{
                 [&](SendBytes& a) {
                   const auto message = codec::ParseControl(a.bytes);
                   if (message && message->type == codec::MessageType::kCallConnectAck) {
                     nonce_ = codec::ParseConnectAck(*message)->nonce;
                   }
                   sent_.push_back(std::move(a.bytes));
                   if (sent_.back().size() < 8 || sent_.back()[0] != codec::kSstpVersion) return;
                   const auto frame = codec::ParsePppFrame(ByteView(sent_.back()).subspan(4));
                   if (message || !frame) return;
                   const Bytes packet(frame->payload.begin(), frame->payload.end());
                   if (packet[0] == 1 && frame->protocol == PppProtocol::kLcp)
                     last_lcp_request_ = packet;
                   if (packet[0] == 1 && frame->protocol == PppProtocol::kIpcp) {
                     last_ipcp_request_ = packet;
                   }
                   if (packet[0] == 1 && frame->protocol == PppProtocol::kEap) {
                     challenge_identifier_ = packet[1];
                   }
                   if (packet[0] == 1 && frame->protocol == PppProtocol::kChap) {
                     challenge_identifier_ = packet[1];
                     const auto value = codec::ParseChapValue(ByteView(packet).subspan(4));
                     challenge_.assign(value->value.begin(), value->value.end());
                   }
                 },
                 [&](StartTimer& a) { timers_[a.timer] = now_ + a.after; },
                 [&](StopTimer& a) { timers_.erase(a.timer); },
                 [&](AskAuthorize& a) { question = std::move(a.question); },
                 [&](CreateInterface&) {
                   ++interfaces_created;
                   if (answer_interfaces) events_.push_back(InterfaceCreated{"ppp0", "sstp0"});
                 },
                 [&](ActivateInterface& a) {
                   activation = a;
                   if (answer_interfaces) events_.push_back(InterfaceActivated{"sstp0"});
                 },
                 [&](ChangeLink& a) { links.push_back(a); },
                 [&](SendIpv6Packet& a) { ipv6_sent.push_back(a.packet); },
                 [&](StartMppe& a) { mppe.emplace(std::move(a)); },
                 [&](StopMppe&) { mppe.reset(); },
                 [&](FlushMppe&) { ++mppe_flushes; },
                 [&](SetInterfaceMtu& a) { mtus_set.push_back(a.mtu); },
                 [&](ReleaseInterface&) { ++interfaces_released; },
                 [&](Report& a) { reports_.push_back(a); },
                 [&](WriteLog& a) {
                   log_.push_back(a.bare ? a.text : prefix_ + a.text);
                   log_levels_.push_back(a.level);
                 },
                 [&](SetLogPrefix& a) { prefix_ = a.interface_name + ":" + a.user + ": "; },
                 [&](CloseTransport&) { closed_ = true; },
                 [&](CountEvent& a) { ++counters_[a.counter]; },
             },
             action);
}

void SessionDriver::Advance(Duration by) {
  const TimePoint end = now_ + by;
  while (!closed_) {
    const auto next = std::min_element(timers_.begin(), timers_.end(),
                                       [](auto& a, auto& b) { return a.second < b.second; });
    if (next == timers_.end() || next->second > end) break;
    now_ = next->second;
    const TimerId timer = next->first;
    timers_.erase(next);
    Feed(TimerExpired{timer, last_receive, data_packets});
  }
  now_ = end;
}

// ---- The client

void SessionDriver::Http(const std::string& head) {
  const Bytes bytes(head.begin(), head.end());
  Feed(HttpHeadReceived{bytes});
}
void SessionDriver::Http() { Http(kTraceHead); }

void SessionDriver::Ppp(PppProtocol protocol, const Bytes& packet) {
  Sstp(codec::EncodeDataPacket(protocol, packet));
}

void SessionDriver::Lcp(PppCode code, int identifier, const Bytes& data) {
  Ppp(PppProtocol::kLcp, ControlPacketOf(code, identifier, data));
}

void SessionDriver::Ipcp(PppCode code, int identifier, const Bytes& data) {
  Ppp(PppProtocol::kIpcp, ControlPacketOf(code, identifier, data));
}

void SessionDriver::Pap(const std::string& user, const std::string& password, int identifier) {
  Ppp(PppProtocol::kPap, codec::EncodePapRequest(static_cast<std::uint8_t>(identifier), user,
                                                 Secret(std::string_view(password))));
}

void SessionDriver::RespondToChap(const std::string& user) {
  const bool md5 = settings.ppp.auth_protocols.front() == AuthProtocol::kChapMd5;
  Ppp(PppProtocol::kChap, codec::EncodeChapValue(codec::ChapCode::kResponse,
                                                 static_cast<std::uint8_t>(challenge_identifier_),
                                                 Bytes(md5 ? 16 : 49, 0x77), user));
}

void SessionDriver::Eap(codec::EapType type, const Bytes& data) {
  Ppp(PppProtocol::kEap,
      codec::EncodeEap(codec::EapCode::kResponse, static_cast<std::uint8_t>(challenge_identifier_),
                       type, data));
}

Bytes SessionDriver::CallConnected(std::uint8_t hash, const Bytes& hlak) {
  codec::CallConnected connected;
  connected.hash_protocol = hash;
  connected.nonce = nonce_;
  const CertificateHashes certificate = TestCertificate();
  if (hash == codec::kHashSha1) {
    std::copy(certificate.sha1.begin(), certificate.sha1.end(), connected.cert_hash.begin());
  } else {
    connected.cert_hash = certificate.sha256;
  }
  const Bytes unsigned_message = codec::EncodeCallConnected(connected);
  const Bytes mac = crypto::CompoundMac(
      static_cast<crypto::HashProtocol>(hash), hlak,
      crypto::CallConnectedBytes(unsigned_message.data(), crypto::kCallConnectedSize));
  std::copy(mac.begin(), mac.end(), connected.compound_mac.begin());
  return codec::EncodeCallConnected(connected);
}

// ---- Short cuts

void SessionDriver::RunToCall() {
  Start();
  Http();
  Sstp(codec::EncodeConnectRequest());
}

void SessionDriver::AckTheirLcpRequest() {
  Bytes ack = last_lcp_request_;
  ack.at(0) = 2;
  Ppp(PppProtocol::kLcp, ack);
}

void SessionDriver::AckTheirIpcpRequest() {
  Bytes ack = last_ipcp_request_;
  ack.at(0) = 2;
  Ppp(PppProtocol::kIpcp, ack);
}

void SessionDriver::RunToAuthentication() {
  RunToCall();
  Lcp(PppCode::kConfigureRequest, 2,
      Join({Option(1, Octets({0x05, 0xac})), Option(5, Octets({0x34, 0x5f, 0x64, 0xca}))}));
  AckTheirLcpRequest();
}

void SessionDriver::RunToJudging() {
  RunToAuthentication();
  switch (settings.ppp.auth_protocols.front()) {
    case AuthProtocol::kPap:
      Pap("test", "secret-password");
      return;
    case AuthProtocol::kChapMd5:
    case AuthProtocol::kMsChapV1:
    case AuthProtocol::kMsChapV2:
      RespondToChap("test");
      return;
    case AuthProtocol::kEap:
      Eap(codec::EapType::kIdentity, Octets({'t', 'e', 's', 't'}));
      return;
  }
}

void SessionDriver::Judge(AuthorizeVerdict verdict) {
  ASSERT_TRUE(question.has_value());
  const AttemptId attempt = question->attempt;
  AuthorizeAnswered answer{attempt, std::move(verdict)};
  Feed(Event(std::move(answer)));
}

void SessionDriver::RunToNetwork() {
  RunToJudging();
  Judge(TraceAccept());
}

void SessionDriver::RunToBound() {
  RunToNetwork();
  Sstp(CallConnected());
}

void SessionDriver::RunToActive() {
  RunToBound();
  Ipcp(PppCode::kConfigureRequest, 8, AddressOption(3, "10.0.0.5"));
  AckTheirIpcpRequest();
}

// ---- What came out

std::vector<std::string> SessionDriver::TakeLog() {
  log_levels_.clear();
  return std::exchange(log_, {});
}
std::vector<Bytes> SessionDriver::TakeSent() { return std::exchange(sent_, {}); }
std::vector<Report> SessionDriver::TakeReports() { return std::exchange(reports_, {}); }

std::vector<PppPacket> SessionDriver::TakePpp() {
  std::vector<PppPacket> packets;
  for (const Bytes& sent : TakeSent()) {
    const auto header = codec::ParseSstpHeader(sent);
    if (!header || header->control) continue;
    const auto frame = codec::ParsePppFrame(ByteView(sent).subspan(codec::kSstpHeaderSize));
    if (!frame) continue;
    const auto packet = codec::ParseControlPacket(frame->payload);
    if (!packet) continue;
    packets.push_back({frame->protocol, packet->code, packet->identifier,
                       Bytes(packet->data.begin(), packet->data.end())});
  }
  return packets;
}

bool SessionDriver::Logged(const std::string& text) const {
  return std::any_of(log_.begin(), log_.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

LogLevel SessionDriver::LevelOf(const std::string& text) const {
  LogLevel loudest = LogLevel::kOff;
  for (std::size_t i = 0; i < log_.size(); ++i) {
    if (log_[i].find(text) == std::string::npos) continue;
    if (loudest == LogLevel::kOff || log_levels_[i] < loudest) loudest = log_levels_[i];
  }
  return loudest;
}

int SessionDriver::Count(Counter counter) const {
  const auto found = counters_.find(counter);
  return found == counters_.end() ? 0 : found->second;
}

}  // namespace sstpgw::fsm
