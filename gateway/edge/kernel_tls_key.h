// The kernel's form of record keys (linux/tls.h): pure conversion, no system call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "gateway/crypto/tls_key_schedule.h"
#include "proto/base/secret.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

// The value of setsockopt TLS_TX or TLS_RX. Wiped when it goes.
class KernelTlsKey {
 public:
  // `sequence`: of the next record. With TLS 1.2 and AES-GCM it is also the record's explicit
  // nonce, which the kernel counts up from here (RFC 5288 3).
  KernelTlsKey(crypto::TlsVersion version, crypto::TlsAead aead, const crypto::TlsRecordKey& key,
               std::uint64_t sequence);
  KernelTlsKey(const KernelTlsKey&) = delete;
  KernelTlsKey& operator=(const KernelTlsKey&) = delete;
  ~KernelTlsKey() { SecureWipe(octets_); }

  // Empty if key or iv do not have the sizes of version and cipher.
  [[nodiscard]] ByteView value() const { return ByteView(octets_).first(size_); }

 private:
  alignas(8) std::array<std::uint8_t, 64> octets_{};
  std::size_t size_ = 0;
};

}  // namespace sstpgw::edge
