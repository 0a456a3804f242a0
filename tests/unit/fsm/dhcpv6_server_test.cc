// The DHCPv6 server: every row of features 4.4, and RFC 8415 16 and 18.3.
#include "gateway/fsm/dhcpv6_server.h"

#include <gtest/gtest.h>

#include "gateway/codec/byte_writer.h"
#include "tests/support/hex.h"
#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

using codec::Dhcpv6Ia;
using codec::Dhcpv6Lease;
using codec::Dhcpv6Message;
using codec::Dhcpv6Option;
using codec::Dhcpv6Status;
using codec::Dhcpv6Type;
using std::chrono::seconds;
using test::FromHex;

constexpr std::uint32_t kPreferred = 604'800;
constexpr std::uint32_t kValid = 2'592'000;
constexpr std::uint32_t kNaId = 0x11;
constexpr std::uint32_t kPdId = 0x22;

Ipv6Address Address(const char* text) { return Ipv6Address::Parse(text).value(); }
Ipv6Prefix Prefix(const char* text) { return Ipv6Prefix::Parse(text).value(); }
Bytes Copy(ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); }

const Bytes kClient = FromHex("0001 0001 2a2b 2c2d 0016 3e11 2233");
const Bytes kOtherClient = FromHex("0003 0001 0016 3e11 2233");
const Bytes kServer = FromHex("0003 001b 0000 0000 0000 0001");

Bytes Opt(int code, const Bytes& value) {
  Bytes out;
  codec::ByteWriter writer(out);
  writer.U16(static_cast<std::uint16_t>(code));
  writer.U16(static_cast<std::uint16_t>(value.size()));
  writer.Raw(value);
  return out;
}

Bytes Na(std::uint32_t iaid, const std::vector<const char*>& addresses = {}, int code = 3) {
  Bytes value;
  codec::ByteWriter writer(value);
  writer.U32(iaid);
  if (code == 3) writer.Zeros(8);
  for (const char* address : addresses) {
    Bytes lease = Copy(Address(address).octets());
    lease.resize(24);
    writer.Raw(Opt(5, lease));
  }
  return Opt(code, value);
}
Bytes Ta(std::uint32_t iaid) { return Na(iaid, {}, 4); }
Bytes Pd(std::uint32_t iaid, const std::vector<const char*>& prefixes = {}) {
  Bytes value;
  codec::ByteWriter writer(value);
  writer.U32(iaid);
  writer.Zeros(8);
  for (const char* prefix : prefixes) {
    Bytes lease(8);
    lease.push_back(Prefix(prefix).length);
    const auto octets = Prefix(prefix).address.octets();
    lease.insert(lease.end(), octets.begin(), octets.end());
    writer.Raw(Opt(26, lease));
  }
  return Opt(25, value);
}
Bytes Client(const Bytes& id = kClient) { return Opt(1, id); }
Bytes Server(const Bytes& id = kServer) { return Opt(2, id); }
const Bytes kRapidCommit = Opt(14, {});

Dhcpv6Ia GivenNa() {
  return {.kind = Dhcpv6Option::kIaNa,
          .iaid = kNaId,
          .t1 = kPreferred / 2,
          .t2 = kPreferred / 5 * 4,
          .leases = {{.prefix = Prefix("2001:db8:1:2::2/128"),
                      .preferred_lifetime = kPreferred,
                      .valid_lifetime = kValid}}};
}
Dhcpv6Ia GivenPd() {
  Dhcpv6Ia ia = GivenNa();
  ia.kind = Dhcpv6Option::kIaPd;
  ia.iaid = kPdId;
  ia.leases[0].prefix = Prefix("2001:db8:ff00::/56");
  return ia;
}

// Options of a reply in order, those in an IA behind its fixed part.
std::map<int, Bytes> OptionsOf(const Bytes& area) {
  std::map<int, Bytes> out;
  for (std::size_t i = 0; i + 4 <= area.size();) {
    const std::size_t size = area[i + 2] * 256U + area[i + 3];
    out[area[i] * 256 + area[i + 1]] =
        Bytes(area.begin() + static_cast<std::ptrdiff_t>(i + 4),
              area.begin() + static_cast<std::ptrdiff_t>(i + 4 + size));
    i += 4 + size;
  }
  return out;
}
// Of a status option among `options`; -1: none.
int StatusIn(const std::map<int, Bytes>& options) {
  const auto status = options.find(13);
  return status == options.end() ? -1 : status->second.at(0) * 256 + status->second.at(1);
}

