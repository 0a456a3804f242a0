#include "gateway/fsm/auth.h"

#include <algorithm>
#include <utility>

#include "gateway/codec/chap.h"
#include "gateway/codec/lcp_options.h"
#include "gateway/codec/pap.h"
#include "proto/base/text.h"

namespace sstpgw::fsm {
namespace {

using codec::ChapCode;
using codec::PppProtocol;

constexpr char kSucceeded[] = "Authentication succeeded";
constexpr char kFailed[] = "Authentication failed";
constexpr char kNotNow[] = "The server cannot log anybody in now, try again later";
constexpr std::size_t kMaxMessage = 255;
constexpr std::size_t kMaxUserName = 253;  // what RADIUS can carry, RFC 2865 5.1

PppProtocol PacketsOf(AuthProtocol protocol) {
  if (protocol == AuthProtocol::kPap) return PppProtocol::kPap;
  return protocol == AuthProtocol::kEap ? PppProtocol::kEap : PppProtocol::kChap;
}

template <std::size_t N>
std::array<std::uint8_t, N> ArrayOf(ByteView bytes) {
  std::array<std::uint8_t, N> out{};
  std::copy_n(bytes.begin(), std::min(N, bytes.size()), out.begin());
  return out;
}

std::string UpperHex(ByteView bytes) {
  std::string text = ToHex(bytes);
  for (char& c : text) {
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

}  // namespace

void Authenticator::Start(AuthProtocol protocol, Outbox& out) {
  if (state_ != State::kIdle) return;
  state_ = State::kWaiting;
  protocol_ = protocol;
  switch (protocol) {
    case AuthProtocol::kPap:
      out.Start(TimerId::kAuth, kAuthTimeout);
      return;
    case AuthProtocol::kEap: {
      std::array<std::uint8_t, 1> identifier{};
      entropy_.Fill(identifier);
      eap_.emplace(identifier[0]);
      break;
    }
    case AuthProtocol::kChapMd5:
    case AuthProtocol::kMsChapV1:
    case AuthProtocol::kMsChapV2:
      NewChallenge();
      break;
  }
  SendChallenge(out);
}

void Authenticator::NewChallenge() {
  challenge_size_ =
      protocol_ == AuthProtocol::kMsChapV1 ? codec::kMsChapV1Challenge : codec::kMsChapV2Challenge;
  entropy_.Fill(std::span(challenge_).first(challenge_size_));
  ++identifier_;
  challenges_sent_ = 0;
}

bool Authenticator::Repeat(Outbox& out) {
  if (state_ != State::kSucceeded || PacketsOf(protocol_) != PppProtocol::kChap) return false;
  state_ = State::kWaiting;
  NewChallenge();
  SendChallenge(out);
  return true;
}

void Authenticator::SendChallenge(Outbox& out) {
  ++challenges_sent_;
  if (protocol_ == AuthProtocol::kEap) {
    out.SendPpp(PppProtocol::kEap, eap_->request());
  } else {
    out.SendPpp(PppProtocol::kChap,
                codec::EncodeChapValue(ChapCode::kChallenge, identifier_, challenge(),
                                       settings_.server_name),
                LogLevel::kTrace, protocol_);
  }
  out.Start(TimerId::kAuth, challenge_interval_);
}

AuthSignals Authenticator::Receive(PppProtocol protocol, const codec::ControlPacket& packet,
                                   Outbox& out) {
  if (state_ == State::kIdle || protocol != PacketsOf(protocol_)) return {};
  out.LogReceived(protocol, packet.packet, LogLevel::kTrace, protocol_);
  if (protocol == PppProtocol::kEap) return ReceiveEap(packet, out);
  return protocol == PppProtocol::kPap ? ReceivePap(packet, out) : ReceiveChap(packet, out);
}

AuthSignals Authenticator::ReceivePap(const codec::ControlPacket& packet, Outbox& out) {
  if (packet.code != static_cast<std::uint8_t>(codec::PapCode::kAuthRequest)) return {};
  if (state_ == State::kSucceeded) {
    identifier_ = packet.identifier;
    SendResult(true, out);  // our Ack was lost, or the peer did not wait for it
    return {};
  }
  if (state_ != State::kWaiting) return {};
  identifier_ = packet.identifier;
  auto request = codec::ParsePapRequest(packet.data);
  if (!request) return Judge(std::nullopt, out);
  return Judge(PapEvidence{std::move(request->user), std::move(request->password)}, out);
}

AuthSignals Authenticator::ReceiveChap(const codec::ControlPacket& packet, Outbox& out) {
  if (packet.code == static_cast<std::uint8_t>(ChapCode::kChangePassword)) {
    // Whoever has not proved anything yet must not fill the log.
    const bool again = std::exchange(change_password_seen_, true);
    out.Count(Counter::kAuthChangePassword);
    out.Log(again ? LogLevel::kTrace : LogLevel::kInfo,
            std::string(codec::LogName(protocol_)) +
                ": changing the password is not supported, packet ignored");
    return {};
  }
  if (packet.code != static_cast<std::uint8_t>(ChapCode::kResponse)) return {};
  if (packet.identifier != identifier_) return {};
  if (state_ == State::kSucceeded) {
    SendResult(true, out);  // RFC 1994 4.2: the same answer to a repeated response
    return {};
  }
  if (state_ != State::kWaiting) return {};
  return Judge(ChapEvidence(packet), out);
}

AuthSignals Authenticator::ReceiveEap(const codec::ControlPacket& packet, Outbox& out) {
  if (state_ != State::kWaiting || !eap_->IsResponse(packet)) {
    out.Count(Counter::kAuthEapDiscarded);
    return {};
  }
  return Judge(eap_->Receive(packet), out);
}

AuthSignals Authenticator::Challenge(const AuthorizeChallenge& challenge, std::uint16_t mtu,
                                     Outbox& out) {
  AuthSignals signals;
  if (state_ != State::kJudging) return signals;
  std::optional<std::string> obstacle = "a challenge, but not with EAP";
  if (eap_) obstacle = eap_->Challenge(challenge, mtu);
  if (obstacle) {
    out.Count(Counter::kAuthBadChallenge);
    out.Log(LogLevel::kWarning, "authentication failed: " + *obstacle);
    signals.ending = RefuseNow(TerminateCause::kNasError, *obstacle, out);
    return signals;
  }
  if (eap_->TooManyRounds()) {
    out.Count(Counter::kAuthEapRounds);
    out.Count(Counter::kAuthFailed);
    out.Log(LogLevel::kInfo, "authentication failed: EAP comes to no end");
    RefuseLater({}, out);
    return signals;
  }
  const bool given = challenge.timeout.count() > 0;
  const Duration time = given ? std::min<Duration>(challenge.timeout, kMaxEapTimeout)
                              : Duration(kMaxChallenges * kAuthTimeout);
  challenge_interval_ = std::min<Duration>(time, kAuthTimeout);
  max_challenges_ =
      static_cast<std::uint32_t>((time + challenge_interval_ - Duration(1)) / challenge_interval_);
  challenges_sent_ = 0;
  state_ = State::kWaiting;
  SendChallenge(out);
  return signals;
}

std::optional<AuthEvidence> Authenticator::ChapEvidence(const codec::ControlPacket& packet) const {
  const auto response = codec::ParseChapValue(packet.data);
  if (!response) return std::nullopt;
  std::string user(response->name);
  switch (protocol_) {
    case AuthProtocol::kPap:
    case AuthProtocol::kEap:
      break;
    case AuthProtocol::kChapMd5:
      if (response->value.size() != codec::kChapMd5Size) break;
      return ChapMd5Evidence{std::move(user), identifier_, ArrayOf<16>(challenge()),
                             ArrayOf<16>(response->value)};
    case AuthProtocol::kMsChapV1:
      if (const auto v1 = codec::ParseMsChapV1Response(response->value)) {
        return MsChapV1Evidence{std::move(user), identifier_, ArrayOf<8>(challenge()),
                                v1->lm,          v1->nt,      v1->flags};
      }
      break;
    case AuthProtocol::kMsChapV2:
      if (const auto v2 = codec::ParseMsChapV2Response(response->value)) {
        return MsChapV2Evidence{std::move(user),    identifier_, ArrayOf<16>(challenge()),
                                v2->peer_challenge, v2->nt,      v2->flags};
      }
      break;
  }
  return std::nullopt;
}

AuthSignals Authenticator::Judge(std::optional<AuthEvidence> evidence, Outbox& out) {
  out.Stop(TimerId::kAuth);
  state_ = State::kJudging;
  if (!evidence || UserOf(*evidence).size() > kMaxUserName) {
    out.Count(Counter::kAuthMalformed);
    out.Count(Counter::kAuthFailed);
    out.Log(LogLevel::kInfo, "authentication failed: malformed " +
                                 std::string(codec::LogName(protocol_)) + " packet");
    RefuseLater({}, out);
    return {};
  }
  return {.evidence = std::move(evidence), .ending = std::nullopt};
}

AuthSignals Authenticator::TimerExpired(TimerId timer, Outbox& out) {
  AuthSignals signals;
  if (timer == TimerId::kAuth && state_ == State::kWaiting) {
    if (protocol_ != AuthProtocol::kPap && challenges_sent_ < max_challenges_) {
      SendChallenge(out);
      return signals;
    }
    state_ = State::kFailed;
    const std::string reason = std::string(codec::LogName(protocol_)) + ": timeout";
    out.Log(LogLevel::kWarning, reason);
    signals.ending = Ending{
        .cause = TerminateCause::kUserError, .reason = reason, .counter = Counter::kAuthTimeout};
  } else if (timer == TimerId::kReject && state_ == State::kDelaying) {
    state_ = State::kFailed;
    SendResult(false, out);
    signals.ending = Ending{TerminateCause::kUserError, "authentication failed"};
  }
  return signals;
}

void Authenticator::Succeed(const std::string& message, Outbox& out, Bytes eap) {
  if (state_ != State::kJudging) return;
  state_ = State::kSucceeded;
  success_eap_ = std::move(eap);
  success_message_ = message.empty() ? kSucceeded : message.substr(0, kMaxMessage);
  SendResult(true, out);
}

void Authenticator::RefuseLater(const AuthorizeReject& reject, Outbox& out) {
  if (state_ != State::kJudging) return;
  state_ = State::kDelaying;
  reject_ = reject;
  std::array<std::uint8_t, 2> octets{};
  entropy_.Fill(octets);
  const std::uint32_t extra = ((std::uint32_t{octets[0]} << 8) | octets[1]) % 1001;
  out.Start(TimerId::kReject, std::chrono::milliseconds(1000 + extra));
}

Ending Authenticator::RefuseNow(TerminateCause cause, const std::string& reason, Outbox& out) {
  if (state_ == State::kJudging) {
    state_ = State::kFailed;
    reject_.message = kNotNow;
    SendResult(false, out);
  }
  return {.cause = cause, .reason = reason, .farewell = kNotNow};
}

void Authenticator::Stop(Outbox& out) {
  out.Stop(TimerId::kAuth);
  out.Stop(TimerId::kReject);
  if (state_ != State::kSucceeded) state_ = State::kFailed;
}

std::string Authenticator::FailureText() const {
  const std::string error = "E=" + std::to_string(reject_.mschap_error) + " R=0 C=";
  switch (protocol_) {
    case AuthProtocol::kPap:
    case AuthProtocol::kChapMd5:
      return reject_.message.empty() ? kFailed : reject_.message.substr(0, kMaxMessage);
    case AuthProtocol::kEap:
      break;
    case AuthProtocol::kMsChapV1:
      return error + UpperHex(challenge()) + " V=2";
    case AuthProtocol::kMsChapV2: {
      const std::string text = reject_.message.empty() ? "Authentication failure" : reject_.message;
      return (error + UpperHex(challenge()) + " V=3 M=" + text).substr(0, kMaxMessage);
    }
  }
  return kFailed;
}

void Authenticator::SendResult(bool success, Outbox& out) {
  if (protocol_ == AuthProtocol::kEap) {
    out.SendPpp(PppProtocol::kEap,
                success ? eap_->Result(codec::EapCode::kSuccess, success_eap_)
                        : eap_->Result(codec::EapCode::kFailure, reject_.eap_message));
    return;
  }
  const std::string text = success ? success_message_ : FailureText();
  if (protocol_ == AuthProtocol::kPap) {
    const auto code = success ? codec::PapCode::kAuthAck : codec::PapCode::kAuthNak;
    out.SendPpp(PppProtocol::kPap, codec::EncodePapReply(code, identifier_, text));
    return;
  }
  const auto code = success ? ChapCode::kSuccess : ChapCode::kFailure;
  out.SendPpp(PppProtocol::kChap, codec::EncodeChapMessage(code, identifier_, text),
              LogLevel::kTrace, protocol_);
}

bool Authenticator::IsConsistent(const Outbox& out) const {
  return out.Runs(TimerId::kAuth) == (state_ == State::kWaiting) &&
         out.Runs(TimerId::kReject) == (state_ == State::kDelaying);
}

}  // namespace sstpgw::fsm
