#include "controlplane/auth/md4.h"

#include <algorithm>
#include <bit>
#include <span>

#include "proto/base/secret.h"

namespace sstpgw::cp {
namespace {

constexpr std::size_t kBlock = 64;
using State = std::array<std::uint32_t, 4>;
using Words = std::array<std::uint32_t, 16>;

std::uint32_t Little(ByteView bytes) {
  return std::uint32_t{bytes[0]} | (std::uint32_t{bytes[1]} << 8) |
         (std::uint32_t{bytes[2]} << 16) | (std::uint32_t{bytes[3]} << 24);
}

// One of the three rounds of RFC 1320 3.4: 16 steps, each turns the state by one word.
template <class Mix>
void Round(State& s, const Words& x, const std::array<std::uint8_t, 16>& order,
           const std::array<int, 4>& shifts, std::uint32_t constant, Mix mix) {
  for (std::size_t i = 0; i < 16; ++i) {
    const std::size_t a = (16 - i) % 4;  // a, d, c, b, a, ...
    const std::uint32_t mixed = mix(s[(a + 1) % 4], s[(a + 2) % 4], s[(a + 3) % 4]);
    s[a] = std::rotl(s[a] + mixed + x[order[i]] + constant, shifts[i % 4]);
  }
}

void Transform(State& state, ByteView block) {
  Words x{};
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = Little(block.subspan(i * 4, 4));
  State s = state;
  using W = std::uint32_t;
  Round(s, x, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {3, 7, 11, 19}, 0,
        [](W b, W c, W d) { return (b & c) | (~b & d); });
  Round(s, x, {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15}, {3, 5, 9, 13}, 0x5a827999,
        [](W b, W c, W d) { return (b & c) | (b & d) | (c & d); });
  Round(s, x, {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15}, {3, 9, 11, 15}, 0x6ed9eba1,
        [](W b, W c, W d) { return b ^ c ^ d; });
  for (std::size_t i = 0; i < state.size(); ++i) state[i] += s[i];
  SecureWipe({reinterpret_cast<std::uint8_t*>(x.data()), sizeof(x)});
}

}  // namespace

Md4Digest Md4(ByteView message) {
  State state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  ByteView rest = message;
  for (; rest.size() >= kBlock; rest = rest.subspan(kBlock)) Transform(state, rest.first(kBlock));
  // What is left, a one bit, zeros, and the length in bits: one block or two (RFC 1320 3.1, 3.2).
  std::array<std::uint8_t, 2 * kBlock> tail{};
  std::copy(rest.begin(), rest.end(), tail.begin());
  tail[rest.size()] = 0x80;
  const std::size_t size = rest.size() + 9 <= kBlock ? kBlock : 2 * kBlock;
  const std::uint64_t bits = std::uint64_t{message.size()} * 8;
  for (std::size_t i = 0; i < 8; ++i) {
    tail[size - 8 + i] = static_cast<std::uint8_t>(bits >> (8 * i));
  }
  Transform(state, ByteView(tail).first(kBlock));
  if (size > kBlock) Transform(state, ByteView(tail).subspan(kBlock, kBlock));
  SecureWipe(tail);
  Md4Digest digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<std::uint8_t>(state[i / 4] >> (8 * (i % 4)));
  }
  return digest;
}

}  // namespace sstpgw::cp
