// CCP and what it starts: hostile packets, timers and refusals in any order, and MPPE packets of
// any content. After every step the layer must be consistent and what it says of the encryption
// true; a session that can do without is never ended; a peer that falls silent leaves no timer.
//
// Input: 3 octets settings, then steps: 1 octet operation (Operation below, modulo), operands.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include "gateway/codec/byte_reader.h"
#include "gateway/codec/ccp_options.h"
#include "gateway/codec/ppp_control.h"
#include "gateway/codec/ppp_frame.h"
#include "gateway/crypto/mppe.h"
#include "gateway/fsm/ccp.h"
#include "tests/fuzz/require.h"

namespace sstpgw::fuzz {
namespace {

using codec::PppCode;

// Operands in brackets; a length octet L means that L octets follow.
enum class Operation : std::uint8_t {
  kPacket,   // [code, identifier, L]
  kAsk,      // [identifier, 4 octets of mask] Configure-Request
  kAckOurs,  // Configure-Ack of our last request
  kNakOurs,  // [4 octets of mask] Configure-Nak of it
  kRejectOurs,
  kTimeout,
  kProtocolReject,
  kOutOfStep,
  kEncrypted,  // [L] an MPPE packet with any content
  kHonest,     // [n] n packets are lost, then one of a peer that does everything right
  kOurs,       // [n] likewise of ours, to such a peer
};
constexpr std::uint8_t kOperations = 11;

const std::array<std::uint8_t, 6> kPlain = {0x00, 0x21, 0x45, 0x00, 0x00, 0x14};

const crypto::Rc4Provider& Provider() {
  static const auto provider = crypto::Rc4Provider::Load();
  Require(provider.has_value());
  return *provider;
}

// Both ends of the encryption in force; made anew by every StartMppe.
struct Encryption {
  crypto::MppeMode mode;
  crypto::MppeReceiver attacked;  // what hostile packets go to
  crypto::MppeReceiver receiver;
  crypto::MppeSender peer;
  crypto::MppeSender sender;
  crypto::MppeReceiver peer_receiver;
  bool apart = false;  // more was lost than is made up for
};

class Bench {
 public:
  explicit Bench(codec::ByteReader& input) : settings_(SettingsOf(input.U8())), input_(input) {
    ccp_.emplace(settings_, true, std::uint8_t{0x10});
    const std::uint8_t radius = input.U8();
    const std::uint8_t keys = input.U8();
    NetworkPolicy network;
    if ((radius & 1) != 0) network.mppe_policy = radius >> 1 & 3;
    if ((radius & 8) != 0) network.mppe_types = radius >> 4;
    const Bytes key(16, keys);
    MppeKeys start;
    if ((keys & 1) != 0) start.send = Secret(key);
    if ((keys & 2) != 0) start.receive = Secret(key);
    if ((keys & 4) != 0) start.lan_manager = Secret(ByteView(key).first(8));
    Settle(ccp_->Start(network, std::move(start), 1452, out_));
  }

  void Run() {
    while (!ended_ && input_.ok() && input_.remaining() > 0) {
      Step(static_cast<Operation>(input_.U8() % kOperations));
    }
    for (int i = 0; !ended_ && out_.Runs(fsm::TimerId::kCcpRestart); ++i) {
      Require(i < 20);
      Step(Operation::kTimeout);
    }
  }

 private:
  static PppSettings SettingsOf(std::uint8_t octet) {
    PppSettings settings;
    settings.mppe = static_cast<MppePreference>(octet & 3);
    settings.disable_ccp = (octet & 0x1c) == 0x1c;
    settings.max_failure = octet >> 5;
    return settings;
  }
  Bytes Take(std::size_t size) {
    const ByteView octets = input_.Take(std::min(size, input_.remaining()));
    return Bytes(octets.begin(), octets.end());
  }
  void Step(Operation operation);
  void Receive(PppCode code, std::uint8_t identifier, const Bytes& data);
  void Settle(fsm::LayerSignals signals);
  void Begin(const fsm::StartMppe& start);
  void Attack(Bytes packet);
  void Exchange(crypto::MppeSender& from, crypto::MppeReceiver& to, std::size_t lost);

