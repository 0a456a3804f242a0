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
    case AuthProtocol::kMsChapV1:
      challenge_size_ = codec::kMsChapV1Challenge;
      break;
    case AuthProtocol::kChapMd5:
    case AuthProtocol::kMsChapV2:
      challenge_size_ = codec::kMsChapV2Challenge;
      break;
  }
  entropy_.Fill(std::span(challenge_).first(challenge_size_));
  identifier_ = 1;
  SendChallenge(out);
}

void Authenticator::SendChallenge(Outbox& out) {
  ++challenges_sent_;
  out.SendPpp(
      PppProtocol::kChap,
      codec::EncodeChapValue(ChapCode::kChallenge, identifier_, challenge(), settings_.server_name),
      LogLevel::kTrace, protocol_);
  out.Start(TimerId::kAuth, kAuthTimeout);
}

AuthSignals Authenticator::Receive(PppProtocol protocol, const codec::ControlPacket& packet,
                                   Outbox& out) {
  const PppProtocol agreed =
      protocol_ == AuthProtocol::kPap ? PppProtocol::kPap : PppProtocol::kChap;
  if (state_ == State::kIdle || protocol != agreed) return {};
  out.LogReceived(protocol, packet.packet, LogLevel::kTrace, protocol_);
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

std::optional<AuthEvidence> Authenticator::ChapEvidence(const codec::ControlPacket& packet) const {
  const auto response = codec::ParseChapValue(packet.data);
  if (!response) return std::nullopt;
  std::string user(response->name);
  switch (protocol_) {
    case AuthProtocol::kPap:
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
    if (protocol_ != AuthProtocol::kPap && challenges_sent_ < kMaxChallenges) {
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

void Authenticator::Succeed(const std::string& message, Outbox& out) {
  if (state_ != State::kJudging) return;
  state_ = State::kSucceeded;
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