class Dhcpv6ServerTest : public testing::Test {
 protected:
  Dhcpv6ServerTest() {
    link_.our_id = {0, 0, 0, 0, 0, 0, 0, 1};
    link_.prefixes = {Prefix("2001:db8:1:2::/64")};
    link_.addresses = {Address("2001:db8:1:2::2")};
    link_.delegated = {Prefix("2001:db8:ff00::/56")};
    link_.dns = {Address("2001:db8::53")};
    server_.Start(link_);
  }

  void ReceivePacket(const Bytes& packet) {
    outcome_ = server_.Receive(packet, now_, out_);
    packet_.clear();
    payload_.clear();
    counted_.clear();
    for (Action& action : out_.Take()) {
      if (auto* send = std::get_if<SendIpv6Packet>(&action)) {
        EXPECT_TRUE(packet_.empty());
        packet_ = send->packet;
      } else if (auto* count = std::get_if<CountEvent>(&action)) {
        counted_.push_back(count->counter);
      }
    }
    ASSERT_EQ(counted_.size(), 1U);
    EXPECT_EQ(counted_[0] == Counter::kDhcpv6Answered, !packet_.empty());
    if (packet_.empty()) return;
    EXPECT_LE(packet_.size(), 1280U);
    const auto ip = codec::ParseIpv6Packet(packet_);
    ASSERT_TRUE(ip.has_value());
    EXPECT_EQ(ip->ends.source, Address("fe80::1"));
    EXPECT_EQ(ip->ends.destination, Address("fe80::2"));
    const auto datagram = codec::ParseUdp(*ip);
    ASSERT_TRUE(datagram.has_value());
    EXPECT_EQ(datagram->source_port, 547);
    EXPECT_EQ(datagram->destination_port, 546);
    payload_ = Copy(datagram->payload);
    // A reply may hold more leases than a client may name.
    reply_ = codec::ParseDhcpv6(payload_).value_or(Dhcpv6Message{});
    EXPECT_EQ(Bytes(payload_.begin() + 1, payload_.begin() + 4), Octets({0xaa, 0xbb, 0xcc}));
    EXPECT_EQ(Options()[7], Bytes{255});
  }
  void Receive(Dhcpv6Type type, std::initializer_list<Bytes> options) {
    Bytes payload = Join({Octets({static_cast<int>(type), 0xaa, 0xbb, 0xcc}), Join(options)});
    ReceivePacket(codec::EncodeUdpPacket({Address("fe80::2"), Address("ff02::1:2")},
                                         {.source = 546, .destination = 547}, payload));
  }
  void Request(const Bytes& ias) { Receive(Dhcpv6Type::kRequest, {Client(), Server(), ias}); }
  void BindBoth() {
    Request(Join({Na(kNaId), Pd(kPdId)}));
    ASSERT_TRUE(outcome_.delegation_taken);
  }
  void ExpectNoAnswer(Counter counter = Counter::kDhcpv6Discarded) const {
    EXPECT_TRUE(packet_.empty());
    EXPECT_EQ(counted_, std::vector{counter});
    EXPECT_EQ(outcome_, Dhcpv6Outcome{});
  }
  [[nodiscard]] std::map<int, Bytes> Options() const {
    return OptionsOf(Bytes(payload_.begin() + 4, payload_.end()));
  }
  [[nodiscard]] int Status() const { return StatusIn(Options()); }
  // Of the IA of this kind (the last one).
  [[nodiscard]] int IaStatus(int kind) const {
    const Bytes ia = Options().at(kind);
    return StatusIn(OptionsOf(Bytes(ia.begin() + (kind == 4 ? 4 : 12), ia.end())));
  }

  Dhcpv6Settings settings_;
  LeasedLink link_;
  Dhcpv6Server server_{settings_};
  TimePoint now_ = TimePoint{} + seconds(1000);
  Outbox out_;
  Dhcpv6Outcome outcome_;
  Bytes packet_;
  Bytes payload_;
  Dhcpv6Message reply_;
  std::vector<Counter> counted_;
};

// ---- Solicit

