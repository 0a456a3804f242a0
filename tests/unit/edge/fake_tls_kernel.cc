#include "tests/unit/edge/fake_tls_kernel.h"

#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace sstpgw::edge {
namespace {

constexpr int kTlsLevel = 282;
constexpr std::size_t kHeader = 5;
constexpr std::size_t kTag = 16;

template <class Info>
std::size_t Cut(ByteView value, Bytes& key, Bytes& salt, Bytes& iv, std::uint64_t& sequence) {
  Info info{};
  if (value.size() != sizeof(info)) return 0;
  std::memcpy(&info, value.data(), sizeof(info));
  key.assign(std::begin(info.key), std::end(info.key));
  iv.assign(std::begin(info.iv), std::end(info.iv));
  if constexpr (sizeof(info.iv) == 8) salt.assign(std::begin(info.salt), std::end(info.salt));
  for (const unsigned char octet : info.rec_seq) sequence = sequence << 8 | octet;
  return sizeof(info);
}

const EVP_CIPHER* CipherOf(std::uint16_t number) {
  switch (number) {
    case TLS_CIPHER_AES_GCM_128:
      return EVP_aes_128_gcm();
    case TLS_CIPHER_AES_GCM_256:
      return EVP_aes_256_gcm();
    default:
      return EVP_chacha20_poly1305();
  }
}

std::array<std::uint8_t, 8> BigEndian(std::uint64_t number) {
  std::array<std::uint8_t, 8> octets{};
  for (std::size_t i = 0; i < 8; ++i) {
    octets[7 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  return octets;
}

void Append(Bytes& to, ByteView what) { to.insert(to.end(), what.begin(), what.end()); }

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

}  // namespace

std::optional<FakeTlsKernel::Key> FakeTlsKernel::ParseKey(ByteView value) {
  tls_crypto_info head{};
  if (value.size() < sizeof(head)) return std::nullopt;
  std::memcpy(&head, value.data(), sizeof(head));
  Key key;
  key.version = head.version;
  key.cipher = head.cipher_type;
  std::size_t size = 0;
  if (key.cipher == TLS_CIPHER_AES_GCM_128) {
    size = Cut<tls12_crypto_info_aes_gcm_128>(value, key.key, key.salt, key.iv, key.sequence);
  } else if (key.cipher == TLS_CIPHER_AES_GCM_256) {
    size = Cut<tls12_crypto_info_aes_gcm_256>(value, key.key, key.salt, key.iv, key.sequence);
  } else if (key.cipher == TLS_CIPHER_CHACHA20_POLY1305) {
    size = Cut<tls12_crypto_info_chacha20_poly1305>(value, key.key, key.salt, key.iv, key.sequence);
  }
  const bool version = key.version == TLS_1_2_VERSION || key.version == TLS_1_3_VERSION;
  if (size == 0 || !version) return std::nullopt;
  return key;
}

Bytes FakeTlsKernel::Nonce(const Key& key) {
  Bytes nonce = key.salt;
  Append(nonce, key.iv);
  if (key.version == TLS_1_2_VERSION && key.iv.size() == 8) return nonce;
  const auto sequence = BigEndian(key.sequence);
  for (std::size_t i = 0; i < 8; ++i) nonce[4 + i] ^= sequence[i];
  return nonce;
}

Bytes FakeTlsKernel::Seal(Key& key, std::uint8_t type, ByteView plaintext) {
  const bool tls13 = key.version == TLS_1_3_VERSION;
  const bool explicit_nonce = !tls13 && key.iv.size() == 8;
  Bytes inner(plaintext.begin(), plaintext.end());
  if (tls13) inner.push_back(type);
  const std::size_t length = inner.size() + kTag + (explicit_nonce ? 8 : 0);
  Bytes record{tls13 ? std::uint8_t{23} : type, 3, 3, static_cast<std::uint8_t>(length >> 8),
               static_cast<std::uint8_t>(length)};
  Bytes associated = record;
  if (!tls13) {
    const auto sequence = BigEndian(key.sequence);
    associated.assign(sequence.begin(), sequence.end());
    Append(associated, Bytes{type, 3, 3, static_cast<std::uint8_t>(inner.size() >> 8),
                             static_cast<std::uint8_t>(inner.size())});
  }
  if (explicit_nonce) Append(record, key.iv);
  const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  Bytes sealed(inner.size() + kTag);
  int size = 0;
  EVP_EncryptInit_ex(context.get(), CipherOf(key.cipher), nullptr, key.key.data(),
                     Nonce(key).data());
  EVP_EncryptUpdate(context.get(), nullptr, &size, associated.data(),
                    static_cast<int>(associated.size()));
  EVP_EncryptUpdate(context.get(), sealed.data(), &size, inner.data(),
                    static_cast<int>(inner.size()));
  EVP_EncryptFinal_ex(context.get(), sealed.data() + size, &size);
  EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTag, sealed.data() + inner.size());
  Append(record, sealed);
  ++key.sequence;
  // The kernel counts the explicit nonce up by itself.
  if (explicit_nonce) {
    for (std::size_t i = 8; i-- > 0 && ++key.iv[i] == 0;) {
    }
  }
  return record;
}

std::optional<FakeTlsKernel::Record> FakeTlsKernel::Open(Key& key, ByteView record) {
  const bool tls13 = key.version == TLS_1_3_VERSION;
  const bool explicit_nonce = !tls13 && key.salt.size() == 4;
  ByteView body = record.subspan(kHeader);
  Bytes associated(record.begin(), record.begin() + kHeader);
  if (explicit_nonce) {
    if (body.size() < 8) return std::nullopt;
    key.iv.assign(body.begin(), body.begin() + 8);
    body = body.subspan(8);
  }
  if (body.size() < kTag) return std::nullopt;
  const std::size_t size = body.size() - kTag;
  if (!tls13) {
    const auto sequence = BigEndian(key.sequence);
    associated.assign(sequence.begin(), sequence.end());
    Append(associated, Bytes{record[0], 3, 3, static_cast<std::uint8_t>(size >> 8),
                             static_cast<std::uint8_t>(size)});
  }
  const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  Record opened{record[0], Bytes(size)};
  Bytes tag(body.end() - kTag, body.end());
  int length = 0;
  EVP_DecryptInit_ex(context.get(), CipherOf(key.cipher), nullptr, key.key.data(),
                     Nonce(key).data());
  EVP_DecryptUpdate(context.get(), nullptr, &length, associated.data(),
                    static_cast<int>(associated.size()));
  EVP_DecryptUpdate(context.get(), opened.plaintext.data(), &length, body.data(),
                    static_cast<int>(size));
  EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTag, tag.data());
  std::array<std::uint8_t, 16> rest{};
  if (EVP_DecryptFinal_ex(context.get(), rest.data(), &length) != 1) return std::nullopt;
  ++key.sequence;
  if (tls13) {
    while (!opened.plaintext.empty() && opened.plaintext.back() == 0) opened.plaintext.pop_back();
    if (opened.plaintext.empty()) return std::nullopt;
    opened.type = opened.plaintext.back();
    opened.plaintext.pop_back();
  }
  return opened;
}

