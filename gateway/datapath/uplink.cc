#include "gateway/datapath/uplink.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "gateway/codec/http_preamble.h"
#include "gateway/codec/sstp_packet.h"
#include "gateway/datapath/congestion_mark.h"
#include "gateway/datapath/ipv6_scope.h"
#include "gateway/datapath/packet_fields.h"
#include "proto/base/secret.h"

namespace sstpgw::datapath {
namespace {

using codec::PppProtocol;

// Of a frame as everybody sends it; the last octet tells which protocol it is.
constexpr auto kFrameHeader = codec::DataHeaderBytes(PppProtocol::kIpv4, 0);

// Of a data protocol that is no business of the session's brain.
bool IsPacket(PppProtocol protocol) {
  return protocol == PppProtocol::kIpv4 || protocol == PppProtocol::kIpv6 ||
         protocol == PppProtocol::kCompressed;
}

// The packet that an IPv4 header describes, without what lies behind it; empty if it is none.
ByteView CutIpv4(ByteView payload) {
  if (payload.size() < kIpv4HeaderSize || IpVersion(payload) != 4) return {};
  const auto header = std::size_t{payload[0] & 0x0fU} * 4;
  const std::size_t total = Load16(&payload[kIpv4TotalLength]);
  if (header < kIpv4HeaderSize || total < header || total > payload.size()) return {};
  return payload.first(total);
}

}  // namespace

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
      if (const std::size_t used = ConsumeDataFrame(plaintext, handler, budget); used > 0) {
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
  if (!open_) SecureWipe(held_);
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
  if (!header->control && !IsForSession(packet, handler, budget)) return packet.size();
  --budget;
  EndIpPackets(handler);
  if (!handler.OnSstpPacket(packet)) phase_ = Phase::kStopped;
  return packet.size();
}

std::size_t Uplink::ConsumeDataFrame(ByteView bytes, UplinkHandler& handler, std::size_t& budget) {
  if (!open_ || phase_ != Phase::kSstp || bytes.size() < codec::kDataHeaderSize) return 0;
  const auto length = static_cast<std::size_t>(((bytes[2] & 0x0f) << 8) | bytes[3]);
  const bool fits = bytes[0] == kFrameHeader[0] && (bytes[1] & 1) == 0 &&
                    length >= codec::kDataHeaderSize && length <= bytes.size() &&
                    std::memcmp(&bytes[4], &kFrameHeader[4], codec::kPppHeaderSize - 1) == 0 &&
                    IsPacket(PppProtocol{bytes[7]});
  if (!fits) return 0;
  const ByteView payload = bytes.subspan(codec::kDataHeaderSize, length - codec::kDataHeaderSize);
  DeliverData({PppProtocol{bytes[7]}, payload}, handler, budget);
  return length;
}

bool Uplink::IsForSession(ByteView packet, UplinkHandler& handler, std::size_t& budget) {
  if (packet.size() == codec::kSstpHeaderSize) return false;  // no payload: means nothing
  const auto frame = codec::ParsePppFrame(packet.subspan(codec::kSstpHeaderSize));
  if (!frame) {
    ++counters_.dropped_malformed;
    return false;
  }
  if (codec::IsControlProtocol(frame->protocol)) return true;
  if (!open_) {
    // MPPE may begin before the data path opens, and stays in step only if it sees everything.
    const bool sealed = frame->protocol == PppProtocol::kCompressed && opener_ != nullptr;
    if (sealed && Open(frame->payload, handler, budget).empty()) return false;
    ++(opened_  ? counters_.dropped_closed
       : bound_ ? counters_.dropped_before_activation
                : counters_.dropped_before_binding);
    return false;
  }
  if (!IsPacket(frame->protocol)) return true;
  DeliverData(*frame, handler, budget);
  return false;
}

// ---- Packets
// -----------------------------------------------------------------------------------

void Uplink::DeliverData(const codec::PppFrame& frame, UplinkHandler& handler,
                         std::size_t& budget) {
  if (frame.protocol == PppProtocol::kCompressed) {
    DeliverSealed(frame.payload, handler, budget);
  } else if (opener_ != nullptr) {
    ++counters_.dropped_unencrypted;
  } else {
    DeliverPlain(frame, handler, budget);
  }
}

void Uplink::DeliverSealed(ByteView sealed, UplinkHandler& handler, std::size_t& budget) {
  const ByteView inner = Open(sealed, handler, budget);
  if (inner.empty()) return;
  const auto frame = codec::ParsePppFrame(inner);
  const bool packet = frame && IsPacket(frame->protocol) &&
                      frame->protocol != PppProtocol::kCompressed;  // once is enough
  if (packet) {
    DeliverPlain(*frame, handler, budget);
  } else {
    ++counters_.dropped_malformed;
  }
}

ByteView Uplink::Open(ByteView sealed, UplinkHandler& handler, std::size_t& budget) {
  if (opener_ == nullptr || sealed.size() > room_.size()) {
    ++counters_.dropped_mppe;
    return {};
  }
  if (room_.size() - room_used_ < sealed.size()) EndIpPackets(handler);
  const std::span<std::uint8_t> out = room_.subspan(room_used_);
  const PacketOpener::Opened opened = opener_->Open(sealed, out);
  if (opened.status != PacketOpener::Status::kOpened || opened.plain.empty()) {
    ++counters_.dropped_mppe;
    if (opened.status != PacketOpener::Status::kOutOfStep) return {};
    --budget;
    EndIpPackets(handler);
    if (!handler.OnMppeOutOfStep()) phase_ = Phase::kStopped;
    return {};
  }
  room_used_ += sealed.size();
  return opened.plain;
}

void Uplink::DeliverPlain(const codec::PppFrame& frame, UplinkHandler& handler,
                          std::size_t& budget) {
  const bool ipv6 = frame.protocol == PppProtocol::kIpv6;
  const Families& families = sources_.families();
  if (ipv6 ? !families.ipv6 : !families.ipv4) {
    ++counters_.dropped_not_negotiated;
    return;
  }
  const ByteView packet = ipv6 ? CutIpv6(frame.payload) : CutIpv4(frame.payload);
  if (packet.empty()) {
    ++counters_.dropped_malformed;
  } else if (ipv6) {
    DeliverIpv6(packet, handler, budget);
  } else if (sources_.AllowsIpv4(&packet[kIpv4Source])) {
    PassOn(packet, handler);
  } else {
    ++counters_.dropped_spoofed;
  }
}

void Uplink::DeliverIpv6(ByteView packet, UplinkHandler& handler, std::size_t& budget) {
  switch (WayOfIpv6(packet, sources_)) {
    case Ipv6Way::kPass:
      PassOn(packet, handler);
      break;
    case Ipv6Way::kControl:
      ++counters_.ipv6_control;
      --budget;
      EndIpPackets(handler);
      if (!handler.OnIpv6Control(packet)) phase_ = Phase::kStopped;
      break;
    case Ipv6Way::kLocal:
      ++counters_.dropped_link_local;
      break;
    case Ipv6Way::kForeign:
      ++counters_.dropped_spoofed;
      break;
  }
}

void Uplink::PassOn(ByteView packet, UplinkHandler& handler) {
  if (pacer_ != nullptr) packet = Pace(packet);
  if (packet.empty()) return;
  ++counters_.packets;
  counters_.bytes += packet.size();
  delivered_ = true;
  handler.OnIpPacket(packet);
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
  room_used_ = 0;
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

void Uplink::OpenData(SourceCheck sources) {
  sources_ = std::move(sources);
  open_ = true;
  opened_ = true;
}

void Uplink::ShutData() { open_ = false; }

void Uplink::SetOpener(PacketOpener* opener, std::span<std::uint8_t> room) {
  opener_ = opener;
  room_ = room;
  room_used_ = 0;
}

}  // namespace sstpgw::datapath