TEST_F(Dhcpv6ServerTest, GoldenSolicitAndAdvertise) {
  settings_.domain_search = {"vpn.example"};
  ReceivePacket(
      FromHex("6000 0000 0069 1140 fe80 0000 0000 0000 0000 0000 0000 0002"
              "ff02 0000 0000 0000 0000 0000 0001 0002 0222 0223 0069 501a"
              "01 aabbcc 0001 000e 0001 0001 2a2b 2c2d 0016 3e11 2233 0006 0004 0017 0018"
              "0008 0002 0000 0003 000c 0000 0011 0000 0000 0000 0000"
              "0019 0029 0000 0022 0000 0000 0000 0000"
              "001a 0019 0000 0000 0000 0000 38 0000 0000 0000 0000 0000 0000 0000 0000"));
  EXPECT_EQ(packet_,
            FromHex("6000 0000 00b1 1140 fe80 0000 0000 0000 0000 0000 0000 0001"
                    "fe80 0000 0000 0000 0000 0000 0000 0002 0223 0222 00b1 b84a"
                    "02 aabbcc 0001 000e 0001 0001 2a2b 2c2d 0016 3e11 2233"
                    "0002 000c 0003 001b 0000 0000 0000 0001 0007 0001 ff"
                    "0003 0028 0000 0011 0004 9d40 0007 6200"
                    "0005 0018 2001 0db8 0001 0002 0000 0000 0000 0002 0009 3a80 0027 8d00"
                    "0019 0029 0000 0022 0004 9d40 0007 6200"
                    "001a 0019 0009 3a80 0027 8d00 38 2001 0db8 ff00 0000 0000 0000 0000 0000"
                    "0017 0010 2001 0db8 0000 0000 0000 0000 0000 0053"
                    "0018 000d 03 76706e 07 6578616d706c65 00"));
  EXPECT_EQ(outcome_, Dhcpv6Outcome{});
  EXPECT_FALSE(server_.delegated());
}

TEST_F(Dhcpv6ServerTest, SolicitWithRapidCommitIsAReplyAndABinding) {
  Receive(Dhcpv6Type::kSolicit, {Client(), kRapidCommit, Na(kNaId), Pd(kPdId)});
  EXPECT_EQ(reply_.type, Dhcpv6Type::kReply);
  EXPECT_TRUE(reply_.rapid_commit);
  EXPECT_EQ(reply_.ias, (std::vector{GivenNa(), GivenPd()}));
  EXPECT_TRUE(outcome_.delegation_taken);
  EXPECT_TRUE(server_.delegated());
  Receive(Dhcpv6Type::kRenew, {Client(), Server(), Na(kNaId)});
  EXPECT_EQ(reply_.ias, std::vector{GivenNa()});
}

TEST_F(Dhcpv6ServerTest, SolicitBindsNothing) {
  Receive(Dhcpv6Type::kSolicit, {Client(), Na(kNaId)});
  EXPECT_EQ(reply_.type, Dhcpv6Type::kAdvertise);
  EXPECT_FALSE(reply_.rapid_commit);
  Receive(Dhcpv6Type::kRenew, {Client(), Server(), Na(kNaId)});
  EXPECT_EQ(IaStatus(3), 3);
  Receive(Dhcpv6Type::kSolicit, {Client(kOtherClient), Na(kNaId)});
  EXPECT_EQ(reply_.ias, std::vector{GivenNa()});
}

TEST_F(Dhcpv6ServerTest, Rfc8415WhichIdentifiersAMessageHas) {
  Receive(Dhcpv6Type::kSolicit, {Client(), Server(), Na(kNaId)});
  ExpectNoAnswer();
  for (const Dhcpv6Type type : {Dhcpv6Type::kConfirm, Dhcpv6Type::kRebind}) {
    Receive(type, {Client(), Server(), Na(kNaId, {"2001:db8:1:2::2"})});
    ExpectNoAnswer();
  }
  for (const Dhcpv6Type type :
       {Dhcpv6Type::kRequest, Dhcpv6Type::kRenew, Dhcpv6Type::kRelease, Dhcpv6Type::kDecline}) {
    Receive(type, {Client(), Na(kNaId), Pd(kPdId)});
    ExpectNoAnswer();
    Receive(type, {Client(), Server(kOtherClient), Na(kNaId), Pd(kPdId)});
    ExpectNoAnswer();
    Receive(type, {Server(), Na(kNaId), Pd(kPdId)});
    ExpectNoAnswer();
  }
  for (const Dhcpv6Type type : {Dhcpv6Type::kSolicit, Dhcpv6Type::kConfirm, Dhcpv6Type::kRebind}) {
    Receive(type, {Na(kNaId, {"2001:db8:1:2::2"})});
    ExpectNoAnswer();
  }
}

// ---- Request

TEST_F(Dhcpv6ServerTest, D7RequestGivesAllThereIs) {
  link_.delegated.push_back(Prefix("2001:db8:ee00::/40"));
  link_.addresses.push_back(Address("2001:db8:9::9"));
  server_.Start(link_);
  Request(Join({Na(kNaId), Pd(kPdId)}));
  EXPECT_EQ(reply_.type, Dhcpv6Type::kReply);
  EXPECT_EQ(Copy(reply_.client_id), kClient);
  ASSERT_EQ(reply_.ias.size(), 2U);
  ASSERT_EQ(reply_.ias[0].leases.size(), 2U);
  EXPECT_EQ(reply_.ias[0].leases[1].prefix, Prefix("2001:db8:9::9/128"));
  ASSERT_EQ(reply_.ias[1].leases.size(), 2U);
  EXPECT_EQ(reply_.ias[1].leases[1].prefix, Prefix("2001:db8:ee00::/40"));
  EXPECT_TRUE(outcome_.delegation_taken);
}