// ---- The calls
// ---------------------------------------------------------------------------------

KernelResult<void> FakeTlsKernel::SetSocketOption(int fd, int level, int name, ByteView value) {
  if (level == IPPROTO_TCP && name == TCP_ULP) {
    if (attach_error != 0) return Fail(Errno(attach_error));
    attached_ = true;
    return {};
  }
  if (level != kTlsLevel) return LinuxKernel().SetSocketOption(fd, level, name, value);
  if (!attached_) return Fail(Errno(ENOPROTOOPT));
  const bool send = name == TLS_TX;
  const int error = send ? send_key_error : receive_key_error;
  if (error != 0) return Fail(Errno(error));
  auto key = ParseKey(value);
  if (!key) return Fail(Errno(EINVAL));
  std::optional<Key>& slot = send ? send_key_ : receive_key_;
  if (slot && (!takes_new_keys || slot->version != TLS_1_3_VERSION)) return Fail(Errno(EBUSY));
  if (slot && slot->cipher != key->cipher) return Fail(Errno(EINVAL));
  slot = std::move(key);
  ++(send ? send_keys : receive_keys);
  return {};
}

KernelResult<std::size_t> FakeTlsKernel::GetSocketOption(int fd, int level, int name,
                                                         std::span<std::uint8_t> out) {
  if (level != SOL_SOCKET || name != SO_ERROR) {
    return LinuxKernel().GetSocketOption(fd, level, name, out);
  }
  std::memcpy(out.data(), &socket_error_, sizeof(socket_error_));
  socket_error_ = 0;
  return sizeof(socket_error_);
}

