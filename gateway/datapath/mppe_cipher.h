// crypto/mppe.h as the data path uses it: a frame's payload behind protocol 0x00FD.
//
// Threads: the session's worker.
#pragma once

#include <utility>

#include "gateway/crypto/mppe.h"
#include "gateway/datapath/packet_cipher.h"

namespace sstpgw::datapath {

class MppeSealer final : public PacketSealer {
 public:
  explicit MppeSealer(crypto::MppeSender sender) : sender_(std::move(sender)) {}
  bool Seal(codec::PppProtocol protocol, std::span<std::uint8_t> frame) override;
  // The next packet starts the peer's key anew.
  void Flush() { sender_.Flush(); }

 private:
  crypto::MppeSender sender_;
};

class MppeOpener final : public PacketOpener {
 public:
  explicit MppeOpener(crypto::MppeReceiver receiver) : receiver_(std::move(receiver)) {}
  Opened Open(ByteView frame, std::span<std::uint8_t> out) override;

 private:
  crypto::MppeReceiver receiver_;
};

}  // namespace sstpgw::datapath