TEST_F(Dhcpv6ServerTest, TheDelegationIsTakenOnce) {
  BindBoth();
  Request(Join({Na(kNaId), Pd(kPdId)}));
  EXPECT_EQ(outcome_, Dhcpv6Outcome{});
  EXPECT_TRUE(server_.delegated());
}

TEST_F(Dhcpv6ServerTest, AddressesAloneTakeNoDelegation) {
  Request(Na(kNaId));
  EXPECT_EQ(outcome_, Dhcpv6Outcome{});
  EXPECT_FALSE(server_.delegated());
}

TEST_F(Dhcpv6ServerTest, SecondAssociationsAndTemporaryOnesGetNothing) {
  Request(Join({Na(kNaId), Na(kNaId + 1)}));
  ASSERT_EQ(reply_.ias.size(), 2U);
  EXPECT_EQ(reply_.ias[0], GivenNa());
  EXPECT_TRUE(reply_.ias[1].leases.empty());
  EXPECT_EQ(IaStatus(3), 2);
  Request(Join({Pd(kPdId), Pd(kPdId + 1)}));
  EXPECT_EQ(reply_.ias.at(0), GivenPd());
  EXPECT_TRUE(reply_.ias.at(1).leases.empty());
  EXPECT_EQ(IaStatus(25), 6);
  Request(Ta(5));
  ASSERT_EQ(reply_.ias.size(), 1U);
  EXPECT_EQ(reply_.ias[0].kind, Dhcpv6Option::kIaTa);
  EXPECT_EQ(reply_.ias[0].iaid, 5U);
  EXPECT_EQ(IaStatus(4), 2);
}

TEST_F(Dhcpv6ServerTest, WithNothingToGiveThereIsNothingAvailable) {
  link_.addresses.clear();
  link_.delegated.clear();
  server_.Start(link_);
  for (const Dhcpv6Type type : {Dhcpv6Type::kSolicit, Dhcpv6Type::kRequest}) {
    const Bytes server = type == Dhcpv6Type::kRequest ? Server() : Bytes{};
    Receive(type, {Client(), server, Na(kNaId), Pd(kPdId)});
    EXPECT_EQ(IaStatus(3), 2);
    EXPECT_EQ(IaStatus(25), 6);
    EXPECT_EQ(outcome_, Dhcpv6Outcome{});
  }
}

TEST_F(Dhcpv6ServerTest, ForeignAddressesAndPrefixesComeBackWithNothing) {
  Request(Join({Na(kNaId, {"2001:db8:7::7", "2001:db8:1:2::2", "::"}),
                Pd(kPdId, {"2001:db8:aa00::/56", "2001:db8:ff00::/57", "::/48"})}));
  ASSERT_EQ(reply_.ias.size(), 2U);
  ASSERT_EQ(reply_.ias[0].leases.size(), 2U);
  EXPECT_EQ(reply_.ias[0].leases[0], GivenNa().leases[0]);
  EXPECT_EQ(reply_.ias[0].leases[1], (Dhcpv6Lease{.prefix = Prefix("2001:db8:7::7/128")}));
  ASSERT_EQ(reply_.ias[1].leases.size(), 3U);
  EXPECT_EQ(reply_.ias[1].leases[0], GivenPd().leases[0]);
  EXPECT_EQ(reply_.ias[1].leases[1], (Dhcpv6Lease{.prefix = Prefix("2001:db8:aa00::/56")}));
  EXPECT_EQ(reply_.ias[1].leases[2], (Dhcpv6Lease{.prefix = Prefix("2001:db8:ff00::/57")}));
  // NotOnLink inside the foreign address.
  const Bytes na = Options().at(3);
  const Bytes foreign = OptionsOf(Bytes(na.begin() + 12, na.end())).at(5);
  EXPECT_EQ(StatusIn(OptionsOf(Bytes(foreign.begin() + 24, foreign.end()))), 4);
}

TEST_F(Dhcpv6ServerTest, TheLongestReplyFits) {
  Bytes longest(130, 0x11);
  link_.addresses.assign(20, Address("2001:db8:9::9"));
  link_.delegated.assign(20, Prefix("2001:db8:ee00::/40"));
  settings_.domain_search.assign(100, "a.long.name.of.a.domain.example");
  server_.Start(link_);
  Bytes ias = Join({Na(kNaId, {"2001:db8:7::7", "2001:db8:7::8", "2001:db8:7::9"}),
                    Pd(kPdId, {"2001:db8:aa00::/56", "2001:db8:ab00::/56"})});
  for (std::uint32_t i = 0; i < 6; ++i) ias = Join({ias, Pd(i)});
  Receive(Dhcpv6Type::kSolicit, {Client(longest), kRapidCommit, Opt(6, FromHex("0017 0018")), ias});
  ASSERT_FALSE(packet_.empty());
  // Eight of ours, three foreign ones with their status; behind all that there is room for DNS.
  EXPECT_EQ(Options().at(3).size(), 12U + 8U * 28U + 3U * (28U + 17U));
  EXPECT_EQ(Options().count(23), 1U);
}

