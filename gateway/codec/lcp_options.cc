#include "gateway/codec/lcp_options.h"

#include "gateway/codec/byte_reader.h"
#include "gateway/codec/byte_writer.h"
#include "gateway/codec/ppp_frame.h"

namespace sstpgw::codec {
namespace {

constexpr std::uint8_t kChapAlgorithmMd5 = 0x05;
constexpr std::uint8_t kChapAlgorithmMsV1 = 0x80;
constexpr std::uint8_t kChapAlgorithmMsV2 = 0x81;

PppProtocol PacketsOf(AuthProtocol protocol) {
  if (protocol == AuthProtocol::kPap) return PppProtocol::kPap;
  return protocol == AuthProtocol::kEap ? PppProtocol::kEap : PppProtocol::kChap;
}

bool Is(const ConfigOption& option, LcpOption type, std::size_t value_size) {
  return option.type == static_cast<std::uint8_t>(type) && option.value.size() == value_size;
}

}  // namespace

std::optional<std::uint16_t> MruOf(const ConfigOption& option) {
  if (!Is(option, LcpOption::kMru, 2)) return std::nullopt;
  return ByteReader(option.value).U16();
}

std::optional<std::uint32_t> MagicOf(const ConfigOption& option) {
  if (!Is(option, LcpOption::kMagicNumber, 4)) return std::nullopt;
  return ByteReader(option.value).U32();
}

std::optional<AuthProtocol> AuthOf(const ConfigOption& option) {
  ByteReader reader(option.value);
  const auto protocol = static_cast<PppProtocol>(reader.U16());
  if (Is(option, LcpOption::kAuthentication, 2) && protocol == PppProtocol::kPap) {
    return AuthProtocol::kPap;
  }
  if (Is(option, LcpOption::kAuthentication, 2) && protocol == PppProtocol::kEap) {
    return AuthProtocol::kEap;
  }
  if (!Is(option, LcpOption::kAuthentication, 3) || protocol != PppProtocol::kChap) {
    return std::nullopt;
  }
  switch (reader.U8()) {
    case kChapAlgorithmMd5:
      return AuthProtocol::kChapMd5;
    case kChapAlgorithmMsV1:
      return AuthProtocol::kMsChapV1;
    case kChapAlgorithmMsV2:
      return AuthProtocol::kMsChapV2;
    default:
      return std::nullopt;
  }
}

void AppendMru(Bytes& out, std::uint16_t mru) {
  Bytes value;
  ByteWriter(value).U16(mru);
  AppendOption(out, static_cast<std::uint8_t>(LcpOption::kMru), value);
}

void AppendMagic(Bytes& out, std::uint32_t magic) {
  Bytes value;
  ByteWriter(value).U32(magic);
  AppendOption(out, static_cast<std::uint8_t>(LcpOption::kMagicNumber), value);
}

void AppendAuth(Bytes& out, AuthProtocol protocol) {
  Bytes value;
  ByteWriter writer(value);
  writer.U16(static_cast<std::uint16_t>(PacketsOf(protocol)));
  switch (protocol) {
    case AuthProtocol::kPap:
    case AuthProtocol::kEap:
      break;
    case AuthProtocol::kChapMd5:
      writer.U8(kChapAlgorithmMd5);
      break;
    case AuthProtocol::kMsChapV1:
      writer.U8(kChapAlgorithmMsV1);
      break;
    case AuthProtocol::kMsChapV2:
      writer.U8(kChapAlgorithmMsV2);
      break;
  }
  AppendOption(out, static_cast<std::uint8_t>(LcpOption::kAuthentication), value);
}

const char* LogName(AuthProtocol protocol) {
  switch (protocol) {
    case AuthProtocol::kPap:
      return "PAP";
    case AuthProtocol::kChapMd5:
      return "CHAP";
    case AuthProtocol::kMsChapV1:
      return "MSCHAP-v1";
    case AuthProtocol::kMsChapV2:
      return "MSCHAP-v2";
    case AuthProtocol::kEap:
      return "EAP";
  }
  return "unknown";
}

}  // namespace sstpgw::codec
