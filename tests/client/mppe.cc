#include "tests/client/mppe.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "tests/client/client_crypto.h"
#include "tests/client/wire.h"

namespace sstpgw::client {
namespace {

constexpr std::uint16_t kFlushed = 0x8000;
constexpr std::uint16_t kCompressedBit = 0x2000;
constexpr std::uint16_t kEncrypted = 0x1000;
constexpr std::uint16_t kCount = 0x0fff;
constexpr std::uint16_t kFlag = 0xff;  // low octet of the count of a packet with a new key

std::size_t KeySize(const MppeMode& mode) { return mode.bits == 128 ? 16 : 8; }

// RFC 3079 3.4, GetNewKeyFromSHA.
Bytes NewKey(const Bytes& start_key, const Bytes& session_key) {
  Bytes digest = Sha1Of({start_key, Bytes(40, 0x00), session_key, Bytes(40, 0xf2)});
  digest.resize(start_key.size());
  return digest;
}

// How many packets with a new key there are after `last` and up to `count`.
int Changes(std::uint16_t last, std::uint16_t count) {
  int changes = 0;
  while (last != count) {
    last = (last + 1) & kCount;
    if ((last & kFlag) == kFlag) ++changes;
  }
  return changes;
}

}  // namespace

Bytes MppeOptionValue(const MppeMode& mode) {
  const std::uint8_t strength = mode.bits == 128 ? 0x40 : mode.bits == 56 ? 0x80 : 0x20;
  return {static_cast<std::uint8_t>(mode.stateless ? 1 : 0), 0, 0, strength};
}

MppeMode MppeFromOption(ByteView value) {
  MppeMode mode{0, true};
  if (value.size() != 4 || (value[0] & 0xfe) != 0 || value[1] != 0 || value[2] != 0) return mode;
  mode.stateless = value[0] == 1;
  mode.bits = value[3] == 0x40 ? 128 : value[3] == 0x80 ? 56 : value[3] == 0x20 ? 40 : 0;
  return mode;
}

Bytes StartKey(const MppeStartKeys& keys, bool send, const MppeMode& mode) {
  const bool weak = mode.bits != 128 && !keys.weak.empty();
  Bytes key = weak ? keys.weak : send ? keys.send : keys.receive;
  key.resize(KeySize(mode));
  return key;
}

Rc4::Rc4(ByteView key) {
  std::iota(table_.begin(), table_.end(), std::uint8_t{0});
  std::uint8_t j = 0;
  for (std::size_t i = 0; i < table_.size(); ++i) {
    j = static_cast<std::uint8_t>(j + table_[i] + key[i % key.size()]);
    std::swap(table_[i], table_[j]);
  }
}

void Rc4::Apply(std::span<std::uint8_t> octets) {
  for (std::uint8_t& octet : octets) {
    ++i_;
    j_ = static_cast<std::uint8_t>(j_ + table_[i_]);
    std::swap(table_[i_], table_[j_]);
    octet ^= table_[static_cast<std::uint8_t>(table_[i_] + table_[j_])];
  }
}

MppeKey::MppeKey(Bytes start_key, const MppeMode& mode)
    : start_key_(std::move(start_key)),
      mode_(mode),
      session_key_(NewKey(start_key_, start_key_)),
      rc4_(session_key_) {
  Weaken();
  Reinitialise();
}

void MppeKey::Weaken() {
  if (mode_.bits == 128) return;
  session_key_[0] = 0xd1;
  if (mode_.bits == 56) return;
  session_key_[1] = 0x26;
  session_key_[2] = 0x9e;
}

void MppeKey::Change() {
  session_key_ = NewKey(start_key_, session_key_);
  Rc4(session_key_).Apply(session_key_);
  Weaken();
  Reinitialise();
}

void MppeKey::Reinitialise() { rc4_ = Rc4(session_key_); }

std::uint16_t MppeSender::Seal(std::span<std::uint8_t> octets) {
  const bool change = mode_.stateless || (count_ & kFlag) == kFlag;
  const bool flushed = change || std::exchange(flush_, false);
  if (change) {
    key_.Change();
  } else if (flushed) {
    key_.Reinitialise();
  }
  flush_ = false;
  key_.Apply(octets);
  const auto header = static_cast<std::uint16_t>(count_ | kEncrypted | (flushed ? kFlushed : 0));
  count_ = (count_ + 1) & kCount;
  return header;
}

MppeReceiver::Verdict MppeReceiver::Open(std::uint16_t header, std::span<std::uint8_t> octets) {
  const bool flushed = (header & kFlushed) != 0;
  if ((header & kEncrypted) == 0 || (header & kCompressedBit) != 0) return Verdict::kMalformed;
  const std::uint16_t count = header & kCount;
  if (!mode_.stateless) return OpenStateful(count, flushed, octets);
  return flushed ? OpenStateless(count, octets) : Verdict::kMalformed;
}

MppeReceiver::Verdict MppeReceiver::OpenStateless(std::uint16_t count,
                                                  std::span<std::uint8_t> octets) {
  const std::uint16_t gap = (count - last_) & kCount;
  if (gap == 0 || gap > kCount / 2) return Verdict::kDiscarded;
  for (int i = 0; i < gap; ++i) key_.Change();
  last_ = count;
  key_.Apply(octets);
  return Verdict::kOpened;
}

MppeReceiver::Verdict MppeReceiver::OpenStateful(std::uint16_t count, bool flushed,
                                                 std::span<std::uint8_t> octets) {
  const bool next = count == ((last_ + 1) & kCount);
  for (int changes = Changes(last_, count); changes > 0; --changes) key_.Change();
  last_ = count;
  if (flushed) {
    key_.Reinitialise();
    waiting_ = false;
  }
  if (waiting_) return Verdict::kDiscarded;
  if (!next && !flushed) {
    waiting_ = true;
    return Verdict::kOutOfStep;
  }
  key_.Apply(octets);
  return Verdict::kOpened;
}

Bytes LmStartKey(std::string_view password) {
  Bytes key(7, 0);
  for (std::size_t i = 0; i < std::min<std::size_t>(password.size(), key.size()); ++i) {
    const char c = password[i];
    key[i] = static_cast<std::uint8_t>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return DesBlock(key, ToBytes("KGS!@#$%"));
}

}  // namespace sstpgw::client