bool FakeTlsKernel::FlushCiphertext(int fd) {
  while (!ciphertext_out_.empty()) {
    const ssize_t taken =
        ::send(fd, ciphertext_out_.data(), ciphertext_out_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (taken < 0) return errno == EAGAIN;
    ciphertext_out_.erase(ciphertext_out_.begin(), ciphertext_out_.begin() + taken);
  }
  return true;
}

KernelResult<std::size_t> FakeTlsKernel::SendMessage(int fd, const msghdr& message, int /*flags*/) {
  if (!send_key_) return Fail(Errno(EINVAL));
  if (socket_error_ != 0) return Fail(Errno(socket_error_));
  if (!FlushCiphertext(fd)) return Fail(Errno(EPIPE));
  if (!ciphertext_out_.empty()) return Fail(Errno(EAGAIN));
  std::uint8_t type = 23;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(const_cast<msghdr*>(&message), part)) {
    if (part->cmsg_level == kTlsLevel && part->cmsg_type == TLS_SET_RECORD_TYPE) {
      type = *CMSG_DATA(part);
    }
  }
  const ByteView all(static_cast<const std::uint8_t*>(message.msg_iov[0].iov_base),
                     message.msg_iov[0].iov_len);
  const ByteView taken = all.first(std::min(all.size(), send_at_most));
  sent.push_back({type, taken.size()});
  Append(ciphertext_out_, Seal(*send_key_, type, taken));
  if (!FlushCiphertext(fd)) return Fail(Errno(EPIPE));
  return taken.size();
}

int FakeTlsKernel::Fill(int fd) {
  std::array<std::uint8_t, 65536> buffer;
  for (;;) {
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got == 0) end_of_tcp_ = true;
    if (got <= 0) break;
    Append(ciphertext_in_, ByteView(buffer).first(static_cast<std::size_t>(got)));
  }
  while (ciphertext_in_.size() >= kHeader) {
    const std::size_t length = std::size_t{ciphertext_in_[3]} << 8 | ciphertext_in_[4];
    if (ciphertext_in_[1] != 3 || ciphertext_in_[2] != 3) return EINVAL;
    if (length > 16384 + 256) return EMSGSIZE;
    if (ciphertext_in_.size() < kHeader + length) return 0;
    auto record = Open(*receive_key_, ByteView(ciphertext_in_).first(kHeader + length));
    if (!record) return EBADMSG;
    ciphertext_in_.erase(ciphertext_in_.begin(),
                         ciphertext_in_.begin() + static_cast<std::ptrdiff_t>(kHeader + length));
    const bool new_key = record->type == 22 && !record->plaintext.empty() &&
                         record->plaintext[0] == 24 && receive_key_->version == TLS_1_3_VERSION;
    records_.push_back(std::move(*record));
    if (new_key) return 0;  // what follows is under a key that is not known yet
  }
  return 0;
}

