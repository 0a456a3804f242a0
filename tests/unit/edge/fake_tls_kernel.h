// A kernel with TLS on any stream socket, for hosts whose own has none: keys are taken by
// setsockopt as Linux takes them, records made and read with libcrypto as tls_sw.c does it (one
// sendmsg is one record, accepted as a whole; one recvmsg returns many data records or one of
// another kind; after a bad record the error stays on the socket until SO_ERROR is read).
// Everything else is the real kernel's. One connection per object.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "gateway/edge/kernel.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

class FakeTlsKernel final : public Kernel {
 public:
  // What the next calls are refused with; 0: taken.
  int attach_error = 0;
  int send_key_error = 0;
  int receive_key_error = 0;
  // TLS 1.3 keys may be replaced (Linux 6.14).
  bool takes_new_keys = false;
  // Payload that one sendmsg takes at most; the rest is for the next.
  std::size_t send_at_most = 1 << 20;

  // Plaintext sizes and types of all records sent, in order.
  struct Sent {
    std::uint8_t type;
    std::size_t size;
    friend bool operator==(const Sent&, const Sent&) = default;
  };
  std::vector<Sent> sent;
  int receive_calls = 0;
  int send_keys = 0;  // how many were taken
  int receive_keys = 0;

  // What the kernel does by itself when the socket takes more. True: nothing is left.
  bool PushOut(int fd) { return FlushCiphertext(fd) && ciphertext_out_.empty(); }
  // As if this record had come from the peer.
  void Inject(std::uint8_t type, Bytes plaintext) {
    records_.push_back({type, std::move(plaintext)});
  }

  KernelResult<UniqueFd> Open(const std::string& path, int flags) override;
  KernelResult<std::size_t> Read(int fd, std::span<std::uint8_t> out) override;
  KernelResult<std::size_t> Write(int fd, ByteView bytes) override;
  KernelResult<std::size_t> WriteParts(int fd, std::span<const ByteView> parts) override;
  KernelResult<void> Ioctl(int fd, unsigned long request, void* argument) override;
  KernelResult<UniqueFd> Socket(int domain, int type, int protocol) override;
  KernelResult<void> SetSocketOption(int fd, int level, int name, ByteView value) override;
  KernelResult<std::size_t> GetSocketOption(int fd, int level, int name,
                                            std::span<std::uint8_t> out) override;
  KernelResult<void> Bind(int fd, const sockaddr* address, socklen_t length) override;
  KernelResult<void> Connect(int fd, const sockaddr* address, socklen_t length) override;
  KernelResult<void> Listen(int fd, int backlog) override;
  KernelResult<UniqueFd> Accept(int fd, sockaddr_storage& peer, int flags) override;
  KernelResult<sockaddr_storage> SocketName(int fd) override;
  KernelResult<sockaddr_storage> PeerName(int fd) override;
  KernelResult<std::size_t> Send(int fd, ByteView bytes, int flags) override;
  KernelResult<std::size_t> Receive(int fd, std::span<std::uint8_t> out, int flags) override;
  KernelResult<std::size_t> SendMessage(int fd, const msghdr& message, int flags) override;
  KernelResult<std::size_t> ReceiveMessage(int fd, msghdr& message, int flags) override;
  KernelResult<std::size_t> Poll(std::span<pollfd> watched, int milliseconds) override;
  KernelResult<int> Bpf(int command, void* attributes, std::size_t size) override;

 private:
  struct Key {
    std::uint16_t version = 0;
    std::uint16_t cipher = 0;
    Bytes key;
    Bytes salt;
    Bytes iv;
    std::uint64_t sequence = 0;
  };
  struct Record {
    std::uint8_t type = 0;
    Bytes plaintext;
  };
  static std::optional<Key> ParseKey(ByteView value);
  static Bytes Nonce(const Key& key);
  static Bytes Seal(Key& key, std::uint8_t type, ByteView plaintext);
  // nullopt: it does not decrypt.
  static std::optional<Record> Open(Key& key, ByteView record);
  // Takes whole records out of the socket. errno, 0 if all is well.
  int Fill(int fd);
  bool FlushCiphertext(int fd);

  bool attached_ = false;
  std::optional<Key> send_key_;
  std::optional<Key> receive_key_;
  Bytes ciphertext_out_;
  Bytes ciphertext_in_;
  std::deque<Record> records_;
  bool end_of_tcp_ = false;
  int socket_error_ = 0;
};

}  // namespace sstpgw::edge
