#include "gateway/crypto/mppe.h"

#include <algorithm>
#include <array>

#include "proto/base/secret.h"

namespace sstpgw::crypto {
namespace {

constexpr std::uint16_t kFlushedBit = 0x8000;
constexpr std::uint16_t kEncryptedBit = 0x1000;
constexpr std::uint16_t kCountMask = kMppeCounts - 1;

// A count for which the stateful key changes (RFC 3078 8.2).
constexpr bool IsFlag(std::uint16_t count) { return (count & 0xff) == 0xff; }
constexpr std::uint16_t After(std::uint16_t count) {
  return static_cast<std::uint16_t>((count + 1) & kCountMask);
}
// How far `to` is ahead of `from`.
constexpr std::uint16_t Distance(std::uint16_t from, std::uint16_t to) {
  return static_cast<std::uint16_t>((to - from) & kCountMask);
}
// Half of all counts are ahead, the others have been.
constexpr bool IsAhead(std::uint16_t distance) { return distance < kMppeCounts / 2; }

}  // namespace

Result<MppeSender> MppeSender::Create(const Rc4Provider& provider, MppeMode mode,
                                      ByteView start_key) {
  SG_ASSIGN_OR_RETURN(MppeKeyStream stream,
                      MppeKeyStream::Create(provider, mode.strength, start_key));
  return MppeSender(std::move(stream), mode.stateless);
}

bool MppeSender::Encrypt(ByteView plain, std::span<std::uint8_t> out) {
  if (plain.empty() || out.size() != plain.size() + kMppeHeaderSize) return false;
  if (flush_) next_ = static_cast<std::uint16_t>(next_ | 0xff);
  const bool change = stateless_ || IsFlag(next_);
  if (change && !(stream_.ChangeKey() && stream_.Restart())) return false;
  if (!stream_.Apply(plain, out.subspan(kMppeHeaderSize))) return false;
  const auto header =
      static_cast<std::uint16_t>((change ? kFlushedBit : 0) | kEncryptedBit | next_);
  out[0] = static_cast<std::uint8_t>(header >> 8);
  out[1] = static_cast<std::uint8_t>(header);
  next_ = After(next_);
  flush_ = false;
  return true;
}

const char* ToString(MppeOutcome outcome) {
  switch (outcome) {
    case MppeOutcome::kDecrypted:
      return "decrypted";
    case MppeOutcome::kMalformed:
      return "malformed";
    case MppeOutcome::kReplayed:
      return "replayed";
    case MppeOutcome::kTooFar:
      return "too far";
    case MppeOutcome::kOutOfStep:
      return "out of step";
    case MppeOutcome::kDiscarded:
      return "discarded";
    case MppeOutcome::kFailed:
      break;
  }
  return "failed";
}

Result<MppeReceiver> MppeReceiver::Create(const Rc4Provider& provider, MppeMode mode,
                                          ByteView start_key) {
  SG_ASSIGN_OR_RETURN(MppeKeyStream stream,
                      MppeKeyStream::Create(provider, mode.strength, start_key));
  return MppeReceiver(std::move(stream), mode.stateless);
}

MppeReceiver::Received MppeReceiver::Decrypt(std::span<std::uint8_t> packet) {
  credit_ = std::min(credit_ + kCreditPerPacket, kMaxCredit);
  if (packet.size() <= kMppeHeaderSize) return {MppeOutcome::kMalformed, {}};
  const auto header = static_cast<std::uint16_t>((packet[0] << 8) | packet[1]);
  const bool flushed = (header & kFlushedBit) != 0;
  if ((header & kEncryptedBit) == 0 || (stateless_ && !flushed)) {
    return {MppeOutcome::kMalformed, {}};
  }
  const auto count = static_cast<std::uint16_t>(header & kCountMask);
  if (!IsAhead(Distance(expected_, count))) return {MppeOutcome::kReplayed, {}};
  const std::span<std::uint8_t> encrypted = packet.subspan(kMppeHeaderSize);
  const MppeOutcome outcome =
      stateless_ ? FollowStateless(count) : FollowStateful(count, flushed, encrypted);
  if (outcome != MppeOutcome::kDecrypted) return {outcome, {}};
  if (!stream_.Apply(encrypted, encrypted)) return {MppeOutcome::kFailed, {}};
  return {MppeOutcome::kDecrypted, encrypted};
}

MppeOutcome MppeReceiver::FollowStateless(std::uint16_t count) {
  const std::uint32_t changes = Distance(expected_, count) + 1U;
  if (changes > 1) {
    if (changes > credit_) return MppeOutcome::kTooFar;
    credit_ -= changes;
  }
  return ChangeKeysUpTo(count) && stream_.Restart() ? MppeOutcome::kDecrypted
                                                    : MppeOutcome::kFailed;
}

MppeOutcome MppeReceiver::FollowStateful(std::uint16_t count, bool flushed, ByteView encrypted) {
  const bool lost = count != expected_;
  if (!ChangeKeysUpTo(count)) return MppeOutcome::kFailed;
  if (IsFlag(count)) {  // the stream starts anew with the key, whether A says so or not
    in_step_ = stream_.Restart();
    return in_step_ ? MppeOutcome::kDecrypted : MppeOutcome::kFailed;
  }
  if (flushed) {
    in_step_ = RestartAsMeant(encrypted);
    return in_step_ ? MppeOutcome::kDecrypted : MppeOutcome::kFailed;
  }
  if (in_step_ && !lost) return MppeOutcome::kDecrypted;
  const bool ask = in_step_ || ++discarded_ >= kAskAgainAfter;
  in_step_ = false;
  if (!ask) return MppeOutcome::kDiscarded;
  discarded_ = 0;
  return MppeOutcome::kOutOfStep;
}

bool MppeReceiver::ChangeKeysUpTo(std::uint16_t count) {
  bool done = true;
  for (std::uint16_t at = expected_; done && at != After(count); at = After(at)) {
    if (stateless_ || IsFlag(at)) done = stream_.ChangeKey();
  }
  expected_ = After(count);
  return done;
}

bool MppeReceiver::RestartAsMeant(ByteView encrypted) {
  if (!LooksLikeIp(encrypted)) {
    MppeKeyStream::KeyBytes before = stream_.saved_key();
    const bool changed = stream_.ChangeKey() && LooksLikeIp(encrypted);
    if (!changed) stream_.RestoreKey(before);
    SecureWipe(before);
  }
  return stream_.Restart();
}

bool MppeReceiver::LooksLikeIp(ByteView encrypted) {
  constexpr std::uint8_t kIpv4 = 0x21;
  constexpr std::uint8_t kIpv6 = 0x57;
  std::array<std::uint8_t, 2> start{};
  const std::size_t size = std::min(start.size(), encrypted.size());
  if (!stream_.Restart() || !stream_.Apply(encrypted.first(size), std::span(start).first(size))) {
    return false;
  }
  const bool full = start[0] == 0 && (start[1] == kIpv4 || start[1] == kIpv6);
  const bool compressed = start[0] == kIpv4 || start[0] == kIpv6;
  SecureWipe(start);
  return full || compressed;
}

}  // namespace sstpgw::crypto