TEST_F(Dhcpv6ServerTest, AnotherClientIsIgnoredUntilAllIsReleased) {
  BindBoth();
  for (const Dhcpv6Type type : {Dhcpv6Type::kSolicit, Dhcpv6Type::kRebind}) {
    Receive(type, {Client(kOtherClient), Na(kNaId), Pd(kPdId)});
    ExpectNoAnswer();
  }
  Receive(Dhcpv6Type::kRelease, {Client(kOtherClient), Server(), Pd(kPdId)});
  ExpectNoAnswer();
  EXPECT_TRUE(server_.delegated());
  Receive(Dhcpv6Type::kRelease, {Client(), Server(), Pd(kPdId)});
  Receive(Dhcpv6Type::kSolicit, {Client(kOtherClient), Na(kNaId)});
  ExpectNoAnswer();
  Receive(Dhcpv6Type::kRelease, {Client(), Server(), Na(kNaId)});
  Receive(Dhcpv6Type::kSolicit, {Client(kOtherClient), Na(kNaId)});
  EXPECT_EQ(reply_.ias, std::vector{GivenNa()});
}

// ---- Renew, Rebind

TEST_F(Dhcpv6ServerTest, RenewOfABindingAndOfNone) {
  BindBoth();
  Receive(Dhcpv6Type::kRenew, {Client(), Server(), Na(kNaId), Pd(kPdId)});
  EXPECT_EQ(reply_.ias, (std::vector{GivenNa(), GivenPd()}));
  Receive(Dhcpv6Type::kRenew, {Client(), Server(), Na(kNaId + 1), Pd(kPdId)});
  EXPECT_EQ(IaStatus(3), 3);
  EXPECT_EQ(reply_.ias.at(1), GivenPd());
  // The identifier is of one kind.
  Receive(Dhcpv6Type::kRenew, {Client(), Server(), Na(kPdId), Pd(kNaId), Ta(kNaId)});
  EXPECT_EQ(IaStatus(3), 3);
  EXPECT_EQ(IaStatus(25), 3);
  EXPECT_EQ(IaStatus(4), 3);
  EXPECT_EQ(outcome_, Dhcpv6Outcome{});
}

TEST_F(Dhcpv6ServerTest, RenewTellsWhatHasChanged) {
  BindBoth();
  link_.delegated = {Prefix("2001:db8:bb00::/56")};
  EXPECT_EQ(server_.Update(link_), Dhcpv6Outcome{});
  Receive(Dhcpv6Type::kRenew, {Client(), Server(), Pd(kPdId, {"2001:db8:ff00::/56"})});
  ASSERT_EQ(reply_.ias.at(0).leases.size(), 2U);
  EXPECT_EQ(reply_.ias[0].leases[0].prefix, Prefix("2001:db8:bb00::/56"));
  EXPECT_EQ(reply_.ias[0].leases[1], (Dhcpv6Lease{.prefix = Prefix("2001:db8:ff00::/56")}));
}

TEST_F(Dhcpv6ServerTest, RebindOfABinding) {
  BindBoth();
  Receive(Dhcpv6Type::kRebind, {Client(), Na(kNaId), Pd(kPdId)});
  EXPECT_EQ(reply_.ias, (std::vector{GivenNa(), GivenPd()}));
}

TEST_F(Dhcpv6ServerTest, RebindOfWhatTheSessionHasIsABinding) {
  Receive(Dhcpv6Type::kRebind, {Client(), Pd(kPdId, {"2001:db8:ff00::/56"})});
  EXPECT_EQ(reply_.ias, std::vector{GivenPd()});
  EXPECT_TRUE(outcome_.delegation_taken);
}

TEST_F(Dhcpv6ServerTest, RebindOfAnythingElseHasNoBinding) {
  Receive(Dhcpv6Type::kRebind, {Client(), Pd(kPdId, {"2001:db8:aa00::/56"})});
  EXPECT_EQ(IaStatus(25), 3);
  Receive(Dhcpv6Type::kRebind, {Client(), Pd(kPdId, {"2001:db8:ff00::/56", "2001:db8:aa00::/56"})});
  EXPECT_EQ(IaStatus(25), 3);
  Receive(Dhcpv6Type::kRebind, {Client(), Pd(kPdId)});
  EXPECT_EQ(IaStatus(25), 3);
  EXPECT_FALSE(server_.delegated());
}

