#include "tests/support/radius_wire.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace sstpgw::test {
namespace {

constexpr std::size_t kHeader = 20;
constexpr std::size_t kAuthenticator = 4;  // where it begins
constexpr std::size_t kAuthenticatorSize = 16;

Bytes Md5(const Bytes& octets) {
  Bytes digest(kAuthenticatorSize);
  EVP_Digest(octets.data(), octets.size(), digest.data(), nullptr, EVP_md5(), nullptr);
  return digest;
}

Bytes WithSecret(ByteView packet, std::string_view secret) {
  Bytes octets(packet.begin(), packet.end());
  octets.insert(octets.end(), secret.begin(), secret.end());
  return octets;
}

}  // namespace

std::optional<Bytes> RadiusPacket::Find(std::uint8_t type) const {
  for (const auto& [number, value] : attributes) {
    if (number == type) return value;
  }
  return std::nullopt;
}

std::string RadiusPacket::Text(std::uint8_t type) const {
  const Bytes value = Find(type).value_or(Bytes{});
  return {value.begin(), value.end()};
}

std::uint32_t RadiusPacket::Number(std::uint8_t type) const {
  std::uint32_t number = 0;
  for (const std::uint8_t octet : Find(type).value_or(Bytes{})) number = (number << 8) | octet;
  return number;
}

std::optional<RadiusPacket> ParseRadius(ByteView datagram) {
  if (datagram.size() < kHeader) return std::nullopt;
  const std::size_t length = (std::size_t{datagram[2]} << 8) | datagram[3];
  if (length < kHeader || length > datagram.size()) return std::nullopt;
  RadiusPacket packet{datagram[0], datagram[1], {}};
  for (std::size_t at = kHeader; at < length;) {
    if (at + 2 > length || datagram[at + 1] < 2 || at + datagram[at + 1] > length) {
      return std::nullopt;
    }
    const ByteView value = datagram.subspan(at + 2, datagram[at + 1] - std::size_t{2});
    packet.attributes.emplace_back(datagram[at], Bytes(value.begin(), value.end()));
    at += datagram[at + 1];
  }
  return packet;
}

Bytes MakeRadius(std::uint8_t code, std::uint8_t id, ByteView authenticator,
                 const RadiusAttributes& attributes) {
  Bytes packet{code, id, 0, 0};
  packet.insert(packet.end(), authenticator.begin(), authenticator.end());
  for (const auto& [type, value] : attributes) {
    packet.push_back(type);
    packet.push_back(static_cast<std::uint8_t>(value.size() + 2));
    packet.insert(packet.end(), value.begin(), value.end());
  }
  packet[2] = static_cast<std::uint8_t>(packet.size() >> 8);
  packet[3] = static_cast<std::uint8_t>(packet.size());
  return packet;
}

Bytes SignedRequest(std::uint8_t code, std::uint8_t id, const RadiusAttributes& attributes,
                    std::string_view secret) {
  Bytes packet = MakeRadius(code, id, Bytes(kAuthenticatorSize, 0), attributes);
  const Bytes digest = Md5(WithSecret(packet, secret));
  std::copy(digest.begin(), digest.end(), packet.begin() + kAuthenticator);
  return packet;
}

bool IsGenuineAnswer(ByteView answer, ByteView request, std::string_view secret) {
  if (answer.size() < kHeader || request.size() < kHeader) return false;
  Bytes asked(answer.begin(), answer.end());
  std::copy_n(request.begin() + kAuthenticator, kAuthenticatorSize, asked.begin() + kAuthenticator);
  const Bytes digest = Md5(WithSecret(asked, secret));
  return std::equal(digest.begin(), digest.end(), answer.begin() + kAuthenticator);
}

}  // namespace sstpgw::test
