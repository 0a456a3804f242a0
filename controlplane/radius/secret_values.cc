#include "controlplane/radius/secret_values.h"

#include <algorithm>
#include <string>

#include "controlplane/radius/md5.h"

namespace sstpgw::cp::radius {
namespace {

constexpr std::size_t kBlock = 16;
constexpr std::size_t kSalt = 2;
constexpr std::size_t kMsChapMppeKeys = 32;

auto Invalid(std::string what) { return Fail(Error{ErrorCode::kInvalidArgument, std::move(what)}); }

enum class Way { kHide, kReveal };

// In place; `blocks` is a whole number of them.
Result<void> Chain(std::span<std::uint8_t> blocks, Way way, const SharedWith& shared,
                   ByteView salt) {
  Md5Digest former{};  // the cipher text before this block
  for (std::size_t at = 0; at < blocks.size(); at += kBlock) {
    auto mask = at == 0 ? Md5({shared.secret, shared.request, salt}) : Md5({shared.secret, former});
    if (!mask) return Fail(mask.error());
    const auto block = blocks.subspan(at, kBlock);
    if (way == Way::kReveal) std::copy(block.begin(), block.end(), former.begin());
    for (std::size_t i = 0; i < kBlock; ++i) {
      block[i] = static_cast<std::uint8_t>(block[i] ^ (*mask)[i]);
    }
    if (way == Way::kHide) std::copy(block.begin(), block.end(), former.begin());
    SecureWipe(*mask);
  }
  return {};
}

std::size_t RoundUp(std::size_t size) { return (size + kBlock - 1) / kBlock * kBlock; }

// The plain octets of whole blocks.
Result<Secret> Reveal(ByteView blocks, const SharedWith& shared, ByteView salt) {
  Bytes plain(blocks.begin(), blocks.end());
  const auto done = Chain(plain, Way::kReveal, shared, salt);
  Secret out{ByteView(plain)};
  SecureWipe(plain);
  if (!done) return Fail(done.error());
  return out;
}

}  // namespace

Result<Bytes> HideUserPassword(ByteView password, const SharedWith& shared) {
  if (password.size() > kMaxPasswordSize) {
    return Invalid("a password of " + std::to_string(password.size()) +
                   " octets, RADIUS carries at most 128");
  }
  Bytes blocks(std::max(kBlock, RoundUp(password.size())));
  std::copy(password.begin(), password.end(), blocks.begin());
  if (const auto done = Chain(blocks, Way::kHide, shared, {}); !done) {
    SecureWipe(blocks);
    return Fail(done.error());
  }
  return blocks;
}

Result<Secret> RevealUserPassword(ByteView value, const SharedWith& shared) {
  if (value.empty() || value.size() > kMaxPasswordSize || value.size() % kBlock != 0) {
    return Invalid("a hidden password of " + std::to_string(value.size()) + " octets");
  }
  SG_ASSIGN_OR_RETURN(const Secret padded, Reveal(value, shared, {}));
  ByteView plain = padded.Reveal();
  while (!plain.empty() && plain.back() == 0) plain = plain.first(plain.size() - 1);
  return Secret(plain);
}

Result<Bytes> HideSalted(ByteView plain, std::uint16_t salt, const SharedWith& shared) {
  if (plain.size() > kMaxSaltedSize) {
    return Invalid(std::to_string(plain.size()) + " octets, a salted value carries at most " +
                   std::to_string(kMaxSaltedSize));
  }
  Bytes out(kSalt + RoundUp(1 + plain.size()));
  out[0] = static_cast<std::uint8_t>((salt >> 8) | 0x80);
  out[1] = static_cast<std::uint8_t>(salt);
  out[kSalt] = static_cast<std::uint8_t>(plain.size());
  std::copy(plain.begin(), plain.end(), out.begin() + kSalt + 1);
  const auto blocks = std::span(out).subspan(kSalt);
  if (const auto done = Chain(blocks, Way::kHide, shared, ByteView(out).first(kSalt)); !done) {
    SecureWipe(out);
    return Fail(done.error());
  }
  return out;
}

Result<Secret> RevealSalted(ByteView value, const SharedWith& shared) {
  if (value.size() < kSalt + kBlock || (value.size() - kSalt) % kBlock != 0) {
    return Invalid("a salted value of " + std::to_string(value.size()) +
                   " octets, not 2 and whole blocks of 16");
  }
  if ((value[0] & 0x80) == 0) return Invalid("a salt without its high bit");
  SG_ASSIGN_OR_RETURN(const Secret blocks,
                      Reveal(value.subspan(kSalt), shared, value.first(kSalt)));
  const ByteView plain = blocks.Reveal();
  // The length is made from the secret's octets and is not named.
  if (plain[0] > plain.size() - 1) {
    return Invalid("a salted value with a length that goes beyond it (other shared secret?)");
  }
  return Secret(plain.subspan(1, plain[0]));
}

Result<TunnelPassword> RevealTunnelPassword(ByteView value, const SharedWith& shared) {
  if (value.empty()) return Invalid("an empty Tunnel-Password");
  SG_ASSIGN_OR_RETURN(Secret password, RevealSalted(value.subspan(1), shared));
  // RFC 2868 3.5: above 0x1f it is no tag.
  return TunnelPassword{value[0] <= 0x1f ? value[0] : std::uint8_t{0}, std::move(password)};
}

Result<MsChapMppeKeys> RevealMsChapMppeKeys(ByteView value, const SharedWith& shared) {
  if (value.size() != kMsChapMppeKeys) {
    return Invalid("MS-CHAP-MPPE-Keys of " + std::to_string(value.size()) + " octets, not 32");
  }
  SG_ASSIGN_OR_RETURN(const Secret plain, Reveal(value, shared, {}));
  return MsChapMppeKeys{Secret(plain.Reveal().first(8)), Secret(plain.Reveal().subspan(8, 16))};
}

}  // namespace sstpgw::cp::radius
