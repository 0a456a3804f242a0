// A client of the gateway without an interface: the test makes its IPv4 and IPv6 packets, says how
// they are put into TLS records, and takes what comes, packet by packet and record by record.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "tests/client/ipv6_wire.h"
#include "tests/support/dialer.h"

namespace sstpgw::test {

enum class RecordFill {
  kOnePacket,   // each packet in a record of its own
  kFull,        // 16,384 octets each, packets straddle two of them
  kStraddling,  // of all small and many large sizes, so that packets are cut at every offset
};

class PacketClient {
 public:
  explicit PacketClient(Namespace& where, const ServerAddress& server,
                        client::ClientOptions options = TestUser(),
                        const client::TlsOptions& tls = NotVerified());

  // True once the session is up on this side; the gateway may be about to finish, see
  // LabSuite::WaitActive.
  bool DialUp();
  [[nodiscard]] Ipv4Address address() { return dialer_.facts().address; }
  // With IPv6: ours and the gateway's on the link.
  [[nodiscard]] Ipv6Address link_local() { return client::LinkLocal(dialer_.facts().interface_id); }
  [[nodiscard]] Ipv6Address peer_link_local() {
    return client::LinkLocal(dialer_.facts().peer_interface_id);
  }

  // Queues packets; PumpUntil sends them.
  void Send(std::span<const Bytes> packets, RecordFill fill);
  // Queues any octets as one record.
  void SendRecord(ByteView octets) { connection().WriteRecord(octets); }
  // Moves octets both ways until `fact`; false when it took too long or the session ended before.
  // `descriptor`: `fact` may come true when this is readable; -1: none.
  bool PumpUntil(const std::function<bool()>& fact, int descriptor = -1,
                 std::chrono::milliseconds timeout = kPatience);

  [[nodiscard]] Dialer& dialer() { return dialer_; }
  [[nodiscard]] client::Connection& connection() { return dialer_.connection(); }

  std::vector<Bytes> received;  // IP packets in the order in which they came
  bool keep_records = false;
  std::vector<Bytes> records;  // plaintext of the server's records, if kept

 private:
  Dialer dialer_;
  std::size_t cut_ = 0;  // RecordFill::kStraddling goes on where it stopped
};

// IP packets as SSTP data packets, back to back.
[[nodiscard]] Bytes Framed(std::span<const Bytes> packets);

}  // namespace sstpgw::test