TEST_F(Dhcpv6ServerTest, ABindingExpires) {
  BindBoth();
  now_ += seconds(kValid - 1);
  Receive(Dhcpv6Type::kRenew, {Client(), Server(), Pd(kPdId)});
  EXPECT_EQ(reply_.ias, std::vector{GivenPd()});
  // The addresses were not renewed.
  now_ += seconds(1);
  Receive(Dhcpv6Type::kRenew, {Client(), Server(), Na(kNaId)});
  EXPECT_EQ(IaStatus(3), 3);
  EXPECT_TRUE(server_.delegated());
  now_ += seconds(kValid - 1);
  Receive(Dhcpv6Type::kRenew, {Client(), Server(), Pd(kPdId)});
  EXPECT_EQ(IaStatus(25), 3);
  EXPECT_TRUE(outcome_.delegation_released);
  Receive(Dhcpv6Type::kSolicit, {Client(kOtherClient), Na(kNaId)});
  EXPECT_FALSE(packet_.empty());
}

TEST_F(Dhcpv6ServerTest, InfiniteLifetimesStayInfinite) {
  settings_.valid_lifetime_seconds = settings_.preferred_lifetime_seconds = codec::kDhcpv6Infinite;
  BindBoth();
  EXPECT_EQ(reply_.ias[0].t1, codec::kDhcpv6Infinite);
  EXPECT_EQ(reply_.ias[0].t2, codec::kDhcpv6Infinite);
  EXPECT_EQ(reply_.ias[0].leases[0].valid_lifetime, codec::kDhcpv6Infinite);
  now_ += std::chrono::hours(24 * 36500);
  Receive(Dhcpv6Type::kRenew, {Client(), Server(), Na(kNaId)});
  EXPECT_EQ(reply_.ias.at(0).leases.size(), 1U);
}

TEST_F(Dhcpv6ServerTest, PreferredIsNeverLongerThanValid) {
  settings_.valid_lifetime_seconds = 100;
  BindBoth();
  EXPECT_EQ(reply_.ias[0].leases[0].preferred_lifetime, 100U);
  EXPECT_EQ(reply_.ias[0].t1, 50U);
  EXPECT_EQ(reply_.ias[0].t2, 80U);
}

// ---- Confirm

TEST_F(Dhcpv6ServerTest, ConfirmOfAddressesOfTheLink) {
  Receive(Dhcpv6Type::kConfirm, {Client(), Na(kNaId, {"2001:db8:1:2::2", "2001:db8:1:2::77"})});
  EXPECT_EQ(Status(), 0);
  EXPECT_TRUE(reply_.ias.empty());
  EXPECT_EQ(outcome_, Dhcpv6Outcome{});
}

TEST_F(Dhcpv6ServerTest, ConfirmOfAnyOtherAddressIsNotOnLink) {
  Receive(Dhcpv6Type::kConfirm, {Client(), Na(kNaId, {"2001:db8:1:2::2", "2001:db8:7::7"})});
  EXPECT_EQ(Status(), 4);
  link_.prefixes.clear();
  link_.addresses.clear();
  server_.Start(link_);
  Receive(Dhcpv6Type::kConfirm, {Client(), Na(kNaId, {"2001:db8:1:2::2"})});
  EXPECT_EQ(Status(), 4);
}

TEST_F(Dhcpv6ServerTest, ConfirmOfNothingIsNotAnswered) {
  Receive(Dhcpv6Type::kConfirm, {Client(), Na(kNaId)});
  ExpectNoAnswer();
  Receive(Dhcpv6Type::kConfirm, {Client(), Pd(kPdId, {"2001:db8:ff00::/56"})});
  ExpectNoAnswer();
}

// ---- Release, Decline

TEST_F(Dhcpv6ServerTest, D7ReleaseClearsTheBindingAndTheRoute) {
  BindBoth();
  Receive(Dhcpv6Type::kRelease, {Client(), Server(), Pd(kPdId, {"2001:db8:ff00::/56"})});
  EXPECT_EQ(reply_.type, Dhcpv6Type::kReply);
  EXPECT_EQ(Status(), 0);
  EXPECT_TRUE(reply_.ias.empty());
  EXPECT_TRUE(outcome_.delegation_released);
  EXPECT_FALSE(server_.delegated());
  // Again: there is none any more, and no route to remove.
  Receive(Dhcpv6Type::kRelease, {Client(), Server(), Pd(kPdId)});
  EXPECT_EQ(Status(), 0);
  EXPECT_EQ(IaStatus(25), 3);
  EXPECT_EQ(outcome_, Dhcpv6Outcome{});
  Request(Pd(kPdId));
  EXPECT_TRUE(outcome_.delegation_taken);
}

