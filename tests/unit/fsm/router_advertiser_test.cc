// Router Advertisements over time (RFC 4861 6.2; features 4.3).
#include "gateway/fsm/router_advertiser.h"

#include <gtest/gtest.h>

#include "gateway/codec/ipv6_packet.h"
#include "tests/support/hex.h"
#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Ipv6Address Address(const char* text) { return Ipv6Address::Parse(text).value(); }
Ipv6Prefix Prefix(const char* text) { return Ipv6Prefix::Parse(text).value(); }

class RouterAdvertiserTest : public testing::Test {
 protected:
  RouterAdvertiserTest() {
    link_.our_id = {0, 0, 0, 0, 0, 0, 0, 1};
    link_.prefixes = {Prefix("2001:db8:1:2::/64")};
    link_.dns = {Address("2001:db8::53"), Address("2001:db8::54")};
    link_.dhcpv6 = true;
    link_.mtu = 1400;
    settings_.dnssl = {"vpn.example"};
  }
  void Start() {
    advertiser_.Start(link_, out_);
    Collect();
  }
  void Expire() {
    ASSERT_TRUE(out_.TakeExpiry(TimerId::kRouterAdvertisement));
    advertiser_.TimerExpired(out_);
    Collect();
  }
  void Solicit(const char* source = "fe80::2", milliseconds at = {}) {
    advertiser_.Receive(codec::EncodeIcmpv6Packet({Address(source), codec::AllRouters()},
                                                  Bytes{133, 0, 0, 0, 0, 0, 0, 0}),
                        TimePoint{} + seconds(1000) + at, out_);
    Collect();
  }
  void Collect() {
    sent_.clear();
    for (Action& action : out_.Take()) {
      if (auto* send = std::get_if<SendIpv6Packet>(&action)) {
        sent_.push_back(send->packet);
      } else if (auto* timer = std::get_if<StartTimer>(&action)) {
        EXPECT_EQ(timer->timer, TimerId::kRouterAdvertisement);
        after_ = timer->after;
      } else if (auto* count = std::get_if<CountEvent>(&action)) {
        ++counted_[count->counter];
      }
    }
    EXPECT_TRUE(advertiser_.IsConsistent(out_));
  }
  [[nodiscard]] Ipv6Address DestinationOf(std::size_t index) const {
    return codec::ParseIpv6Packet(sent_.at(index)).value().ends.destination;
  }
  // The octets behind IPv6 and RA header: options.
  [[nodiscard]] Bytes Options() const { return Bytes(sent_.at(0).begin() + 56, sent_.at(0).end()); }
  [[nodiscard]] int RouterLifetime() const { return sent_.at(0).at(46) * 256 + sent_.at(0).at(47); }
  [[nodiscard]] int Flags() const { return sent_.at(0).at(45); }

  RouterAdvertisementSettings settings_;
  AdvertisedLink link_;
  ScriptedEntropy entropy_;
  Outbox out_;
  RouterAdvertiser advertiser_{settings_, entropy_};
  std::vector<Bytes> sent_;
  Duration after_{};
  std::map<Counter, int> counted_;
};

TEST_F(RouterAdvertiserTest, D5GoldenFirstOneAtOnce) {
  Start();
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(sent_[0], test::FromHex("6000 0000 0078 3aff fe80 0000 0000 0000 0000 0000 0000 0001"
                                    "ff02 0000 0000 0000 0000 0000 0000 0001"
                                    "8600 8a02 40c0 0708 0000 0000 0000 0000"
                                    "0501 0000 0000 0578"
                                    "0304 40c0 0027 8d00 0009 3a80 0000 0000"
                                    "2001 0db8 0001 0002 0000 0000 0000 0000"
                                    "1905 0000 0000 0258 2001 0db8 0000 0000"
                                    "0000 0000 0000 0053 2001 0db8 0000 0000 0000 0000 0000 0054"
                                    "1f03 0000 0000 0258 0376 706e 0765 7861 6d70 6c65 0000 0000"));
}

TEST_F(RouterAdvertiserTest, FiveInShortOrderThenNowAndAgain) {
  Start();
  for (int i = 1; i < 5; ++i) {
    EXPECT_EQ(after_, seconds(3)) << i;
    Expire();
    EXPECT_EQ(sent_.size(), 1U);
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_GE(after_, seconds(198));
    EXPECT_LE(after_, seconds(600));
    const Duration before = after_;
    Expire();
    EXPECT_EQ(sent_.size(), 1U);
    EXPECT_NE(after_, before);
  }
}

