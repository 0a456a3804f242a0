#include "tests/client/ipv6_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/wire.h"

namespace sstpgw::client {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::StartsWith;

class ZeroEntropy final : public Entropy {
 public:
  void Fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), 0); }
};

class Ipv6HostTest : public testing::Test {
 protected:
  void Begin() {
    Ipv6Host::Events events;
    events.send = [this](const Bytes& packet) { sent_.push_back(*ParseIpv6(packet)); };
    events.say = [this](const std::string& line) { lines_.push_back(line); };
    events.address = [this](const Ipv6Prefix& address, bool present) {
      kernel_.push_back((present ? "+" : "-") + address.ToString());
    };
    events.default_route = [this](bool present) { route_ = present; };
    events.mtu = [this](std::uint32_t mtu) { mtu_ = mtu; };
    host_.emplace(options_, InterfaceId{0, 0, 0, 0, 0, 0, 0, 2}, entropy_, std::move(events));
    host_->Start(now_);
  }
  // One prefix of 64 with these flags and this valid lifetime.
  bool Advertise(const char* lifetime, const char* flags, const char* valid) {
    Ipv6Packet ip;
    ip.source = *Ipv6Address::Parse("fe80::1");
    ip.destination = host_->link_local();
    ip.hop_limit = 255;
    return host_->Receive(
        MakeIcmp6(ip, 134,
                  Concat({FromHex("40 00"), FromHex(lifetime), Bytes(8, 0),
                          FromHex("0501 0000 00000514 0304 40"), FromHex(flags), FromHex(valid),
                          FromHex("00000000 00000000 20010db8000100000000000000000000")})),
        now_);
  }

  Ipv6HostOptions options_;
  ZeroEntropy entropy_;
  TimePoint now_{};
  std::optional<Ipv6Host> host_;
  std::vector<Ipv6Packet> sent_;
  std::vector<std::string> lines_;
  std::vector<std::string> kernel_;
  std::optional<bool> route_;
  std::uint32_t mtu_ = 0;
};

TEST_F(Ipv6HostTest, SolicitsUntilARouterIsHeard) {
  Begin();
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_EQ(sent_[0].payload[0], 133);
  now_ = *host_->Deadline();
  host_->Tick(now_);
  EXPECT_EQ(sent_.size(), 2u);
  EXPECT_TRUE(Advertise("0708", "c0", "00278d00"));
  EXPECT_FALSE(host_->Deadline());
  EXPECT_EQ(host_->advertisements(), 1u);
  EXPECT_TRUE(host_->Command("solicit-router", now_));
  EXPECT_EQ(sent_.size(), 3u);
}

TEST_F(Ipv6HostTest, MakesAndLosesItsAddress) {
  Begin();
  Advertise("0708", "c0", "00278d00");
  Advertise("0708", "c0", "00278d00");
  EXPECT_THAT(kernel_, ElementsAre("+2001:db8:1::2/64"));
  EXPECT_THAT(lines_, Contains("address6: 2001:db8:1::2/64").Times(1));
  EXPECT_THAT(lines_, Contains(StartsWith("ra: from fe80::1")).Times(2));
  EXPECT_EQ(route_, true);
  EXPECT_EQ(mtu_, 1300u);
  Advertise("0000", "c0", "00000000");
  EXPECT_THAT(kernel_, ElementsAre("+2001:db8:1::2/64", "-2001:db8:1::2/64"));
  EXPECT_EQ(route_, false);
}

TEST_F(Ipv6HostTest, APrefixThatIsNotAutonomousMakesNoAddress) {
  Begin();
  Advertise("0708", "80", "00278d00");
  EXPECT_TRUE(kernel_.empty());
}

TEST_F(Ipv6HostTest, WrongAdvertisementsAreTold) {
  Begin();
  Ipv6Packet ip;
  ip.source = *Ipv6Address::Parse("fe80::1");
  ip.destination = AllNodes();
  EXPECT_TRUE(host_->Receive(MakeIcmp6(ip, 134, Bytes(12, 0)), now_));
  EXPECT_THAT(lines_, ElementsAre("ra-wrong: from fe80::1"));
  EXPECT_FALSE(host_->Receive(MakeIcmp6(ip, 129, Bytes(12, 0)), now_)) << "for somebody else";
}

TEST_F(Ipv6HostTest, DhcpGivesAndTakesAway) {
  options_.dhcpv6.address = options_.dhcpv6.prefix = options_.dhcpv6.rapid_commit = true;
  Begin();
  ASSERT_EQ(sent_.size(), 2u);
  EXPECT_EQ(sent_[1].destination.ToString(), "ff02::1:2");
  EXPECT_EQ(ParseUdp6(sent_[1])->destination_port, 547);
  const auto answer = [&](const std::vector<Dhcpv6Option>& more) {
    const auto asked = ParseDhcpv6(ParseUdp6(sent_.back())->payload);
    Dhcpv6Message reply{Dhcpv6Type::kReply,
                        asked->transaction,
                        {{kOptionServerId, {1, 2}},
                         {kOptionClientId, *asked->Find(kOptionClientId)},
                         {kOptionRapidCommit, {}}}};
    reply.options.insert(reply.options.end(), more.begin(), more.end());
    Ipv6Packet ip;
    ip.source = *Ipv6Address::Parse("fe80::1");
    ip.destination = host_->link_local();
    EXPECT_TRUE(host_->Receive(MakeUdp6(ip, 547, 546, Encode(reply)), now_));
  };
  Association address{false, 1, 0, 0, {}, {}};
  address.leases.push_back({*Ipv6Prefix::Parse("2001:db8::9/128"), 10, 20, {}});
  Association prefix{true, 1, 0, 0, {}, {}};
  prefix.leases.push_back({*Ipv6Prefix::Parse("2001:db8:1100::/56"), 10, 20, {}});
  answer({EncodeAssociation(address), EncodeAssociation(prefix)});
  EXPECT_THAT(kernel_, ElementsAre("+2001:db8::9/128"));
  EXPECT_THAT(lines_, Contains("prefix6: 2001:db8:1100::/56"));
  EXPECT_EQ(host_->delegated().size(), 1u);
  EXPECT_TRUE(host_->Command("release", now_));
  answer({});
  EXPECT_THAT(kernel_, ElementsAre("+2001:db8::9/128", "-2001:db8::9/128"));
  EXPECT_THAT(lines_, Contains("prefix6-gone: 2001:db8:1100::/56"));
}

}  // namespace
}  // namespace sstpgw::client