TEST_F(Dhcpv6ServerTest, ReleaseOfUnknownOnesChangesNothing) {
  BindBoth();
  Receive(Dhcpv6Type::kRelease, {Client(), Server(), Na(kPdId), Pd(kNaId), Ta(kNaId)});
  EXPECT_EQ(Status(), 0);
  EXPECT_EQ(IaStatus(3), 3);
  EXPECT_EQ(IaStatus(25), 3);
  EXPECT_EQ(IaStatus(4), 3);
  EXPECT_TRUE(server_.delegated());
}

TEST_F(Dhcpv6ServerTest, DeclineOfAnAddress) {
  BindBoth();
  Receive(Dhcpv6Type::kDecline, {Client(), Server(), Na(kNaId, {"2001:db8:1:2::2"}), Pd(kPdId)});
  EXPECT_EQ(Status(), 0);
  EXPECT_TRUE(server_.delegated());
  Receive(Dhcpv6Type::kRenew, {Client(), Server(), Na(kNaId)});
  EXPECT_EQ(IaStatus(3), 3);
}

// ---- Information-Request, options

TEST_F(Dhcpv6ServerTest, InformationRequestWithAndWithoutClientId) {
  for (const Bytes& client : {Client(), Bytes{}}) {
    Receive(Dhcpv6Type::kInformationRequest, {client, Opt(6, FromHex("0017"))});
    EXPECT_EQ(reply_.type, Dhcpv6Type::kReply);
    EXPECT_EQ(Options().count(1), client.empty() ? 0U : 1U);
    EXPECT_EQ(Options().at(23), FromHex("2001 0db8 0000 0000 0000 0000 0000 0053"));
  }
  // Also of somebody else than the client that is bound.
  BindBoth();
  Receive(Dhcpv6Type::kInformationRequest, {Client(kOtherClient), Server()});
  EXPECT_FALSE(packet_.empty());
}

TEST_F(Dhcpv6ServerTest, Rfc8415InformationRequestForAnotherServerOrWithAssociations) {
  Receive(Dhcpv6Type::kInformationRequest, {Server(kOtherClient)});
  ExpectNoAnswer();
  Receive(Dhcpv6Type::kInformationRequest, {Client(), Na(kNaId)});
  ExpectNoAnswer();
}

TEST_F(Dhcpv6ServerTest, OptionsComeOnlyWhenRequestedAndConfigured) {
  Receive(Dhcpv6Type::kSolicit, {Client(), Opt(6, FromHex("0017 0018 0040 0056"))});
  EXPECT_EQ(Options().count(23), 1U);
  EXPECT_EQ(Options().count(24), 0U);
  EXPECT_EQ(Options().count(64), 0U);
  settings_.domain_search = {"vpn.example", "example"};
  settings_.aftr_name = "aftr.example";
  link_.dns.clear();
  server_.Start(link_);
  Receive(Dhcpv6Type::kSolicit, {Client(), Opt(6, FromHex("0017 0018 0040"))});
  EXPECT_EQ(Options().count(23), 0U);
  EXPECT_EQ(Options().at(24), FromHex("03 76706e 07 6578616d706c65 00 07 6578616d706c65 00"));
  EXPECT_EQ(Options().at(64), FromHex("04 61667472 07 6578616d706c65 00"));
  Receive(Dhcpv6Type::kSolicit, {Client()});
  EXPECT_EQ(Options().count(24), 0U);
  EXPECT_EQ(Options().count(64), 0U);
}

TEST_F(Dhcpv6ServerTest, TheServersIdentifierIsConfigured) {
  settings_.server_id = {0, 1, 2, 3, 4, 5, 6, 7};
  Receive(Dhcpv6Type::kRequest, {Client(), Server(), Na(kNaId)});
  ExpectNoAnswer();
  Receive(Dhcpv6Type::kRequest,
          {Client(), Server(FromHex("0003 001b 0001 0203 0405 0607")), Bytes{}});
  EXPECT_EQ(Copy(reply_.server_id), FromHex("0003 001b 0001 0203 0405 0607"));
}

// ---- What is not answered

TEST_F(Dhcpv6ServerTest, MessagesOfServersAreDiscarded) {
  for (const Dhcpv6Type type :
       {Dhcpv6Type::kAdvertise, Dhcpv6Type::kReply, Dhcpv6Type::kReconfigure}) {
    Receive(type, {Client(), Server(), Na(kNaId)});
    ExpectNoAnswer();
  }
  Receive(static_cast<Dhcpv6Type>(12), {Client()});
  ExpectNoAnswer();
}

