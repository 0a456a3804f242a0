// When, and how much, a worker may read from the socket of a session whose upload it paces. Nothing
// is lost: while the session is in debt its octets stay where they are, and the client's TCP waits.
//
//   the socket is readable, or Wait is over:
//     pacer.Resume(octets that wait unread in the socket, now);
//     while (room = pacer.ReadRoom(now)) { read at most room; uplink.Consume; }
//     all was read: pacer.Drained(), wait for the socket; else wait for Wait(now), not for it
//
// The queue then stands in the client, and in front of it the flows inside do not know of it. So
// they are told, by CoDel's law (ebpf/queue.h), of what is seen of it: octets that are still unread
// when it is their turn. A packet that is to be signalled is marked where its sender understands,
// and dropped where it does not: of TCP or UDP, and of more than half the full size, since others
// carry nothing that could slow down. Senders who hear nothing, and so fill what the client has of
// memory, lose an ever larger part of their packets until the queue in the client is gone.
//
// In any window of time
//
//   octets passed <= rate * time + burst + what one read holds
//
// Pure: values, no allocation. One per session.
#pragma once

#include <cstdint>

#include "ebpf/queue.h"
#include "gateway/datapath/charge.h"
#include "proto/base/types.h"

namespace sstpgw::datapath {

// What became of packets on their account; the kernel's program counts the others.
struct UpPacerCounters {
  std::uint64_t signalled_packets = 0;  // marked
  std::uint64_t dropped_packets = 0;    // dropped as a signal
  std::uint64_t dropped_octets = 0;     // as they would have been charged
};

class UpPacer {
 public:
  // Of a read while the limit holds it back: 5 ms of the rate. It is a part of every packet's
  // wait.
  static constexpr std::size_t kLeastRoom = 2 * 1024;
  static constexpr std::size_t kMostRoom = 256 * 1024;
  // A whole TLS record must fit into the receive window, or it would never be read.
  static constexpr std::uint64_t kLeastWindow = 20 * 1024;
  // From here on a clamp is above what kernels give to a socket.
  static constexpr std::uint64_t kMostWindow = 16 * 1024 * 1024;

  enum class Verdict : std::uint8_t { kPass, kMark, kDrop };

  // A limit by PaceLimit, or one without a rate. Begins with a full burst.
  UpPacer(const sg_limit& limit, const ChargeRule& rule);

  // Octets that the next read may take: what the bucket holds, or 5 ms of the rate; 0: none yet.
  [[nodiscard]] std::size_t ReadRoom(TimePoint now);
  // Until it is worth reading again. 0 while it is.
  [[nodiscard]] Duration Wait(TimePoint now);
  // Reading begins again, and so many octets wait; more than fit into a read are a queue.
  void Resume(std::size_t unread, TimePoint now);
  // The socket was read until it was empty.
  void Drained(TimePoint now) { Resume(0, now); }

  // A packet on its way to the interface; charged unless it is to be dropped.
  [[nodiscard]] Verdict Judge(ByteView packet);

  // What the socket's receive window is to be at most: 50 ms of the rate besides what is on its way
  // in the connection's round trip; 0: no clamp.
  [[nodiscard]] std::uint64_t WindowClamp(Duration round_trip = Duration{}) const;

  void Change(const sg_limit& limit, TimePoint now);
  void Change(const ChargeRule& rule) { rule_ = rule; }
  [[nodiscard]] const sg_limit& limit() const { return limit_; }
  [[nodiscard]] const UpPacerCounters& counters() const { return counters_; }

 private:
  void Fill(TimePoint now);
  void Apply(const sg_limit& limit);
  // What becomes of a packet that may be told by.
  [[nodiscard]] Verdict Tell(ByteView packet);
  // Its sender slows down when told by this packet.
  [[nodiscard]] bool MaySignal(ByteView packet) const;

  sg_limit limit_;
  ChargeRule rule_;
  sg_bucket bucket_{};
  sg_codel codel_{};
  std::size_t room_ = 0;       // 5 ms of the rate
  std::uint64_t quantum_ = 0;  // 2 ms
  bool signal_ = false;        // with the next packet that may be
  std::uint64_t full_ = 0;     // unread octets behind which there are more in the client
  std::uint32_t shed_ = 0;     // part of the packets, in 256ths
  std::uint32_t shed_due_ = 0;
  UpPacerCounters counters_;
};

}  // namespace sstpgw::datapath