KernelResult<std::size_t> FakeTlsKernel::ReceiveMessage(int fd, msghdr& message, int /*flags*/) {
  ++receive_calls;
  if (!receive_key_) return Fail(Errno(EINVAL));
  if (socket_error_ != 0) return Fail(Errno(std::exchange(socket_error_, 0)));
  int error = 0;
  if (records_.empty()) error = Fill(fd);
  std::size_t copied = 0;
  std::uint8_t type = 0;
  const std::size_t room = message.msg_iov[0].iov_len;
  while (!records_.empty() && copied < room) {
    Record& record = records_.front();
    if (type != 0 && record.type != type) break;
    type = record.type;
    const std::size_t size = std::min(record.plaintext.size(), room - copied);
    std::copy_n(record.plaintext.begin(), size,
                static_cast<std::uint8_t*>(message.msg_iov[0].iov_base) + copied);
    copied += size;
    record.plaintext.erase(record.plaintext.begin(),
                           record.plaintext.begin() + static_cast<std::ptrdiff_t>(size));
    if (!record.plaintext.empty()) break;
    records_.pop_front();
    if (type != 23) break;
    if (records_.empty()) error = Fill(fd);
  }
  if (error != 0 && copied == 0 && type == 0) {
    socket_error_ = error;
    return Fail(Errno(error));
  }
  if (error != 0) socket_error_ = error;
  if (type == 0) {
    if (!end_of_tcp_) return Fail(Errno(EAGAIN));
    message.msg_controllen = 0;
    return std::size_t{0};
  }
  if (copied == 0 && type == 23) return Fail(Errno(EAGAIN));
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = kTlsLevel;
  header->cmsg_type = TLS_GET_RECORD_TYPE;
  header->cmsg_len = CMSG_LEN(1);
  *CMSG_DATA(header) = type;
  message.msg_controllen = CMSG_SPACE(1);
  return copied;
}

KernelResult<UniqueFd> FakeTlsKernel::Open(const std::string& path, int flags) {
  return LinuxKernel().Open(path, flags);
}
KernelResult<std::size_t> FakeTlsKernel::Read(int fd, std::span<std::uint8_t> out) {
  return LinuxKernel().Read(fd, out);
}
KernelResult<std::size_t> FakeTlsKernel::Write(int fd, ByteView bytes) {
  return LinuxKernel().Write(fd, bytes);
}
KernelResult<std::size_t> FakeTlsKernel::WriteParts(int fd, std::span<const ByteView> parts) {
  return LinuxKernel().WriteParts(fd, parts);
}
KernelResult<void> FakeTlsKernel::Ioctl(int fd, unsigned long request, void* argument) {
  return LinuxKernel().Ioctl(fd, request, argument);
}
KernelResult<UniqueFd> FakeTlsKernel::Socket(int domain, int type, int protocol) {
  return LinuxKernel().Socket(domain, type, protocol);
}
KernelResult<void> FakeTlsKernel::Bind(int fd, const sockaddr* address, socklen_t length) {
  return LinuxKernel().Bind(fd, address, length);
}
KernelResult<void> FakeTlsKernel::Connect(int fd, const sockaddr* address, socklen_t length) {
  return LinuxKernel().Connect(fd, address, length);
}
KernelResult<void> FakeTlsKernel::Listen(int fd, int backlog) {
  return LinuxKernel().Listen(fd, backlog);
}
KernelResult<UniqueFd> FakeTlsKernel::Accept(int fd, sockaddr_storage& peer, int flags) {
  return LinuxKernel().Accept(fd, peer, flags);
}
KernelResult<sockaddr_storage> FakeTlsKernel::SocketName(int fd) {
  return LinuxKernel().SocketName(fd);
}
KernelResult<sockaddr_storage> FakeTlsKernel::PeerName(int fd) {
  return LinuxKernel().PeerName(fd);
}
KernelResult<std::size_t> FakeTlsKernel::Send(int fd, ByteView bytes, int flags) {
  return LinuxKernel().Send(fd, bytes, flags);
}
KernelResult<std::size_t> FakeTlsKernel::Receive(int fd, std::span<std::uint8_t> out, int flags) {
  return LinuxKernel().Receive(fd, out, flags);
}
KernelResult<std::size_t> FakeTlsKernel::Poll(std::span<pollfd> watched, int milliseconds) {
  return LinuxKernel().Poll(watched, milliseconds);
}
KernelResult<int> FakeTlsKernel::Bpf(int command, void* attributes, std::size_t size) {
  return LinuxKernel().Bpf(command, attributes, size);
}

}  // namespace sstpgw::edge