TEST_F(Dhcpv6ServerTest, OnlyFromTheLinkAndToUs) {
  const Bytes payload = Join({Octets({1, 0xaa, 0xbb, 0xcc}), Client(), Na(kNaId)});
  const auto send = [&](const char* source, const char* destination, codec::UdpPorts ports) {
    ReceivePacket(codec::EncodeUdpPacket({Address(source), Address(destination)}, ports, payload));
  };
  send("2001:db8:1:2::2", "ff02::1:2", {.source = 546, .destination = 547});
  ExpectNoAnswer();
  send("::", "ff02::1:2", {.source = 546, .destination = 547});
  ExpectNoAnswer();
  send("fe80::2", "2001:db8::1", {.source = 546, .destination = 547});
  ExpectNoAnswer();
  send("fe80::2", "ff02::1:2", {.source = 546, .destination = 548});
  ExpectNoAnswer();
  // Any port of the client is fine; it listens on 546.
  send("fe80::2", "fe80::1", {.source = 40000, .destination = 547});
  EXPECT_FALSE(packet_.empty());
}

TEST_F(Dhcpv6ServerTest, MalformedOnesAreCounted) {
  const Bytes good = codec::EncodeUdpPacket(
      {Address("fe80::2"), Address("ff02::1:2")}, {.source = 546, .destination = 547},
      Join({Octets({1, 0xaa, 0xbb, 0xcc}), Client(), Na(kNaId)}));
  Bytes bad = good;
  bad.back() ^= 1;
  ReceivePacket(bad);
  ExpectNoAnswer(Counter::kDhcpv6Malformed);
  ReceivePacket(Bytes(good.begin(), good.end() - 1));
  ExpectNoAnswer(Counter::kDhcpv6Malformed);
  Receive(Dhcpv6Type::kSolicit, {Client(), FromHex("0003 00ff 00")});
  ExpectNoAnswer(Counter::kDhcpv6Malformed);
}

TEST_F(Dhcpv6ServerTest, EveryTruncationOfTheMessageIsSurvived) {
  const Bytes whole =
      Join({Octets({1, 0xaa, 0xbb, 0xcc}), Client(), Na(kNaId, {"2001:db8:1:2::2"}), Pd(kPdId)});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ReceivePacket(codec::EncodeUdpPacket({Address("fe80::2"), Address("ff02::1:2")},
                                         {.source = 546, .destination = 547},
                                         ByteView(whole).first(size)));
    EXPECT_FALSE(server_.delegated());
  }
}

TEST_F(Dhcpv6ServerTest, AnyOctetOfAMessageMayBeAnything) {
  Bytes payload =
      Join({Octets({3, 0xaa, 0xbb, 0xcc}), Client(), Server(), Opt(6, FromHex("0017 0018")),
            Na(kNaId, {"2001:db8:1:2::2"}), Pd(kPdId, {"2001:db8:ff00::/56"})});
  for (std::uint8_t& octet : payload) {
    const std::uint8_t right = octet;
    for (int value = 0; value < 256; ++value) {
      octet = static_cast<std::uint8_t>(value);
      Dhcpv6Server server(settings_);
      server.Start(link_);
      const Dhcpv6Outcome outcome =
          server.Receive(codec::EncodeUdpPacket({Address("fe80::2"), Address("ff02::1:2")},
                                                {.source = 546, .destination = 547}, payload),
                         now_, out_);
      EXPECT_EQ(outcome.delegation_taken, server.delegated());
      EXPECT_FALSE(outcome.delegation_released);
      EXPECT_FALSE(out_.Take().empty());
    }
    octet = right;
  }
}

TEST_F(Dhcpv6ServerTest, BeforeStartNothingIsSaid) {
  Dhcpv6Server server(settings_);
  EXPECT_EQ(server.Receive(Bytes(48), now_, out_), Dhcpv6Outcome{});
  EXPECT_EQ(server.Update(link_), Dhcpv6Outcome{});
  EXPECT_TRUE(out_.Take().empty());
}

TEST_F(Dhcpv6ServerTest, AnUpdateToNothingReleases) {
  BindBoth();
  link_.delegated.clear();
  EXPECT_EQ(server_.Update(link_),
            (Dhcpv6Outcome{.delegation_taken = false, .delegation_released = true}));
  EXPECT_FALSE(server_.delegated());
  Receive(Dhcpv6Type::kRenew, {Client(), Server(), Na(kNaId), Pd(kPdId)});
  EXPECT_EQ(reply_.ias.at(0), GivenNa());
  EXPECT_EQ(IaStatus(25), 3);
}

}  // namespace
}  // namespace sstpgw::fsm