  const PppSettings settings_;
  codec::ByteReader& input_;
  fsm::Outbox out_;
  std::optional<fsm::Ccp> ccp_;
  std::optional<Encryption> encryption_;
  Bytes request_ = Bytes(codec::kControlHeaderSize);
  bool ended_ = false;
};

void Bench::Receive(PppCode code, std::uint8_t identifier, const Bytes& data) {
  const Bytes bytes = codec::EncodeControlPacket(code, identifier, data);
  const auto packet = codec::ParseControlPacket(bytes);
  Require(packet.has_value());
  if (ccp_->Speaks(*packet)) Settle(ccp_->Receive(*packet, out_));
}

void Bench::Step(Operation operation) {
  switch (operation) {
    case Operation::kPacket: {
      const auto code = static_cast<PppCode>(input_.U8());
      const std::uint8_t identifier = input_.U8();
      return Receive(code, identifier, Take(input_.U8()));
    }
    case Operation::kAsk: {
      const std::uint8_t identifier = input_.U8();
      Bytes option;
      codec::AppendMppe(option, input_.U32());
      return Receive(PppCode::kConfigureRequest, identifier, option);
    }
    case Operation::kAckOurs:
      return Receive(PppCode::kConfigureAck, request_[1],
                     Bytes(request_.begin() + codec::kControlHeaderSize, request_.end()));
    case Operation::kNakOurs: {
      Bytes option;
      codec::AppendMppe(option, input_.U32());
      return Receive(PppCode::kConfigureNak, request_[1], option);
    }
    case Operation::kRejectOurs:
      return Receive(PppCode::kConfigureReject, request_[1],
                     Bytes(request_.begin() + codec::kControlHeaderSize, request_.end()));
    case Operation::kTimeout:
      if (out_.TakeExpiry(fsm::TimerId::kCcpRestart)) Settle(ccp_->RestartTimerExpired(out_));
      return;
    case Operation::kProtocolReject:
      return Settle(ccp_->RejectedByPeer(out_));
    case Operation::kOutOfStep:
      ccp_->OutOfStep(out_);
      return Settle({});
    case Operation::kEncrypted:
      return Attack(Take(input_.U8()));
    case Operation::kHonest: {
      const std::size_t lost = input_.U8();
      if (encryption_) Exchange(encryption_->peer, encryption_->receiver, lost);
      return;
    }
    case Operation::kOurs: {
      const std::size_t lost = input_.U8();
      if (encryption_) Exchange(encryption_->sender, encryption_->peer_receiver, lost);
      return;
    }
  }
}

void Bench::Settle(fsm::LayerSignals signals) {
  const fsm::ActionList actions = out_.Take();
  Require(actions.size() < 32);
  for (const fsm::Action& action : actions) {
    if (const auto* send = std::get_if<fsm::SendBytes>(&action)) {
      Require(!settings_.disable_ccp && send->bytes.size() <= codec::kMaxSstpPacket);
      const auto packet =
          codec::ParseControlPacket(ByteView(send->bytes).subspan(codec::kDataHeaderSize));
      Require(packet.has_value());
      if (packet->ppp_code() == PppCode::kConfigureRequest) {
        request_.assign(packet->packet.begin(), packet->packet.end());
      }
    } else if (const auto* start = std::get_if<fsm::StartMppe>(&action)) {
      Begin(*start);
    } else if (std::holds_alternative<fsm::StopMppe>(action)) {
      Require(encryption_.has_value());
      encryption_.reset();
    } else if (std::holds_alternative<fsm::FlushMppe>(action)) {
      Require(encryption_.has_value() && !encryption_->mode.stateless);
      encryption_->sender.Flush();
    }
  }
  Require(ccp_->IsConsistent(out_));
  Require(ccp_->mppe() == encryption_.has_value());
  Require(!ccp_->withholds_network() || ccp_->required());
  Require(!signals.ending || ccp_->required());
  Require(!settings_.disable_ccp || !signals.ending);
  if (signals.ending) {
    Require(signals.ending->cause == TerminateCause::kUserError);
    Require(signals.ending->counter.has_value());
    ended_ = true;
  }
}

void Bench::Begin(const fsm::StartMppe& start) {
  const bool known = start.key_bits == 40 || start.key_bits == 56 || start.key_bits == 128;
  Require(known && !settings_.disable_ccp);
  const std::size_t size = start.key_bits == 128 ? 16 : 8;
  Require(start.send_key.size() == size && start.receive_key.size() == size);
  const crypto::MppeMode mode{static_cast<crypto::MppeStrength>(start.key_bits), start.stateless};
  const auto receiver = [&mode](const Secret& key) {
    return crypto::MppeReceiver::Create(Provider(), mode, key.Reveal()).value();
  };
  const auto sender = [&mode](const Secret& key) {
    return crypto::MppeSender::Create(Provider(), mode, key.Reveal()).value();
  };
  encryption_.reset();
  encryption_.emplace(Encryption{mode, receiver(start.receive_key), receiver(start.receive_key),
                                 sender(start.receive_key), sender(start.send_key),
                                 receiver(start.send_key)});
}

void Bench::Attack(Bytes packet) {
  if (!encryption_) return;
  const Bytes before = packet;
  const auto received = encryption_->attacked.Decrypt(packet);
  if (received.outcome == crypto::MppeOutcome::kDecrypted) {
    Require(received.plain.size() + crypto::kMppeHeaderSize == packet.size());
    RequireInside(received.plain, packet);
    return;
  }
  Require(received.outcome != crypto::MppeOutcome::kFailed);
  Require(received.plain.empty() && packet == before);
}

// Losses are made up for, with a Reset-Request where one is needed; nothing wrong comes out.
void Bench::Exchange(crypto::MppeSender& from, crypto::MppeReceiver& to, std::size_t lost) {
  if (encryption_->apart) return;
  Bytes packet(kPlain.size() + crypto::kMppeHeaderSize);
  for (std::size_t i = 0; i <= lost; ++i) Require(from.Encrypt(kPlain, packet));
  auto received = to.Decrypt(packet);
  if (received.outcome == crypto::MppeOutcome::kOutOfStep) {
    Require(lost > 0 && !encryption_->mode.stateless);
    from.Flush();
    Require(from.Encrypt(kPlain, packet));
    received = to.Decrypt(packet);
  }
  if (received.outcome == crypto::MppeOutcome::kTooFar) {
    Require(lost > 0 && encryption_->mode.stateless);
    encryption_->apart = true;
    return;
  }
  Require(received.outcome == crypto::MppeOutcome::kDecrypted);
  Require(std::equal(received.plain.begin(), received.plain.end(), kPlain.begin(), kPlain.end()));
}

}  // namespace
}  // namespace sstpgw::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sstpgw;
  codec::ByteReader input(ByteView(data, std::min<std::size_t>(size, 8192)));
  fuzz::Bench bench(input);
  bench.Run();
  return 0;
}
