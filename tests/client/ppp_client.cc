#include "tests/client/ppp_client.h"

#include <algorithm>
#include <utility>

namespace sstpgw::client {
namespace {

// LCP options, RFC 1661 6 and RFC 1570 2.3.
constexpr std::uint8_t kMru = 1;
constexpr std::uint8_t kAuthProtocol = 3;
constexpr std::uint8_t kMagic = 5;
constexpr std::uint8_t kPfc = 7;
constexpr std::uint8_t kAcfc = 8;
constexpr std::uint8_t kCallback = 13;
constexpr std::uint16_t kWindowsMru = 4091;

std::uint16_t Number(const Bytes& value) {
  return value.size() == 2 ? static_cast<std::uint16_t>((value[0] << 8) | value[1]) : 0;
}

}  // namespace

PppClient::PppClient(const ClientOptions& options, Entropy& entropy, Facts& facts, Events events)
    : options_(options),
      entropy_(entropy),
      facts_(facts),
      events_(std::move(events)),
      lcp_(kLcp, options.max_transmissions,
           {[this](const PppOption& option) { return JudgeLcp(option); },
            [this](const PppOption& option) { return AdoptLcp(option); },
            [this](std::uint16_t protocol, const PppControl& packet) {
              events_.send(protocol, packet);
            }}),
      network_(options, entropy, facts,
               {[this](std::uint16_t protocol, const PppControl& packet) {
                  events_.send(protocol, packet);
                },
                [this] { events_.entered(Phase::kUp); },
                [this](FailureKind kind, const std::string& text) { events_.failed(kind, text); }}),
      ccp_(options,
           {[this](std::uint16_t protocol, const PppControl& packet) {
              events_.send(protocol, packet);
            },
            [this](const MppeMode& sending, const MppeMode& receiving) {
              events_.mppe_on(auth_->mppe_keys(), sending, receiving);
            },
            [this] { events_.mppe_off(); }, [this] { events_.mppe_flush(); },
            [this](const std::string& text) { events_.failed(FailureKind::kNegotiation, text); }}) {
}

const Hlak& PppClient::hlak() const {
  static const Hlak kZero{};
  return auth_ ? auth_->hlak() : kZero;
}

std::vector<PppOption> PppClient::LcpWishes() {
  std::vector<PppOption> wishes;
  const bool windows = options_.deviations.windows_opening;
  if (options_.mru || windows) {
    wishes.push_back({kMru, Be16(options_.mru.value_or(kWindowsMru))});
  }
  magic_.assign(4, 0);
  entropy_.Fill(magic_);
  wishes.push_back({kMagic, magic_});
  if (windows) {
    wishes.push_back({kPfc, {}});
    wishes.push_back({kAcfc, {}});
    wishes.push_back({kCallback, {6}});
  }
  for (const PppOption& option : options_.deviations.extra_lcp_options) wishes.push_back(option);
  return wishes;
}

void PppClient::Start(TimePoint now) {
  events_.entered(Phase::kLink);
  if (!options_.deviations.silent_lcp) lcp_.Start(LcpWishes(), now, options_.retransmit);
}

void PppClient::SendLcp(std::uint8_t code, std::uint8_t id, Bytes data) {
  events_.send(kLcp, {code, id, std::move(data)});
}

OptionJudgement PppClient::JudgeLcp(const PppOption& option) {
  if (option.type == kMru && option.value.size() == 2) {
    if (options_.deviations.nak_server_mru && !mru_nacked_) {
      mru_nacked_ = true;
      return NakOption{Be16(*options_.deviations.nak_server_mru)};
    }
    return AcceptOption{};
  }
  if (option.type == kAuthProtocol) return JudgeAuth(option);
  if (option.type == kMagic && option.value.size() == 4) return AcceptOption{};
  return RejectOption{};
}

OptionJudgement PppClient::JudgeAuth(const PppOption& option) {
  agreed_auth_.reset();
  if (facts_.auth_offers.size() < kTraceLimit && option.value.size() >= 2) {
    facts_.auth_offers.push_back(Number({option.value[0], option.value[1]}));
  }
  if (options_.deviations.refuse_every_auth || options_.auth.empty()) return RejectOption{};
  const std::optional<AuthProtocol> offered = AuthFromOption(option.value);
  const bool wanted = offered && std::find(options_.auth.begin(), options_.auth.end(), *offered) !=
                                     options_.auth.end();
  if (!wanted) return NakOption{AuthOptionValue(options_.auth.front())};
  agreed_auth_ = offered;
  return AcceptOption{};
}

std::optional<Bytes> PppClient::AdoptLcp(const PppOption& option) const {
  if (option.type == kMru && !options_.deviations.keep_asking_same_mru) return option.value;
  if (option.type == kMagic) return option.value;
  return std::nullopt;
}

void PppClient::Receive(const PppFrame& frame, TimePoint now) {
  const std::optional<PppControl> packet = ParsePppControl(frame.information);
  if (!packet) return;
  switch (frame.protocol) {
    case kLcp:
      ReceiveLcp(*packet, now);
      return;
    case kPap:
    case kChap:
    case kEap:
      ReceiveAuth(frame.protocol, *packet, now);
      return;
    case kIpcp:
    case kIpv6cp:
    case kCcp:
      if (ReceiveNetwork(frame.protocol, *packet, now)) return;
      break;
    default:
      break;
  }
  if (lcp_was_open_) {
    SendLcp(kProtoRej, next_id_++, Concat({Be16(frame.protocol), frame.information}));
  }
}

bool PppClient::ReceiveNetwork(std::uint16_t protocol, const PppControl& packet, TimePoint now) {
  if (protocol != kCcp) return network_.Receive(protocol, packet, now);
  const bool taken = ccp_.Receive(packet, now);
  network_.Hold(ccp_.undecided());
  return taken;
}

void PppClient::TerminateLayer(std::uint16_t protocol) {
  if (protocol == kCcp) {
    ccp_.Terminate();
  } else {
    network_.Terminate(protocol);
  }
}

void PppClient::ReceiveLcp(const PppControl& packet, TimePoint now) {
  if (options_.deviations.silent_lcp) return;
  if (packet.code == kConfReq && options_.deviations.swallow_first_lcp_request && !swallowed_) {
    swallowed_ = true;
    return;
  }
  if (packet.code >= kConfReq && packet.code <= kConfRej) {
    lcp_.Receive(packet, now);
    facts_.server_lcp_options = lcp_.requested();
    if (lcp_.opened() && !lcp_was_open_) LcpOpened(now);
  } else if (packet.code == kTermReq) {
    if (!options_.deviations.ignore_terminate) SendLcp(kTermAck, packet.id, {});
    events_.terminated();
  } else if (packet.code == kProtoRej) {
    ReceiveProtocolReject(packet);
  } else if (packet.code == kEchoReq) {
    ++facts_.lcp_echo_requests;
    if (options_.deviations.ignore_lcp_echo || packet.data.size() < 4) return;
    Bytes data = packet.data;
    std::copy(magic_.begin(), magic_.end(), data.begin());
    SendLcp(kEchoRep, packet.id, std::move(data));
  }
}

void PppClient::ReceiveProtocolReject(const PppControl& packet) {
  if (packet.data.size() < 2) return;
  const std::uint16_t protocol = Number({packet.data[0], packet.data[1]});
  if (protocol == kCcp) ccp_.ProtocolRejected();
  network_.ProtocolRejected(protocol);
  network_.Hold(ccp_.undecided());
}

void PppClient::LcpOpened(TimePoint now) {
  lcp_was_open_ = true;
  for (const PppOption& option : lcp_.requested()) {
    if (option.type == kMru) facts_.mtu = Number(option.value);
  }
  for (const PppOption& option : lcp_.wanted()) {
    if (option.type == kMru) facts_.mru = Number(option.value);
  }
  if (options_.deviations.windows_opening) {
    for (const char* text : {"MSRASV5.20", "MSRAS-0-MSEDGEWIN10"}) {
      SendLcp(kIdent, next_id_++, Concat({magic_, ToBytes(text)}));
    }
  }
  events_.entered(Phase::kAuthentication);
  if (options_.binding == BindingTime::kBeforeAuthentication) events_.bind();
  StartAuthentication(now);
}

void PppClient::StartAuthentication(TimePoint now) {
  if (!agreed_auth_) {
    Authenticated(now);
    return;
  }
  facts_.auth = *agreed_auth_;
  if (options_.deviations.silent_auth) return;
  auth_.emplace(*agreed_auth_, options_, entropy_);
  if (const auto request = auth_->Begin()) {
    events_.send(kPap, *request);
    ++pap_sent_;
    resend_pap_at_ = now + options_.retransmit;
    if (options_.binding == BindingTime::kBeforeTheResult) events_.bind();
  }
}

void PppClient::ReceiveAuth(std::uint16_t protocol, const PppControl& packet, TimePoint now) {
  if (!auth_ || authenticated_) return;
  if (const auto answer = auth_->Receive(protocol, packet)) {
    events_.send(protocol, *answer);
    const bool last = auth_->gave_proof();
    if (last && options_.binding == BindingTime::kBeforeTheResult) events_.bind();
  }
  if (auth_->outcome() == AuthOutcome::kPending) return;
  resend_pap_at_.reset();
  facts_.auth_message = auth_->message();
  if (auth_->outcome() == AuthOutcome::kSucceeded) {
    Authenticated(now);
  } else if (auth_->outcome() == AuthOutcome::kFailed) {
    events_.failed(FailureKind::kAuthentication, auth_->message());
  } else {
    const bool tls = auth_->message().rfind("TLS: ", 0) == 0;
    events_.failed(FailureKind::kServerNotGenuine,
                   tls ? auth_->message() : "MS-CHAPv2 authenticator response is wrong");
  }
}

void PppClient::Authenticated(TimePoint now) {
  authenticated_ = true;
  events_.entered(Phase::kNetwork);
  if (options_.binding == BindingTime::kAfterAuthentication ||
      options_.binding == BindingTime::kTwice) {
    events_.bind();
  }
  if (options_.deviations.windows_opening) AskWindowsProtocols();
  const bool keys = auth_ && !auth_->mppe_keys().send.empty();
  ccp_.Start(now, keys);
  network_.Hold(ccp_.undecided());
  network_.Start(now);
}

void PppClient::AskWindowsProtocols() {
  // Those that this client does not go on with.
  const Bytes identifier{1, 10, 0x02, 0, 0, 0, 0, 0, 0, 0x01};
  if (!options_.ipv6) events_.send(kIpv6cp, {kConfReq, next_id_++, identifier});
  const Bytes mppe{18, 6, 0x01, 0x00, 0x00, 0xe1};
  if (options_.mppe == MppeWish::kNone) events_.send(kCcp, {kConfReq, next_id_++, mppe});
}

void PppClient::Tick(TimePoint now) {
  lcp_.Tick(now);
  network_.Tick(now);
  ccp_.Tick(now);
  if (authenticated_) network_.Hold(ccp_.undecided());
  if (lcp_.exhausted() && !lcp_was_open_) {
    events_.failed(FailureKind::kTimeout, "LCP came to no agreement");
  }
  if (!resend_pap_at_ || now < *resend_pap_at_) return;
  if (++pap_sent_ > options_.max_transmissions) {
    resend_pap_at_.reset();
    events_.failed(FailureKind::kTimeout, "no answer to the PAP request");
    return;
  }
  resend_pap_at_ = now + options_.retransmit;
  if (const auto request = auth_->Begin()) events_.send(kPap, *request);
}

std::optional<TimePoint> PppClient::Deadline() const {
  std::optional<TimePoint> first = resend_pap_at_;
  for (const std::optional<TimePoint>& due :
       {lcp_.deadline(), network_.Deadline(), ccp_.Deadline()}) {
    if (due && (!first || *due < *first)) first = due;
  }
  return first;
}

void PppClient::Terminate() { SendLcp(kTermReq, next_id_++, ToBytes("User request")); }

}  // namespace sstpgw::client
