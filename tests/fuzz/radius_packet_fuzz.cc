// RADIUS packets from any octets: what is decoded can be written again and says the same, every
// reading of a reply ends with a value or a refusal, only an Access-Accept lets anybody in, and a
// log line stays one line of bounded length. The first octet chooses vendors' formats and how the
// reply was asked for.
#include <cstdint>

#include "controlplane/radius/access_reply.h"
#include "controlplane/radius/authenticators.h"
#include "controlplane/radius/login.h"
#include "controlplane/radius/packet_text.h"
#include "tests/fuzz/require.h"

namespace sstpgw::fuzz {
namespace {

using namespace cp;
using namespace cp::radius;

const std::array<std::uint8_t, 4> kSecret{'t', 'e', 's', 't'};

const VendorFormats& Formats(std::uint8_t choice) {
  static const VendorFormats kNone;
  static const VendorFormats kAll{{311, {2, 2, false}},  {9, {4, 0, false}},
                                  {14988, {1, 1, true}}, {55999, {2, 1, false}},
                                  {429, {4, 0, false}},  {8164, {1, 2, false}}};
  return (choice & 1) == 0 ? kNone : kAll;
}

void RoundTrip(const Packet& packet, const VendorFormats& formats) {
  const auto encoded = Encode(packet, formats);
  // Several attributes of one VSA come back one each, which may be too much for a packet.
  if (!encoded) return Require(encoded.error().code == ErrorCode::kResourceExhausted);
  const auto again = Decode(*encoded, formats);
  Require(again.has_value() && *again == packet);
}

void Text(const Packet& packet) {
  static const Dictionary kDictionary = Dictionary::BuiltIn();
  const std::string line = LogLine(Direction::kReceive, "RADIUS(1)", packet, kDictionary);
  Require(line.size() <= kMaxLogLine);
  for (const char c : line) Require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

SessionAttributeSettings Settings(std::uint8_t choice) {
  SessionAttributeSettings settings;
  if ((choice & 2) == 0) return settings;
  settings.cisco_pool = true;
  settings.route_host_bits = HostBits::kRefuse;
  settings.rate_limits = {{{0, 11}, ValueType::kString}, {{14988, 8}, ValueType::kOctets}};
  return settings;
}

void Reply(const Packet& packet, std::uint8_t choice) {
  const SharedWith shared{kSecret, {}};
  AskedWith asked;
  asked.method = static_cast<AuthMethod>((choice >> 2) % 5);
  asked.identifier = choice;
  const auto accept = ReadAccessAccept(packet, asked, shared, Settings(choice));
  if (accept) {
    Require(accept->hlak.size() == 32);
    Require(accept->session.interface_name.size() <= 15);
    Require(accept->session.ipv6_dns.size() <= 3);
  }
  const AccessReject reject = ReadAccessReject(packet);
  Require(reject.message.size() <= 255 && reject.mschap_error >= 646);
  const auto challenge = ReadAccessChallenge(packet);
  if (challenge) Require(challenge->eap_message.size() >= 4);
  for (const Attribute& attribute : packet.attributes) {
    static_cast<void>(RevealSalted(attribute.value, shared));
    static_cast<void>(RevealTunnelPassword(attribute.value, shared));
  }
}

void Line(const std::string& line) {
  for (const char c : line) Require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

void Granted(const AuthGranted& granted, const Packet& packet) {
  Require(packet.code == Code::kAccessAccept && granted.hlak.size() == 32);
  Require(granted.dns.size() <= 2 && granted.wins.size() <= 2);
  const NetworkPolicy& network = granted.network;
  Require(network.interface_name.size() <= 15 && network.vrf.size() <= 15);
  Require(network.routes.size() <= 256 && network.ipv6_routes.size() <= 256);
  Require(network.framed_ipv6_prefixes.size() <= 32 && network.framed_ipv6_addresses.size() <= 32);
  for (const std::string& route : network.routes) Require(!route.empty() && route.size() <= 253);
}

void Login(const Packet& packet, std::uint8_t choice) {
  LoginSettings settings{Settings(choice), std::nullopt, nullptr};
  if ((choice & 2) != 0) settings.rates = RateScheme{{0, 11}, ValueType::kString, {}};
  AskedLogin asked{"user", {static_cast<AuthMethod>((choice >> 2) % 5), choice, {}}};
  Answered answer;
  answer.reply = packet;
  answer.secret = Secret(ByteView(kSecret));
  const LoginEnd end = JudgeReply(asked, answer, settings);
  for (const WriteLog& line : end.log) Line(line.text);
  if (const auto* granted = std::get_if<AuthGranted>(&end.outcome)) {
    Granted(*granted, packet);
  } else if (const auto* challenge = std::get_if<AuthorizeChallenge>(&end.outcome)) {
    const auto back = ReadConversationState(challenge->state);
    Require(back.has_value() && back->server == answer.server);
    Require(!back->state || back->state == packet.Find({0, 24})->value);
  } else {
    Require(!end.log.empty() && std::get<AuthorizeReject>(end.outcome).mschap_error >= 646);
  }
  for (const Attribute& attribute : packet.attributes) {
    const auto state = ReadConversationState(attribute.value);
    if (state) Require(ConversationState(*state) == attribute.value);
  }
}

// Nobody without the secret makes a genuine packet; signing what came makes it one.
void Signatures(ByteView datagram, const Packet& packet, const VendorFormats& formats) {
  const auto rule = MessageAuthenticatorRule::kIfPresent;
  static_cast<void>(VerifyReply(datagram, {}, kSecret, rule));
  Require(VerifyRequest(datagram, kSecret, rule) != Verdict::kMalformed ||
          HasMessageAuthenticator(datagram));
  const auto reply = SignReply(packet, {}, kSecret, WithMessageAuthenticator::kYes, formats);
  if (!reply) return;
  Require(VerifyReply(*reply, {}, kSecret, MessageAuthenticatorRule::kRequired) ==
          Verdict::kGenuine);
}

}  // namespace
}  // namespace sstpgw::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sstpgw;
  if (size == 0) return 0;
  const std::uint8_t choice = data[0];
  const ByteView datagram(data + 1, size - 1);
  const auto& formats = fuzz::Formats(choice);
  const auto packet = cp::radius::Decode(datagram, formats);
  const auto octets = cp::radius::PacketOctets(datagram);
  if (!packet) return 0;
  fuzz::Require(octets.has_value() && octets->size() <= cp::radius::kMaxPacketSize);
  fuzz::RequireInside(*octets, datagram);
  fuzz::Require(packet->attributes.size() <= cp::radius::kMaxAttributes);
  fuzz::RoundTrip(*packet, formats);
  fuzz::Text(*packet);
  fuzz::Reply(*packet, choice);
  fuzz::Login(*packet, choice);
  fuzz::Signatures(datagram, *packet, formats);
  return 0;
}
