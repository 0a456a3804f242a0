#include "gateway/datapath/uplink.h"

#include <algorithm>

#include "gateway/codec/http_preamble.h"
#include "gateway/codec/ppp_frame.h"
#include "gateway/codec/sstp_packet.h"

namespace sstpgw::datapath {
namespace {

constexpr std::size_t kMinIpv4Header = 20;

// The packet that an IPv4 header describes, without what lies behind it; empty if it is none.
ByteView CutIpv4(ByteView payload) {
  if (payload.size() < kMinIpv4Header || (payload[0] >> 4) != 4) return {};
  const auto header = std::size_t{payload[0] & 0x0fU} * 4;
  const auto total = static_cast<std::size_t>((payload[2] << 8) | payload[3]);
  if (header < kMinIpv4Header || total < header || total > payload.size()) return {};
  return payload.first(total);
}

Ipv4Address SourceOf(ByteView packet) {
  return Ipv4Address::FromOctets({packet[12], packet[13], packet[14], packet[15]});
}

}  // namespace

void Uplink::Consume(ByteView plaintext, UplinkHandler& handler) {
  while (!plaintext.empty() && phase_ != Phase::kStopped) {
    if (held_.empty()) {
      const std::size_t used = ConsumePiece(plaintext, handler);
      if (phase_ == Phase::kStopped) return;
      if (used == 0) {
        held_.assign(plaintext.begin(), plaintext.end());
        return;
      }
      plaintext = plaintext.subspan(used);
      continue;
    }
    // A piece that began in an earlier call: add no more than it may need, look again.
    const std::size_t before = held_.size();
    const ByteView added = plaintext.first(std::min(Lacking(), plaintext.size()));
    held_.insert(held_.end(), added.begin(), added.end());
    const std::size_t used = ConsumePiece(held_, handler);
    if (phase_ == Phase::kStopped) return Stop();
    if (used == 0) {
      plaintext = plaintext.subspan(added.size());
      continue;
    }
    Bytes().swap(held_);  // an idle session holds no buffer
    searched_ = 0;
    plaintext = plaintext.subspan(used - before);
  }
}

void Uplink::Stop() {
  phase_ = Phase::kStopped;
  Bytes().swap(held_);
}

std::size_t Uplink::Lacking() const {
  if (phase_ == Phase::kHttp) return kMaxHttpHead - held_.size();
  if (held_.size() < codec::kSstpHeaderSize) return codec::kSstpHeaderSize - held_.size();
  const auto header = codec::ParseSstpHeader(held_);
  return header ? header->length - held_.size() : 0;
}

std::size_t Uplink::ConsumePiece(ByteView bytes, UplinkHandler& handler) {
  return phase_ == Phase::kHttp ? ConsumeHttp(bytes, handler) : ConsumePacket(bytes, handler);
}

std::size_t Uplink::ConsumeHttp(ByteView bytes, UplinkHandler& handler) {
  bytes = bytes.first(std::min(bytes.size(), kMaxHttpHead));
  const std::size_t end = codec::FindHttpHeadEnd(bytes, searched_);
  if (end > 0) {
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

std::size_t Uplink::ConsumePacket(ByteView bytes, UplinkHandler& handler) {
  if (bytes.size() < codec::kSstpHeaderSize) return 0;
  const auto header = codec::ParseSstpHeader(bytes);
  if (!header) {
    handler.OnUndelineated();
    phase_ = Phase::kStopped;
    return 0;
  }
  if (header->length > bytes.size()) return 0;
  const ByteView packet = bytes.first(header->length);
  const bool go_on = header->control ? handler.OnSstpPacket(packet) : DeliverData(packet, handler);
  if (!go_on) phase_ = Phase::kStopped;
  return packet.size();
}

bool Uplink::DeliverData(ByteView packet, UplinkHandler& handler) {
  if (packet.size() == codec::kSstpHeaderSize) return true;  // no payload: means nothing
  const auto frame = codec::ParsePppFrame(packet.subspan(codec::kSstpHeaderSize));
  if (!frame) {
    ++counters_.dropped_malformed;
    return true;
  }
  if (codec::IsControlProtocol(frame->protocol)) return handler.OnSstpPacket(packet);
  if (!source_) {
    ++(opened_ ? counters_.dropped_closed : counters_.dropped_before_open);
    return true;
  }
  if (frame->protocol != codec::PppProtocol::kIpv4) return handler.OnSstpPacket(packet);
  DeliverIp(frame->payload, handler);
  return true;
}

void Uplink::DeliverIp(ByteView packet, UplinkHandler& handler) {
  packet = CutIpv4(packet);
  if (packet.empty()) {
    ++counters_.dropped_malformed;
  } else if (SourceOf(packet) != *source_) {
    ++counters_.dropped_spoofed;
  } else {
    ++counters_.packets;
    counters_.bytes += packet.size();
    handler.OnIpPacket(packet);
  }
}

void Uplink::OpenData(Ipv4Address source) {
  source_ = source;
  opened_ = true;
}

void Uplink::ShutData() { source_.reset(); }

}  // namespace sstpgw::datapath
