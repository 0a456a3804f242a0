#include "controlplane/auth/des.h"

#include <bit>
#include <cstddef>

namespace sstpgw::cp {
namespace {

// The tables are those of FIPS 46-3; positions count bits from 1, most significant first.
constexpr std::array<std::uint8_t, 64> kInitialPermutation{
    58, 50, 42, 34, 26, 18, 10, 2,  60, 52, 44, 36, 28, 20, 12, 4,  62, 54, 46, 38, 30, 22,
    14, 6,  64, 56, 48, 40, 32, 24, 16, 8,  57, 49, 41, 33, 25, 17, 9,  1,  59, 51, 43, 35,
    27, 19, 11, 3,  61, 53, 45, 37, 29, 21, 13, 5,  63, 55, 47, 39, 31, 23, 15, 7};
constexpr std::array<std::uint8_t, 64> kFinalPermutation{
    40, 8,  48, 16, 56, 24, 64, 32, 39, 7,  47, 15, 55, 23, 63, 31, 38, 6,  46, 14, 54, 22,
    62, 30, 37, 5,  45, 13, 53, 21, 61, 29, 36, 4,  44, 12, 52, 20, 60, 28, 35, 3,  43, 11,
    51, 19, 59, 27, 34, 2,  42, 10, 50, 18, 58, 26, 33, 1,  41, 9,  49, 17, 57, 25};
constexpr std::array<std::uint8_t, 48> kExpansion{
    32, 1,  2,  3,  4,  5,  4,  5,  6,  7,  8,  9,  8,  9,  10, 11, 12, 13, 12, 13, 14, 15, 16, 17,
    16, 17, 18, 19, 20, 21, 20, 21, 22, 23, 24, 25, 24, 25, 26, 27, 28, 29, 28, 29, 30, 31, 32, 1};
constexpr std::array<std::uint8_t, 32> kRoundPermutation{16, 7, 20, 21, 29, 12, 28, 17, 1,  15, 23,
                                                         26, 5, 18, 31, 10, 2,  8,  24, 14, 32, 27,
                                                         3,  9, 19, 13, 30, 6,  22, 11, 4,  25};
constexpr std::array<std::uint8_t, 56> kKeyChoice1{
    57, 49, 41, 33, 25, 17, 9,  1,  58, 50, 42, 34, 26, 18, 10, 2,  59, 51, 43,
    35, 27, 19, 11, 3,  60, 52, 44, 36, 63, 55, 47, 39, 31, 23, 15, 7,  62, 54,
    46, 38, 30, 22, 14, 6,  61, 53, 45, 37, 29, 21, 13, 5,  28, 20, 12, 4};
constexpr std::array<std::uint8_t, 48> kKeyChoice2{
    14, 17, 11, 24, 1,  5,  3,  28, 15, 6,  21, 10, 23, 19, 12, 4,  26, 8,  16, 7,  27, 20, 13, 2,
    41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32};
constexpr std::array<std::uint8_t, 16> kKeyShifts{1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1};
// Indexed by row (outer bits) * 16 + column (inner bits).
constexpr std::array<std::array<std::uint8_t, 64>, 8> kSubstitution{{
    {14, 4,  13, 1, 2,  15, 11, 8, 3, 10, 6, 12, 5,  9,  0,  7,  0,  15, 7,  4,  14, 2,
     13, 1,  10, 6, 12, 11, 9,  5, 3, 8,  4, 1,  14, 8,  13, 6,  2,  11, 15, 12, 9,  7,
     3,  10, 5,  0, 15, 12, 8,  2, 4, 9,  1, 7,  5,  11, 3,  14, 10, 0,  6,  13},
    {15, 1,  8,  14, 6,  11, 3,  4, 9,  7,  2, 13, 12, 0,  5,  10, 3,  13, 4,  7, 15, 2,
     8,  14, 12, 0,  1,  10, 6,  9, 11, 5,  0, 14, 7,  11, 10, 4,  13, 1,  5,  8, 12, 6,
     9,  3,  2,  15, 13, 8,  10, 1, 3,  15, 4, 2,  11, 6,  7,  12, 0,  5,  14, 9},
    {10, 0,  9,  14, 6, 3,  15, 5,  1,  13, 12, 7, 11, 4,  2,  8,  13, 7, 0,  9, 3, 4,
     6,  10, 2,  8,  5, 14, 12, 11, 15, 1,  13, 6, 4,  9,  8,  15, 3,  0, 11, 1, 2, 12,
     5,  10, 14, 7,  1, 10, 13, 0,  6,  9,  8,  7, 4,  15, 14, 3,  11, 5, 2,  12},
    {7, 13, 14, 3, 0, 6,  9, 10, 1,  2, 8,  5, 11, 12, 4,  15, 13, 8,  11, 5, 6, 15,
     0, 3,  4,  7, 2, 12, 1, 10, 14, 9, 10, 6, 9,  0,  12, 11, 7,  13, 15, 1, 3, 14,
     5, 2,  8,  4, 3, 15, 0, 6,  10, 1, 13, 8, 9,  4,  5,  11, 12, 7,  2,  14},
    {2,  12, 4, 1,  7,  10, 11, 6, 8, 5,  3, 15, 13, 0,  14, 9,  14, 11, 2,  12, 4,  7,
     13, 1,  5, 0,  15, 10, 3,  9, 8, 6,  4, 2,  1,  11, 10, 13, 7,  8,  15, 9,  12, 5,
     6,  3,  0, 14, 11, 8,  12, 7, 1, 14, 2, 13, 6,  15, 0,  9,  10, 4,  5,  3},
    {12, 1,  10, 15, 9,  2,  6, 8,  0, 13, 3,  4,  14, 7,  5, 11, 10, 15, 4, 2, 7, 12,
     9,  5,  6,  1,  13, 14, 0, 11, 3, 8,  9,  14, 15, 5,  2, 8,  12, 3,  7, 0, 4, 10,
     1,  13, 11, 6,  4,  3,  2, 12, 9, 5,  15, 10, 11, 14, 1, 7,  6,  0,  8, 13},
    {4, 11, 2,  14, 15, 0,  8,  13, 3, 12, 9,  7, 5,  10, 6,  1,  13, 0,  11, 7,  4, 9,
     1, 10, 14, 3,  5,  12, 2,  15, 8, 6,  1,  4, 11, 13, 12, 3,  7,  14, 10, 15, 6, 8,
     0, 5,  9,  2,  6,  11, 13, 8,  1, 4,  10, 7, 9,  5,  0,  15, 14, 2,  3,  12},
    {13, 2, 8,  4, 6, 15, 11, 1,  10, 9,  3, 14, 5,  0,  12, 7,  1,  15, 13, 8, 10, 3,
     7,  4, 12, 5, 6, 11, 0,  14, 9,  2,  7, 11, 4,  1,  9,  12, 14, 2,  0,  6, 10, 13,
     15, 3, 5,  8, 2, 1,  14, 7,  4,  10, 8, 13, 15, 12, 9,  0,  3,  5,  6,  11},
}};

// Picks bits of an `input_bits` wide number; the result is as wide as the table is long.
template <std::size_t N>
std::uint64_t Permute(std::uint64_t input, const std::array<std::uint8_t, N>& table,
                      unsigned input_bits) {
  std::uint64_t out = 0;
  for (const std::uint8_t position : table) {
    out = (out << 1) | ((input >> (input_bits - position)) & 1);
  }
  return out;
}

std::uint64_t Load(const DesBlock& block) {
  std::uint64_t out = 0;
  for (const std::uint8_t octet : block) out = (out << 8) | octet;
  return out;
}

std::uint64_t RotateLeft28(std::uint64_t half, unsigned by) {
  return ((half << by) | (half >> (28 - by))) & 0x0fffffff;
}

std::array<std::uint64_t, 16> KeySchedule(const DesBlock& key) {
  const std::uint64_t chosen = Permute(Load(key), kKeyChoice1, 64);
  std::uint64_t left = chosen >> 28;
  std::uint64_t right = chosen & 0x0fffffff;
  std::array<std::uint64_t, 16> keys{};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    left = RotateLeft28(left, kKeyShifts[i]);
    right = RotateLeft28(right, kKeyShifts[i]);
    keys[i] = Permute((left << 28) | right, kKeyChoice2, 56);
  }
  return keys;
}

std::uint64_t RoundFunction(std::uint64_t half, std::uint64_t key) {
  const std::uint64_t mixed = Permute(half, kExpansion, 32) ^ key;
  std::uint64_t out = 0;
  for (std::size_t box = 0; box < kSubstitution.size(); ++box) {
    const auto six = static_cast<std::size_t>((mixed >> (42 - 6 * box)) & 0x3f);
    const std::size_t row = ((six >> 4) & 2) | (six & 1);
    const std::size_t column = (six >> 1) & 0x0f;
    out = (out << 4) | kSubstitution[box][row * 16 + column];
  }
  return Permute(out, kRoundPermutation, 32);
}

}  // namespace

DesBlock DesEncrypt(const DesBlock& key, const DesBlock& clear) {
  const std::uint64_t start = Permute(Load(clear), kInitialPermutation, 64);
  std::uint64_t left = start >> 32;
  std::uint64_t right = start & 0xffffffff;
  for (const std::uint64_t round_key : KeySchedule(key)) {
    const std::uint64_t next = left ^ RoundFunction(right, round_key);
    left = right;
    right = next;
  }
  // The halves are not crossed after the last round.
  const std::uint64_t cipher = Permute((right << 32) | left, kFinalPermutation, 64);
  DesBlock out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::uint8_t>(cipher >> (56 - 8 * i));
  }
  return out;
}

DesBlock DesKeyFrom7Octets(std::span<const std::uint8_t, 7> octets) {
  std::uint64_t bits = 0;
  for (const std::uint8_t octet : octets) bits = (bits << 8) | octet;
  DesBlock key{};
  for (std::size_t i = 0; i < key.size(); ++i) {
    key[i] = static_cast<std::uint8_t>(((bits >> (49 - 7 * i)) & 0x7f) << 1);
  }
  return key;
}

}  // namespace sstpgw::cp
