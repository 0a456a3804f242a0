// A TLS client that decides when which octets leave: for what the gateway must make of records that
// arrive together, in halves, changed or with messages no tunnel client sends. Blocking, with
// deadlines; one thread. Takes any certificate.
#pragma once

#include <openssl/types.h>

#include <chrono>
#include <memory>
#include <string>

#include "proto/base/types.h"
#include "tests/support/namespaces.h"
#include "tests/support/raw_peer.h"
#include "tests/support/wait_until.h"

namespace sstpgw::test {

class RecordPeer {
 public:
  enum class End { kCloseNotify, kAlert, kTcp, kNone };

  // Connects from `where`. `version`: "1.2" or "1.3".
  RecordPeer(const Namespace& where, const ServerAddress& server, const std::string& version);
  ~RecordPeer();
  RecordPeer(const RecordPeer&) = delete;
  RecordPeer& operator=(const RecordPeer&) = delete;

  // True once this side is done. With `hold`, its last flight waits for Push.
  bool Handshake(bool hold = false);
  // As user test, until packets may pass; the rest of the connection is the test's.
  bool LogIn();
  // Encrypts; nothing leaves before Push.
  void Write(std::string_view text);
  // A TLS 1.3 KeyUpdate, likewise.
  void UpdateKey(bool ask_for_answer);
  // close_notify, likewise.
  void Close();
  // Ciphertext made and not yet sent.
  [[nodiscard]] std::size_t waiting() const;
  // Sends that many octets of it; all by default.
  bool Push(std::size_t octets = ~std::size_t{0});
  // Decrypted text until `mark` is in it; what came so far when it did not come in time.
  std::string ReadUntil(const std::string& mark, std::chrono::milliseconds timeout = kPatience);
  // How the server ended it; what it sent before is dropped.
  End AwaitEnd(std::chrono::milliseconds timeout = kPatience);
  // With kAlert.
  [[nodiscard]] int alert() const { return alert_; }

 private:
  struct Deleter {
    void operator()(SSL* ssl) const;
    void operator()(SSL_CTX* context) const;
  };
  using Deadline = std::chrono::steady_clock::time_point;
  // Takes in what the socket has within the deadline. False: nothing came.
  bool Fill(Deadline deadline);
  // What the next record says; empty: none came.
  std::string Read(Deadline deadline);
  void NoteEnd(int result);

  int fd_ = -1;
  std::unique_ptr<SSL_CTX, Deleter> context_;
  std::unique_ptr<SSL, Deleter> ssl_;
  BIO* in_ = nullptr;   // owned by ssl_
  BIO* out_ = nullptr;  // likewise
  Bytes output_;
  bool tcp_ended_ = false;
  End end_ = End::kNone;
  int alert_ = -1;
};

}  // namespace sstpgw::test