TEST_F(RouterAdvertiserTest, TheConfiguredNumbersRule) {
  settings_.initial_count = 2;
  settings_.initial_interval = seconds(9);
  settings_.min_interval = settings_.max_interval = seconds(30);
  Start();
  EXPECT_EQ(after_, seconds(9));
  Expire();
  EXPECT_EQ(after_, seconds(30));
  // Nonsense does not make it busy.
  settings_.min_interval = settings_.max_interval = seconds(0);
  Expire();
  EXPECT_EQ(after_, seconds(1));
  settings_.min_interval = seconds(40);
  Expire();
  EXPECT_EQ(after_, seconds(40));
  settings_.initial_count = 0;
  Start();
  EXPECT_EQ(after_, seconds(40));
}

TEST_F(RouterAdvertiserTest, ASolicitationIsAnsweredToItsSender) {
  Start();
  Solicit();
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(DestinationOf(0), Address("fe80::2"));
  EXPECT_EQ(RouterLifetime(), 1800);
  EXPECT_EQ(counted_[Counter::kNdAnswered], 1);
  Solicit("::");
  EXPECT_EQ(DestinationOf(0), Address("ff02::1"));
}

TEST_F(RouterAdvertiserTest, SolicitationsAreAnsweredUpToARate) {
  Start();
  int answered = 0;
  for (int i = 0; i < 1000; ++i) {
    Solicit("fe80::2", milliseconds(i));
    answered += static_cast<int>(sent_.size());
  }
  EXPECT_EQ(answered, 5);
  for (int i = 1; i <= 60; ++i) {
    Solicit("fe80::2", seconds(i) + milliseconds(1));
    answered += static_cast<int>(sent_.size());
  }
  EXPECT_EQ(answered, 5 + 60);
}

TEST_F(RouterAdvertiserTest, MalformedOnesAreCounted) {
  Start();
  for (const Bytes& bad :
       {Bytes{}, Bytes(40, 0x60),
        codec::EncodeIcmpv6Packet({Address("fe80::2"), codec::AllRouters()},
                                  Bytes{133, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}),
        codec::EncodeIcmpv6Packet({Address("2001:db8::2"), codec::AllRouters()},
                                  Bytes{133, 0, 0, 0, 0, 0, 0, 0})}) {
    advertiser_.Receive(bad, TimePoint{}, out_);
    Collect();
    EXPECT_TRUE(sent_.empty());
  }
  EXPECT_EQ(counted_[Counter::kNdMalformed], 4);
}

TEST_F(RouterAdvertiserTest, BeforeStartAndAfterStopNothingIsSaid) {
  Solicit();
  advertiser_.TimerExpired(out_);
  advertiser_.Update(link_, out_);
  advertiser_.Stop(out_);
  Collect();
  EXPECT_TRUE(sent_.empty());
  Start();
  advertiser_.Stop(out_);
  Collect();
  ASSERT_EQ(sent_.size(), 1U);
  Solicit();
  EXPECT_TRUE(sent_.empty());
}

TEST_F(RouterAdvertiserTest, TheLastOneHasLifetimesOfZero) {
  Start();
  advertiser_.Stop(out_);
  Collect();
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(DestinationOf(0), Address("ff02::1"));
  EXPECT_EQ(RouterLifetime(), 0);
  const Bytes options = Options();
  EXPECT_EQ(Bytes(options.begin() + 12, options.begin() + 20), Bytes(8));  // prefix
  EXPECT_EQ(Bytes(options.begin() + 44, options.begin() + 48), Bytes(4));  // RDNSS
}

TEST_F(RouterAdvertiserTest, D7WithADelegatedPrefixAloneTheFlagsStay) {
  link_.prefixes.clear();
  link_.dns.clear();
  settings_.dnssl.clear();
  Start();
  EXPECT_EQ(Flags(), 0xc0);
  EXPECT_EQ(Options(), test::FromHex("0501 0000 0000 0578"));
  settings_.managed = false;
  Start();
  EXPECT_EQ(Flags(), 0x40);
  settings_.other_config = false;
  Start();
  EXPECT_EQ(Flags(), 0);
}

TEST_F(RouterAdvertiserTest, WithoutDhcpv6ThereAreNoFlags) {
  link_.dhcpv6 = false;
  Start();
  EXPECT_EQ(Flags(), 0);
}

