#include "gateway/datapath/uplink.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "gateway/codec/http_preamble.h"
#include "gateway/codec/ppp_frame.h"
#include "gateway/codec/sstp_packet.h"
#include "gateway/datapath/congestion_mark.h"
#include "gateway/datapath/packet_fields.h"
#include "proto/base/secret.h"

namespace sstpgw::datapath {
namespace {

constexpr auto kIpv4FrameHeader = codec::DataHeaderBytes(codec::PppProtocol::kIpv4, 0);

// The packet that an IPv4 header describes, without what lies behind it; empty if it is none.
ByteView CutIpv4(ByteView payload) {
  if (payload.size() < kIpv4HeaderSize || IpVersion(payload) != 4) return {};
  const auto header = std::size_t{payload[0] & 0x0fU} * 4;
  const std::size_t total = Load16(&payload[kIpv4TotalLength]);
  if (header < kIpv4HeaderSize || total < header || total > payload.size()) return {};
  return payload.first(total);
}

Ipv4Address SourceOf(ByteView packet) { return Ipv4Address(Load32(&packet[kIpv4Source])); }

}  // namespace

UplinkCounters& UplinkCounters::operator+=(const UplinkCounters& other) {
  packets += other.packets;
  bytes += other.bytes;
  dropped_before_binding += other.dropped_before_binding;
  dropped_before_activation += other.dropped_before_activation;
  dropped_closed += other.dropped_closed;
  dropped_spoofed += other.dropped_spoofed;
  dropped_malformed += other.dropped_malformed;
  dropped_interface += other.dropped_interface;
  dropped_limit += other.dropped_limit;
  return *this;
}

Uplink::~Uplink() { GiveBackHeld(); }

void Uplink::Consume(ByteView plaintext, UplinkHandler& handler) {
  std::size_t no_limit = std::numeric_limits<std::size_t>::max();
  Consume(plaintext, handler, no_limit);
}

ByteView Uplink::Consume(ByteView plaintext, UplinkHandler& handler, std::size_t& budget) {
  Bytes finished;
  const ByteView rest = ConsumeAll(plaintext, handler, budget, finished);
  EndIpPackets(handler);
  return rest;
}

ByteView Uplink::ConsumeAll(ByteView plaintext, UplinkHandler& handler, std::size_t& budget,
                            Bytes& finished) {
  while (!plaintext.empty() && phase_ != Phase::kStopped && budget > 0) {
    if (held_.empty()) {
      if (const std::size_t used = ConsumeIpv4Frame(plaintext, handler); used > 0) {
        plaintext = plaintext.subspan(used);
        continue;
      }
      const std::size_t used = ConsumePiece(plaintext, handler, budget);
      if (phase_ == Phase::kStopped) return {};
      if (used == 0) {
        Hold(plaintext);
        return {};
      }
      plaintext = plaintext.subspan(used);
      continue;
    }
    // A piece that began in an earlier call: add no more than it may need, look again.
    const std::size_t before = held_.size();
    const ByteView added = plaintext.first(std::min(Lacking(), plaintext.size()));
    Hold(added);
    const std::size_t used = ConsumePiece(held_, handler, budget);
    if (phase_ == Phase::kStopped) {
      GiveBackHeld();
      return {};
    }
    if (used == 0) {
      plaintext = plaintext.subspan(added.size());
      continue;
    }
    if (delivered_) {
      finished.swap(held_);
    } else {
      GiveBackHeld();
    }
    searched_ = 0;
    plaintext = plaintext.subspan(used - before);
  }
  return phase_ == Phase::kStopped ? ByteView() : plaintext;
}

void Uplink::Hold(ByteView bytes) {
  const auto header = codec::ParseSstpHeader(held_.empty() ? bytes : ByteView(held_));
  if (phase_ == Phase::kSstp && header) held_.reserve(header->length);
  held_.insert(held_.end(), bytes.begin(), bytes.end());
}

// An idle session holds no buffer.
void Uplink::GiveBackHeld() {
  if (!source_) SecureWipe(held_);
  Bytes().swap(held_);
}

std::size_t Uplink::Lacking() const {
  if (phase_ == Phase::kHttp) return kMaxHttpHead - held_.size();
  if (held_.size() < codec::kSstpHeaderSize) return codec::kSstpHeaderSize - held_.size();
  const auto header = codec::ParseSstpHeader(held_);
  return header ? header->length - held_.size() : 0;
}

std::size_t Uplink::ConsumePiece(ByteView bytes, UplinkHandler& handler, std::size_t& budget) {
  return phase_ == Phase::kHttp ? ConsumeHttp(bytes, handler, budget)
                                : ConsumePacket(bytes, handler, budget);
}

std::size_t Uplink::ConsumeHttp(ByteView bytes, UplinkHandler& handler, std::size_t& budget) {
  bytes = bytes.first(std::min(bytes.size(), kMaxHttpHead));
  const std::size_t end = codec::FindHttpHeadEnd(bytes, searched_);
  if (end > 0) {
    --budget;
    phase_ = handler.OnHttpHead(bytes.first(end)) ? Phase::kSstp : Phase::kStopped;
    return end;
  }
  searched_ = bytes.size();
  if (bytes.size() == kMaxHttpHead) {
    handler.OnHttpHeadTooLong();
    phase_ = Phase::kStopped;
  }
  return 0;
}

std::size_t Uplink::ConsumePacket(ByteView bytes, UplinkHandler& handler, std::size_t& budget) {
  if (bytes.size() < codec::kSstpHeaderSize) return 0;
  const auto header = codec::ParseSstpHeader(bytes);
  if (!header) {
    EndIpPackets(handler);
    handler.OnUndelineated();
    phase_ = Phase::kStopped;
    return 0;
  }
  if (header->length > bytes.size()) return 0;
  const ByteView packet = bytes.first(header->length);
  if (!header->control && !IsForSession(packet, handler)) return packet.size();
  --budget;
  EndIpPackets(handler);
  if (!handler.OnSstpPacket(packet)) phase_ = Phase::kStopped;
  return packet.size();
}

std::size_t Uplink::ConsumeIpv4Frame(ByteView bytes, UplinkHandler& handler) {
  if (!source_ || phase_ != Phase::kSstp || bytes.size() < codec::kDataHeaderSize) return 0;
  const auto length = static_cast<std::size_t>(((bytes[2] & 0x0f) << 8) | bytes[3]);
  const bool fits = bytes[0] == kIpv4FrameHeader[0] && (bytes[1] & 1) == 0 &&
                    length >= codec::kDataHeaderSize && length <= bytes.size() &&
                    std::memcmp(&bytes[4], &kIpv4FrameHeader[4], codec::kPppHeaderSize) == 0;
  if (!fits) return 0;
  DeliverIp(bytes.subspan(codec::kDataHeaderSize, length - codec::kDataHeaderSize), handler);
  return length;
}

bool Uplink::IsForSession(ByteView packet, UplinkHandler& handler) {
  if (packet.size() == codec::kSstpHeaderSize) return false;  // no payload: means nothing
  const auto frame = codec::ParsePppFrame(packet.subspan(codec::kSstpHeaderSize));
  if (!frame) {
    ++counters_.dropped_malformed;
    return false;
  }
  if (codec::IsControlProtocol(frame->protocol)) return true;
  if (!source_) {
    ++(opened_  ? counters_.dropped_closed
       : bound_ ? counters_.dropped_before_activation
                : counters_.dropped_before_binding);
    return false;
  }
  if (frame->protocol != codec::PppProtocol::kIpv4) return true;
  DeliverIp(frame->payload, handler);
  return false;
}

void Uplink::DeliverIp(ByteView packet, UplinkHandler& handler) {
  packet = CutIpv4(packet);
  if (packet.empty()) {
    ++counters_.dropped_malformed;
  } else if (SourceOf(packet) != *source_) {
    ++counters_.dropped_spoofed;
  } else {
    if (pacer_ != nullptr) packet = Pace(packet);
    if (packet.empty()) return;
    ++counters_.packets;
    counters_.bytes += packet.size();
    delivered_ = true;
    handler.OnIpPacket(packet);
  }
}

ByteView Uplink::Pace(ByteView packet) {
  switch (pacer_->Judge(packet)) {
    case UpPacer::Verdict::kPass:
      return packet;
    case UpPacer::Verdict::kDrop:
      ++counters_.dropped_limit;
      return {};
    case UpPacer::Verdict::kMark:
      break;
  }
  // Rare: a few in a second.
  Bytes& marked = marked_.emplace_back(packet.begin(), packet.end());
  MarkCongestion(marked);
  return marked;
}

void Uplink::EndIpPackets(UplinkHandler& handler) {
  if (!delivered_) return;
  delivered_ = false;
  handler.OnIpPacketsEnd();
  if (!marked_.empty()) std::vector<Bytes>().swap(marked_);
}

void Uplink::NoteRefused(std::size_t packets, std::size_t bytes) {
  counters_.packets -= packets;
  counters_.bytes -= bytes;
  counters_.dropped_interface += packets;
}

void Uplink::OpenData(Ipv4Address source) {
  source_ = source;
  opened_ = true;
}

void Uplink::ShutData() { source_.reset(); }

}  // namespace sstpgw::datapath
