#include "gateway/codec/packet_text.h"

#include <string_view>

#include "gateway/codec/ccp_options.h"
#include "gateway/codec/chap.h"
#include "gateway/codec/eap.h"
#include "gateway/codec/ipcp_options.h"
#include "gateway/codec/ipv6cp_options.h"
#include "gateway/codec/lcp_options.h"
#include "gateway/codec/pap.h"
#include "gateway/codec/ppp_control.h"
#include "proto/base/ip.h"
#include "proto/base/text.h"

namespace sstpgw::codec {
namespace {

constexpr std::size_t kMaxOptions = 32;  // shown of one packet; a longer list ends with "..."
constexpr std::size_t kMaxText = 256;    // octets shown of a peer's text

// Lower-case hex without leading zeros, like printf's %x.
std::string Hex(std::uint32_t number) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  do {
    out.insert(out.begin(), kDigits[number & 15]);
    number >>= 4;
  } while (number != 0);
  return out;
}

// Exactly `width` digits, like printf's %04x.
std::string Hex(std::uint32_t number, std::size_t width) {
  std::string out = Hex(number);
  return out.size() < width ? std::string(width - out.size(), '0') + out : out;
}

std::string Text(ByteView bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return Escape(text.substr(0, kMaxText));
}

std::string Quoted(ByteView bytes) { return "\"" + Text(bytes) + "\""; }

std::string UnknownOption(const ConfigOption& option) {
  std::string out = "<";
  for (const std::uint8_t octet : option.raw) out += " " + Hex(octet);
  return out + " >";
}

std::string LcpOptionText(const ConfigOption& option) {
  switch (static_cast<LcpOption>(option.type)) {
    case LcpOption::kMru:
      if (const auto mru = MruOf(option)) return "<mru " + std::to_string(*mru) + ">";
      break;
    case LcpOption::kAuthentication:
      if (const auto auth = AuthOf(option)) return std::string("<auth ") + LogName(*auth) + ">";
      break;
    case LcpOption::kMagicNumber:
      if (const auto magic = MagicOf(option)) return "<magic " + Hex(*magic, 8) + ">";
      break;
    case LcpOption::kProtocolFieldCompression:
      if (option.value.empty()) return "<pcomp>";
      break;
    case LcpOption::kAddressControlCompression:
      if (option.value.empty()) return "<accomp>";
      break;
    case LcpOption::kQuality:
    case LcpOption::kCallback:
      break;
  }
  return UnknownOption(option);
}

std::string IpcpOptionText(const ConfigOption& option) {
  const auto address = AddressOf(option);
  if (!address) return UnknownOption(option);
  std::string name = "addr";
  switch (static_cast<IpcpOption>(option.type)) {
    case IpcpOption::kPrimaryDns:
      name = "dns1";
      break;
    case IpcpOption::kPrimaryWins:
      name = "wins1";
      break;
    case IpcpOption::kSecondaryDns:
      name = "dns2";
      break;
    case IpcpOption::kSecondaryWins:
      name = "wins2";
      break;
    case IpcpOption::kIpAddress:
    case IpcpOption::kIpAddresses:
    case IpcpOption::kIpCompression:
      break;
  }
  return "<" + name + " " + address->ToString() + ">";
}

std::string Ipv6cpOptionText(const ConfigOption& option) {
  const auto id = InterfaceIdOf(option);
  return id ? "<addr " + InterfaceIdText(*id) + ">" : UnknownOption(option);
}

std::string CcpOptionText(const ConfigOption& option) {
  const auto bits = MppeBitsOf(option);
  return bits ? MppeText(*bits) : UnknownOption(option);
}

std::string OptionText(PppProtocol protocol, const ConfigOption& option) {
  if (protocol == PppProtocol::kLcp) return LcpOptionText(option);
  if (protocol == PppProtocol::kIpcp) return IpcpOptionText(option);
  if (protocol == PppProtocol::kIpv6cp) return Ipv6cpOptionText(option);
  if (protocol == PppProtocol::kCcp) return CcpOptionText(option);
  return UnknownOption(option);
}

std::string OptionsText(PppProtocol protocol, ByteView data) {
  const auto options = ParseOptions(data);
  if (!options) return " short packet";
  std::string out;
  std::size_t shown = 0;
  for (const ConfigOption& option : *options) {
    if (shown++ == kMaxOptions) return out + " ...";
    out += " " + OptionText(protocol, option);
  }
  return out;
}

std::string MagicText(ByteView data) {
  const auto magic = ParseMagicData(data);
  return magic ? " <magic " + Hex(magic->magic, 8) + ">" : " short packet";
}

// What stands behind "id=" of a packet of LCP or a network control protocol.
std::string ControlText(Direction direction, PppProtocol protocol, const ControlPacket& packet) {
  switch (packet.ppp_code()) {
    case PppCode::kConfigureAck:
      return direction == Direction::kSend ? std::string() : OptionsText(protocol, packet.data);
    case PppCode::kConfigureRequest:
    case PppCode::kConfigureNak:
    case PppCode::kConfigureReject:
      return OptionsText(protocol, packet.data);
    case PppCode::kTerminateRequest:
      return packet.data.empty() ? std::string() : " " + Quoted(packet.data);
    case PppCode::kTerminateAck:
    case PppCode::kResetRequest:
    case PppCode::kResetAck:
      return {};
    case PppCode::kCodeReject:
      return packet.data.empty() ? " short packet" : " <code " + Hex(packet.data[0]) + ">";
    case PppCode::kProtocolReject: {
      const auto rejected = ParseProtocolReject(packet.data);
      return rejected ? " <" + Hex(rejected->protocol, 4) + ">" : " short packet";
    }
    case PppCode::kEchoRequest:
    case PppCode::kEchoReply:
    case PppCode::kDiscardRequest:
    case PppCode::kTimeRemaining:
      return MagicText(packet.data);
    case PppCode::kIdentification: {
      const auto ident = ParseMagicData(packet.data);
      return ident ? " <" + Text(ident->rest) + ">" : " short packet";
    }
  }
  return {};
}

// Is this a code of the protocol's?
bool Knows(PppProtocol protocol, PppCode code) {
  if (code < PppCode::kProtocolReject) return true;
  return protocol == (code < PppCode::kResetRequest ? PppProtocol::kLcp : PppProtocol::kCcp);
}

std::string DescribeControl(Direction direction, PppProtocol protocol,
                            const ControlPacket& packet) {
  const char* name = ShortName(packet.ppp_code());
  if (name == nullptr || !Knows(protocol, packet.ppp_code())) {
    return "code=" + Hex(packet.code) + " id=" + Hex(packet.identifier);
  }
  const std::string id = packet.ppp_code() == PppCode::kProtocolReject
                             ? std::to_string(packet.identifier)
                             : Hex(packet.identifier);
  return std::string(name) + " id=" + id + ControlText(direction, protocol, packet);
}

std::string DescribePap(const ControlPacket& packet) {
  const std::string id = " id=" + Hex(packet.identifier);
  const auto message = [&packet] {
    return " \"" + Escape(PapMessageOf(packet.data)) + "\"";  // at most 255 octets
  };
  switch (static_cast<PapCode>(packet.code)) {
    case PapCode::kAuthRequest:
      return "AuthReq" + id;
    case PapCode::kAuthAck:
      return "AuthAck" + id + message();
    case PapCode::kAuthNak:
      return "AuthNak" + id + message();
  }
  return "code=" + Hex(packet.code) + id;
}

// A Success message with the digits behind "S=", which are made from the password, left out.
std::string WithoutAuthenticator(ByteView data) {
  const std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
  if (!text.starts_with("S=")) return Quoted(data);
  const std::size_t end = std::min(text.find(' '), text.size());
  return "\"S=.." + Text(data.subspan(end)) + "\"";
}

std::string DescribeChap(const ControlPacket& packet, AuthProtocol chap) {
  const std::string id = " id=" + Hex(packet.identifier);
  const auto name = [&packet]() -> std::string {
    const auto value = ParseChapValue(packet.data);
    if (!value) return " short packet";
    return " name=\"" + Escape(value->name.substr(0, kMaxText)) + "\"";
  };
  switch (static_cast<ChapCode>(packet.code)) {
    case ChapCode::kChallenge:
      return "Challenge" + id + name();
    case ChapCode::kResponse:
      return "Response" + id + name();
    case ChapCode::kSuccess:
      return "Success" + id + " " +
             (chap == AuthProtocol::kMsChapV2 ? WithoutAuthenticator(packet.data)
                                              : Quoted(packet.data));
    case ChapCode::kFailure:
      return "Failure" + id + " " + Quoted(packet.data);
    case ChapCode::kChangePassword:
      return "ChangePassword" + id;
  }
  return "code=" + Hex(packet.code) + id;
}

// Type data is left out: it may be a password (GTC) or made from one.
std::string DescribeEap(const ControlPacket& packet) {
  const std::string id = " id=" + Hex(packet.identifier);
  const auto body = [&packet]() -> std::string {
    const auto parsed = ParseEapBody(packet.data);
    if (!parsed) return " short packet";
    const char* name = ShortName(parsed->type);
    if (name == nullptr) {
      return " <type " + std::to_string(static_cast<std::uint8_t>(parsed->type)) + ">";
    }
    const bool text = parsed->type == EapType::kIdentity && !parsed->data.empty();
    return std::string(" <") + name + (text ? " " + Quoted(parsed->data) : "") + ">";
  };
  switch (static_cast<EapCode>(packet.code)) {
    case EapCode::kRequest:
      return "Request" + id + body();
    case EapCode::kResponse:
      return "Response" + id + body();
    case EapCode::kSuccess:
      return "Success" + id;
    case EapCode::kFailure:
      return "Failure" + id;
  }
  return "code=" + Hex(packet.code) + id;
}

}  // namespace

std::string DescribePacket(Direction direction, PppProtocol protocol, ByteView payload,
                           std::optional<AuthProtocol> chap) {
  const bool is_chap = protocol == PppProtocol::kChap;
  const AuthProtocol algorithm = chap.value_or(AuthProtocol::kChapMd5);
  const std::string name = is_chap ? LogName(algorithm) : ToString(protocol);
  const auto packet = ParseControlPacket(payload);
  if (!packet) return name + " short packet";
  if (is_chap) return name + " " + DescribeChap(*packet, algorithm);
  if (protocol == PppProtocol::kPap) return name + " " + DescribePap(*packet);
  if (protocol == PppProtocol::kEap) return name + " " + DescribeEap(*packet);
  return name + " " + DescribeControl(direction, protocol, *packet);
}

std::string LogLine(Direction direction, const std::string& what) {
  return (direction == Direction::kSend ? "send [" : "recv [") + what + "]";
}

}  // namespace sstpgw::codec
