#include "gateway/datapath/mppe_cipher.h"

#include <algorithm>

#include "gateway/datapath/packet_fields.h"

namespace sstpgw::datapath {

bool MppeSealer::Seal(codec::PppProtocol protocol, std::span<std::uint8_t> frame) {
  static_assert(kSealOverhead == crypto::kMppeHeaderSize + 2);
  if (frame.size() <= kSealOverhead) return false;
  Store16(&frame[crypto::kMppeHeaderSize], static_cast<std::uint16_t>(protocol));
  return sender_.Encrypt(frame.subspan(crypto::kMppeHeaderSize), frame);
}

PacketOpener::Opened MppeOpener::Open(ByteView frame, std::span<std::uint8_t> out) {
  if (frame.size() <= crypto::kMppeHeaderSize || out.size() < frame.size()) return {};
  // Decryption is in place, and the frame is not ours to change. Beside RC4 the copy is nothing.
  std::copy(frame.begin(), frame.end(), out.begin());
  const crypto::MppeReceiver::Received received = receiver_.Decrypt(out.first(frame.size()));
  switch (received.outcome) {
    case crypto::MppeOutcome::kDecrypted:
      return {Status::kOpened, received.plain};
    case crypto::MppeOutcome::kOutOfStep:
      return {Status::kOutOfStep, {}};
    default:
      return {};
  }
}

}  // namespace sstpgw::datapath
