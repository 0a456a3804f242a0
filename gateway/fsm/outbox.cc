#include "gateway/fsm/outbox.h"

#include "gateway/codec/packet_text.h"

namespace sstpgw::fsm {

void Outbox::SendPpp(codec::PppProtocol protocol, ByteView packet, LogLevel level,
                     std::optional<AuthProtocol> chap) {
  using enum codec::Direction;
  if (Wants(level)) {
    Log(level, codec::LogLine(kSend, codec::DescribePacket(kSend, protocol, packet, chap)));
  }
  Send(codec::EncodeDataPacket(protocol, packet));
}

void Outbox::LogReceived(codec::PppProtocol protocol, ByteView packet, LogLevel level,
                         std::optional<AuthProtocol> chap) {
  using enum codec::Direction;
  if (!Wants(level)) return;
  Log(level, codec::LogLine(kReceive, codec::DescribePacket(kReceive, protocol, packet, chap)));
}

}  // namespace sstpgw::fsm