TEST_F(RouterAdvertiserTest, D6OneAddressIsAnnouncedAs64WithoutAutonomy) {
  link_.prefixes = {Prefix("2001:db8::77/128"), Prefix("2001:db8::78/128")};
  Start();
  const Bytes options = Options();
  // One option of the two.
  EXPECT_EQ(Bytes(options.begin() + 8, options.begin() + 12), (Bytes{3, 4, 64, 0x80}));
  EXPECT_EQ(Bytes(options.begin() + 24, options.begin() + 40),
            test::FromHex("2001 0db8 0000 0000 0000 0000 0000 0000"));
  EXPECT_EQ(options[40], 25);
}

TEST_F(RouterAdvertiserTest, OtherLengthsAreNotAutonomous) {
  link_.prefixes = {Prefix("2001:db8::/56"), Prefix("2001:db8:1::/80")};
  Start();
  const Bytes options = Options();
  EXPECT_EQ(Bytes(options.begin() + 8, options.begin() + 12), (Bytes{3, 4, 56, 0x80}));
  EXPECT_EQ(Bytes(options.begin() + 40, options.begin() + 44), (Bytes{3, 4, 80, 0x80}));
}

TEST_F(RouterAdvertiserTest, SettingsOfThePrefixAndTheHeader) {
  settings_.on_link = false;
  settings_.autonomous = false;
  settings_.valid_lifetime_seconds = 100;
  settings_.preferred_lifetime_seconds = 200;  // more than valid
  settings_.cur_hop_limit = 7;
  settings_.default_lifetime = seconds(100'000);
  settings_.reachable_time_ms = 0x01020304;
  settings_.retrans_timer_ms = 0x05060708;
  settings_.link_mtu = 1300;
  Start();
  EXPECT_EQ(Bytes(sent_[0].begin() + 44, sent_[0].begin() + 56),
            test::FromHex("07 c0 ffff 01020304 05060708"));
  const Bytes options = Options();
  EXPECT_EQ(Bytes(options.begin(), options.begin() + 20),
            test::FromHex("0501 0000 0000 0514 0304 4000 0000 0064 0000 0064"));
}

TEST_F(RouterAdvertiserTest, AnMtuBelowIpv6sMinimumIsNotSaid) {
  link_.mtu = 1279;
  Start();
  EXPECT_EQ(Options()[0], 3);
}

TEST_F(RouterAdvertiserTest, AChangeIsAnnouncedAtOnceAndWhatIsGoneWithdrawn) {
  Start();
  for (int i = 0; i < 8; ++i) Expire();
  advertiser_.Update(link_, out_);
  Collect();
  EXPECT_TRUE(sent_.empty());
  link_.prefixes = {Prefix("2001:db8:5:6::/64")};
  advertiser_.Update(link_, out_);
  Collect();
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(sent_.size(), 1U);
    const Bytes options = Options();
    EXPECT_EQ(Bytes(options.begin() + 8, options.begin() + 72),
              test::FromHex("0304 40c0 0027 8d00 0009 3a80 0000 0000"
                            "2001 0db8 0005 0006 0000 0000 0000 0000"
                            "0304 40c0 0000 0000 0000 0000 0000 0000"
                            "2001 0db8 0001 0002 0000 0000 0000 0000"));
    EXPECT_EQ(after_ == seconds(3), i < 4);
    Expire();
  }
  EXPECT_EQ(Options()[40], 25);
}

TEST_F(RouterAdvertiserTest, APrefixThatComesBackIsNotWithdrawn) {
  Start();
  const AdvertisedLink first = link_;
  link_.prefixes = {Prefix("2001:db8:5:6::/64")};
  advertiser_.Update(link_, out_);
  advertiser_.Update(first, out_);
  Collect();
  ASSERT_EQ(sent_.size(), 2U);
  const Bytes options(sent_[1].begin() + 56, sent_[1].end());
  EXPECT_EQ(Bytes(options.begin() + 12, options.begin() + 16), test::FromHex("0027 8d00"));
  EXPECT_EQ(Bytes(options.begin() + 24, options.begin() + 32), test::FromHex("20010db8 00010002"));
  EXPECT_EQ(Bytes(options.begin() + 44, options.begin() + 48), Bytes(4));
  EXPECT_EQ(Bytes(options.begin() + 56, options.begin() + 64), test::FromHex("20010db8 00050006"));
}

}  // namespace
}  // namespace sstpgw::fsm
