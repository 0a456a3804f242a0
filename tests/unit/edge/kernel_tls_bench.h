// A TLS connection whose records go over to a kernel made of libcrypto (fake_tls_kernel.h), with
// OpenSSL as the client. The real one is met in tests/vm.
#pragma once

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "gateway/edge/tls_stream.h"
#include "tests/unit/edge/fake_tls_kernel.h"
#include "tests/unit/edge/tls_pair.h"

namespace sstpgw::edge {

inline const KernelTlsSupport kOldKernel{true, false, true, ""};
inline const KernelTlsSupport kNewKernel{true, true, false, ""};

inline const testing::Identity& ServerIdentity() {
  static const testing::CertificateAuthority root;
  static const testing::Identity identity = root.Issue({});
  return identity;
}

inline Bytes Pattern(std::size_t size, std::uint32_t state = 1) {
  Bytes bytes(size);
  for (std::uint8_t& octet : bytes) {
    state = state * 1664525 + 1013904223;
    octet = static_cast<std::uint8_t>(state >> 24);
  }
  return bytes;
}
inline void Append(Bytes& to, ByteView what) { to.insert(to.end(), what.begin(), what.end()); }

inline ClientOptions Tls12(const std::string& ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256") {
  ClientOptions options;
  options.max_version = TLS1_2_VERSION;
  options.ciphers = ciphers;
  return options;
}
inline ClientOptions Tls13(const std::string& ciphersuites = "TLS_AES_128_GCM_SHA256") {
  ClientOptions options;
  options.min_version = TLS1_3_VERSION;
  options.ciphersuites = ciphersuites;
  return options;
}

// A connection with a kernel of its own.
struct KernelTlsBench {
  std::unique_ptr<TlsContext> context;
  FakeTlsKernel kernel;
  std::unique_ptr<TlsPair> pair;
  Bytes room = Bytes(256 * 1024);

  explicit KernelTlsBench(const ClientOptions& options, int send_buffer = 0) {
    TlsSettings settings = SettingsOf(ServerIdentity());
    settings.ciphers = "ALL:@SECLEVEL=0";
    settings.protocols = {"tls1.1", "tls1.2", "tls1.3"};
    context = std::move(TlsContext::Create(settings, "")).value();
    context->NoteTrafficSecrets();
    pair = std::make_unique<TlsPair>(*context, options, send_buffer, kernel);
  }
  // Both directions, as far as they are wished for.
  KernelTlsOutcome Enable(const KernelTlsWish& wish, const KernelTlsSupport& support) {
    KernelTlsOutcome outcome = server().EnableKernelTls(wish, support);
    const auto receive = server().EnableKernelReceive();
    if (!receive) return outcome;
    outcome.receive = receive->receive;
    if (outcome.fallback == KernelTlsFallback::kNone) outcome.fallback = receive->fallback;
    return outcome;
  }
  // Handshake, then the kernel takes over.
  bool Up(const KernelTlsSupport& support, const KernelTlsWish& wish = {}) {
    kernel.takes_new_keys = support.new_keys;
    if (!pair->Connect()) return false;
    const KernelTlsOutcome outcome = Enable(wish, support);
    return outcome.send == wish.send && outcome.receive == wish.receive &&
           outcome.fallback == KernelTlsFallback::kNone;
  }
  TlsStream& server() { return *pair->server; }
  TlsClient& client() { return *pair->client; }
  // One octet sequence each way, until all of it has arrived.
  void Exchange(std::size_t size, std::uint32_t seed = 1) {
    const Bytes up = Pattern(size, seed);
    const Bytes down = Pattern(size + 7, seed + 1);
    Bytes got_up;
    Bytes got_down;
    std::size_t written = 0;
    ASSERT_TRUE(server().Write(down)) << server().failure();
    for (int i = 0; i < 100'000 && (got_up.size() < up.size() || got_down.size() < down.size());
         ++i) {
      if (written < up.size()) written += client().Write(ByteView(up).subspan(written));
      const ReadOutcome outcome = server().Read(room);
      ASSERT_TRUE(outcome.status == ReadStatus::kDrained || outcome.status == ReadStatus::kFull)
          << server().failure();
      Append(got_up, ByteView(room).first(outcome.bytes));
      ASSERT_TRUE(server().Flush()) << server().failure();
      Append(got_down, client().Read());
      ASSERT_FALSE(client().failed());
    }
    EXPECT_TRUE(got_up == up);
    EXPECT_TRUE(got_down == down);
  }
};

// A record that the client did not make.
inline void SendGarbage(KernelTlsBench& bench, Bytes header) {
  header.resize(5 + (std::size_t{header[3]} << 8 | header[4]));
  ASSERT_EQ(::write(SSL_get_fd(bench.client().ssl()), header.data(), header.size()),
            static_cast<ssize_t>(header.size()));
}

}  // namespace sstpgw::edge
