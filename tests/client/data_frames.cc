#include "tests/client/data_frames.h"

#include <algorithm>

namespace sstpgw::client {
namespace {

bool IsIp(std::uint16_t protocol) { return protocol == kIpv4 || protocol == kIpv6; }

}  // namespace

bool DataFrames::Finish(std::span<std::uint8_t> frame) {
  const std::size_t header = header_size();
  if (frame.size() <= header || frame.size() > kIpFrameHeader + kMaxIp) return false;
  const std::uint16_t protocol = ProtocolOfIp(frame.subspan(header));
  if (protocol == 0) return false;
  const std::uint16_t outer = Sealing() ? kCompressed : protocol;
  const auto plain = IpFrameHeader(outer, frame.size() - kIpFrameHeader);
  std::copy(plain.begin(), plain.end(), frame.begin());
  if (!Sealing()) return true;
  frame[10] = static_cast<std::uint8_t>(protocol >> 8);
  frame[11] = static_cast<std::uint8_t>(protocol & 0xff);
  const std::uint16_t bits = sender_->Seal(frame.subspan(10));
  frame[8] = static_cast<std::uint8_t>(bits >> 8);
  frame[9] = static_cast<std::uint8_t>(bits & 0xff);
  ++sealed_;
  const std::uint32_t every = options_.deviations.lose_every;
  return every == 0 || sealed_ % every != 0;
}

std::optional<Bytes> DataFrames::Open(const PppFrame& frame) {
  if (frame.protocol != kCompressed) {
    if (receiver_) ++facts_.mppe.plaintext_received;
    return receiver_ ? std::nullopt : std::optional<Bytes>(frame.information);
  }
  if (!receiver_ || frame.information.size() < 4) {
    ++facts_.mppe.malformed;
    return std::nullopt;
  }
  Bytes octets(frame.information.begin() + 2, frame.information.end());
  switch (receiver_->Open(Get16(frame.information, 0), octets)) {
    case MppeReceiver::Verdict::kOpened:
      break;
    case MppeReceiver::Verdict::kOutOfStep:
      ++facts_.mppe.out_of_step;
      out_of_step_();
      return std::nullopt;
    case MppeReceiver::Verdict::kDiscarded:
      ++facts_.mppe.discarded;
      return std::nullopt;
    case MppeReceiver::Verdict::kMalformed:
      ++facts_.mppe.malformed;
      return std::nullopt;
  }
  const bool short_form = (octets[0] & 1) != 0;  // RFC 1661 6.5
  const std::uint16_t protocol = short_form ? octets[0] : Get16(octets, 0);
  octets.erase(octets.begin(), octets.begin() + (short_form ? 1 : 2));
  if (!IsIp(protocol) || ProtocolOfIp(octets) != protocol) {
    ++facts_.mppe.malformed;  // decrypted with another key, most likely
    return std::nullopt;
  }
  ++facts_.mppe.received;
  return octets;
}

void DataFrames::StartMppe(const MppeStartKeys& keys, const MppeMode& sending,
                           const MppeMode& receiving) {
  sender_.emplace(StartKey(keys, true, sending), sending);
  receiver_.emplace(StartKey(keys, false, receiving), receiving);
  facts_.mppe.up = true;
  facts_.mppe.sending = sending;
  facts_.mppe.receiving = receiving;
}

void DataFrames::StopMppe() {
  sender_.reset();
  receiver_.reset();
  facts_.mppe.up = false;
}

void DataFrames::Flush() {
  ++facts_.mppe.resets_asked_of_us;
  if (sender_) sender_->Flush();
}

}  // namespace sstpgw::client
