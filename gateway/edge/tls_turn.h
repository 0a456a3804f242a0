// One call of a TlsStream into OpenSSL, and the BIO through which OpenSSL reaches it: part of
// tls_stream.cc.
#pragma once

#include <openssl/bio.h>
#include <sys/types.h>

#include "gateway/edge/tls_stream.h"

namespace sstpgw::edge {

// Lends OpenSSL the calling thread's buffers, then keeps what is left in them.
class TlsStream::Turn {
 public:
  // `room`: how much plaintext the caller can take.
  Turn(TlsStream& stream, std::size_t room);
  ~Turn() { stream_.turn_ = nullptr; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  // Octets copied; 0: nothing now; -1: nothing ever: stream_.end_of_tcp_ or receive_errno_ says
  // why, or the stream has failed.
  int Pull(std::span<std::uint8_t> out);
  void Push(ByteView ciphertext);
  // Keeps unread input, sends output. False: the connection is broken.
  bool Finish();
  // The one receive of this turn filled its room, or there were many small ones, so the socket may
  // hold more.
  [[nodiscard]] bool more_waiting() const { return more_waiting_; }

 private:
  struct Buffers;
  static Buffers& OfThisThread();

  // Once per turn: OpenSSL asks again and again as long as records bring it no data, and whoever
  // sends such records must not hold the thread.
  bool Receive();
  // As Pull: not an octet more than OpenSSL asks for.
  int PullFromSocket(std::span<std::uint8_t> out);
  // The same while receiving waits for the kernel.
  int PullRecords(std::span<std::uint8_t> out);
  // As Pull.
  ssize_t ReceiveInto(std::span<std::uint8_t> out);

  TlsStream& stream_;
  Buffers& buffers_;
  ByteView input_;  // in held_ or in the thread's receive buffer
  std::size_t receive_limit_ = 0;
  std::size_t pulled_ = 0;  // octets of this turn's PullFromSocket and PullRecords
  int pulls_ = 0;           // calls of PullRecords
  bool received_ = false;
  bool more_waiting_ = false;
};

struct TlsStream::Bio {
  static const BIO_METHOD* Method();

 private:
  static TlsStream& StreamOf(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }
  static int Read(BIO* bio, char* out, int size);
  static int Write(BIO* bio, const char* bytes, int size);
  static long Control(BIO* bio, int command, long number, void* pointer);
};

}  // namespace sstpgw::edge
