// IP packets in SSTP data packets, both ways, with MPPE where CCP agreed on it (RFC 3078 4):
//
//   plain   10 00 length | FF 03 | 0021 or 0057 | packet
//   MPPE    10 00 length | FF 03 | 00FD | bits and count | encrypted: 0021 or 0057, packet
//
// Pure; no allocation for what is sent.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "tests/client/client_options.h"
#include "tests/client/client_session.h"
#include "tests/client/mppe.h"
#include "tests/client/wire.h"

namespace sstpgw::client {

class DataFrames {
 public:
  // `out_of_step`: packets of the server are missing, CCP should ask for a reset.
  DataFrames(const ClientOptions& options, Facts& facts, std::function<void()> out_of_step)
      : options_(options), facts_(facts), out_of_step_(std::move(out_of_step)) {}

  // Octets in front of a packet that is sent.
  [[nodiscard]] std::size_t header_size() const { return Sealing() ? 12 : kIpFrameHeader; }
  // `frame`: header_size() octets of room, then the packet, at most kMaxIp together with what is
  // above 8 of the header. Makes a frame of it in place. False: it is not to be sent.
  [[nodiscard]] bool Finish(std::span<std::uint8_t> frame);
  // The IP packet in a frame of the server; nullopt: none, and if it was encrypted, counted why.
  [[nodiscard]] std::optional<Bytes> Open(const PppFrame& frame);

  void StartMppe(const MppeStartKeys& keys, const MppeMode& sending, const MppeMode& receiving);
  void StopMppe();
  // The server asked for a reset.
  void Flush();
  // Plain packets may come as they are.
  [[nodiscard]] bool plain() const { return !receiver_; }

 private:
  [[nodiscard]] bool Sealing() const {
    return sender_.has_value() && !options_.deviations.plaintext_beside_mppe;
  }

  const ClientOptions& options_;
  Facts& facts_;
  std::function<void()> out_of_step_;
  std::optional<MppeSender> sender_;
  std::optional<MppeReceiver> receiver_;
  std::uint64_t sealed_ = 0;
};

}  // namespace sstpgw::client
