// The DHCPv6 client against a server whose messages the test writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "tests/client/dhcpv6_client.h"
#include "tests/client/wire.h"

namespace sstpgw::client {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

class FixedEntropy final : public Entropy {
 public:
  void Fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& octet : out) octet = ++next_;
  }

 private:
  std::uint8_t next_ = 0x10;
};

class Dhcpv6ClientTest : public testing::Test {
 protected:
  void Begin() {
    client_.emplace(options_, InterfaceId{0, 0, 0, 0, 0, 0, 0, 2}, entropy_,
                    Dhcpv6Client::Events{
                        [this](const Bytes& message) { sent_.push_back(*ParseDhcpv6(message)); },
                        [this](const std::string& line) { lines_.push_back(line); },
                        [this](const std::vector<Association>& bound) { bound_ = bound; }});
    client_->Start(now_);
  }
  // An answer to the client's last message.
  Dhcpv6Message Answer(Dhcpv6Type type, const std::vector<Dhcpv6Option>& more = {}) {
    Dhcpv6Message message{type, sent_.back().transaction, {{kOptionServerId, server_}}};
    if (const Bytes* id = sent_.back().Find(kOptionClientId)) {
      message.options.push_back({kOptionClientId, *id});
    }
    message.options.insert(message.options.end(), more.begin(), more.end());
    return message;
  }
  void Give(const Dhcpv6Message& message) { client_->Receive(Encode(message), now_); }
  static std::vector<Dhcpv6Option> Leases() {
    Association address{false, 1, 302400, 483840, {}, {}};
    address.leases.push_back({*Ipv6Prefix::Parse("2001:db8::2/128"), 604800, 2592000, {}});
    Association prefix{true, 1, 302400, 483840, {}, {}};
    prefix.leases.push_back({*Ipv6Prefix::Parse("2001:db8:1100::/56"), 604800, 2592000, {}});
    return {EncodeAssociation(address), EncodeAssociation(prefix)};
  }
  void Bind() {
    options_.address = options_.prefix = true;
    Begin();
    Give(Answer(Dhcpv6Type::kAdvertise, Leases()));
    Give(Answer(Dhcpv6Type::kReply, Leases()));
    ASSERT_EQ(bound_.size(), 2u);
  }

  Dhcpv6Options options_;
  FixedEntropy entropy_;
  TimePoint now_{};
  Bytes server_ = FromHex("0003001b0000000000000001");
  std::optional<Dhcpv6Client> client_;
  std::vector<Dhcpv6Message> sent_;
  std::vector<std::string> lines_;
  std::vector<Association> bound_;
};

TEST_F(Dhcpv6ClientTest, SolicitOctetByOctet) {
  options_.address = options_.prefix = options_.rapid_commit = true;
  Begin();
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_EQ(Encode(sent_[0]),
            FromHex("01 111213 0001 000c 0003001b0000000000000002"
                    "0003 000c 00000001 00000000 00000000 0019 000c 00000001 00000000 00000000"
                    "000e 0000 0006 0006 0017 0018 0040 0008 0002 0000"));
}

TEST_F(Dhcpv6ClientTest, FourMessagesGiveAddressAndPrefix) {
  Bind();
  ASSERT_EQ(sent_.size(), 2u);
  EXPECT_EQ(sent_[1].type, Dhcpv6Type::kRequest);
  EXPECT_EQ(*sent_[1].Find(kOptionServerId), server_);
  EXPECT_NE(sent_[1].transaction, sent_[0].transaction);
  EXPECT_EQ(lines_.at(1),
            "reply to request na 1 t1 302400 t2 483840 address 2001:db8::2 preferred 604800 valid "
            "2592000 pd 1 t1 302400 t2 483840 prefix 2001:db8:1100::/56 preferred 604800 valid "
            "2592000");
  EXPECT_FALSE(client_->Deadline());
}

TEST_F(Dhcpv6ClientTest, RapidCommitNeedsTwo) {
  options_.address = options_.rapid_commit = true;
  Begin();
  std::vector<Dhcpv6Option> more = Leases();
  more.push_back({kOptionRapidCommit, {}});
  more.push_back({kOptionPreference, {255}});
  more.push_back({kOptionDns, FromHex("20010db8000000000000000000000053")});
  more.push_back({kOptionSearch, FromHex("076578616d706c6503636f6d00")});
  Give(Answer(Dhcpv6Type::kReply, more));
  EXPECT_EQ(bound_.size(), 2u);
  EXPECT_THAT(lines_.at(0), HasSubstr("dns 2001:db8::53 search example.com preference 255 "
                                      "rapid-commit"));
}

TEST_F(Dhcpv6ClientTest, CommandsNameWhatTheyHave) {
  Bind();
  for (const auto& [name, type, with_server] :
       {std::tuple("renew", Dhcpv6Type::kRenew, true),
        std::tuple("rebind", Dhcpv6Type::kRebind, false),
        std::tuple("confirm", Dhcpv6Type::kConfirm, false)}) {
    ASSERT_TRUE(client_->Command(name, now_));
    EXPECT_EQ(sent_.back().type, type);
    EXPECT_EQ(sent_.back().Find(kOptionServerId) != nullptr, with_server) << name;
    const auto answer = Interpret(sent_.back());
    ASSERT_FALSE(answer->associations.empty());
    EXPECT_EQ(answer->associations[0].leases.at(0).prefix.ToString(), "2001:db8::2/128");
    EXPECT_EQ(answer->associations.size(), type == Dhcpv6Type::kConfirm ? 1u : 2u);
  }
  ASSERT_TRUE(client_->Command("information-request", now_));
  EXPECT_EQ(sent_.back().Find(kOptionIaNa), nullptr);
  Give(Answer(Dhcpv6Type::kReply));
  EXPECT_EQ(bound_.size(), 2u) << "still ours";
  ASSERT_TRUE(client_->Command("release", now_));
  Give(Answer(Dhcpv6Type::kReply, {{kOptionStatus, {0, 0}}}));
  EXPECT_EQ(lines_.back(), "reply to release status 0");
  EXPECT_TRUE(bound_.empty());
  EXPECT_FALSE(client_->Command("relax", now_));
}

TEST_F(Dhcpv6ClientTest, WhatIsNoAnswerIsNamedAndIgnored) {
  options_.address = true;
  Begin();
  Dhcpv6Message wrong = Answer(Dhcpv6Type::kAdvertise, Leases());
  wrong.transaction ^= 1;
  Give(wrong);
  wrong = Answer(Dhcpv6Type::kAdvertise, Leases());
  wrong.options[1].value.back() ^= 1;
  Give(wrong);
  wrong = Answer(Dhcpv6Type::kAdvertise, Leases());
  wrong.options.erase(wrong.options.begin());
  Give(wrong);
  Give(Answer(Dhcpv6Type::kReply, Leases()));
  Give(Answer(Dhcpv6Type::kRenew));
  Bytes cut = Encode(Answer(Dhcpv6Type::kAdvertise, Leases()));
  cut.pop_back();
  client_->Receive(cut, now_);
  EXPECT_THAT(lines_, testing::ElementsAre("wrong reply to solicit: another transaction",
                                           "wrong reply to solicit: another client",
                                           "wrong reply to solicit: no server identifier",
                                           "wrong reply to solicit: a reply without rapid commit",
                                           "wrong reply to solicit: renew",
                                           "wrong reply to solicit: malformed"));
  EXPECT_EQ(sent_.size(), 1u);
}

TEST_F(Dhcpv6ClientTest, RepeatsWithTheSameTransactionAndGivesUp) {
  options_.prefix = true;
  options_.max_transmissions = 3;
  Begin();
  while (client_->Deadline()) {
    now_ = *client_->Deadline();
    client_->Tick(now_);
  }
  ASSERT_EQ(sent_.size(), 3u);
  EXPECT_EQ(sent_[2].transaction, sent_[0].transaction);
  EXPECT_EQ(now_, TimePoint{} + seconds(1 + 2 + 4));
  EXPECT_EQ(*sent_[2].Find(kOptionElapsed), Be16(300));
  EXPECT_EQ(lines_.back(), "no answer to solicit");
}

TEST_F(Dhcpv6ClientTest, Deviations) {
  options_.foreign_address = Ipv6Address::Parse("2001:db8:ffff::1");
  options_.second_association = options_.wrong_server_id = true;
  Bind();
  const auto asked = Interpret(sent_[0]);
  ASSERT_EQ(asked->associations.size(), 4u);
  EXPECT_EQ(asked->associations[0].leases.at(0).prefix.address.ToString(), "2001:db8:ffff::1");
  EXPECT_EQ(asked->associations[1].iaid, 2u);
  EXPECT_NE(*sent_[1].Find(kOptionServerId), server_);
}

TEST_F(Dhcpv6ClientTest, StatusOfWhatIsRefused) {
  options_.address = true;
  Begin();
  Dhcpv6Option refused = EncodeAssociation({false, 1, 0, 0, {}, {}});
  const Bytes status = EncodeDhcpv6Options({{kOptionStatus, Concat({Be16(2), ToBytes("none")})}});
  refused.value.insert(refused.value.end(), status.begin(), status.end());
  Give(Answer(Dhcpv6Type::kAdvertise, {refused}));
  EXPECT_EQ(lines_.back(), "advertise to solicit na 1 t1 0 t2 0 status 2");
  EXPECT_EQ(sent_.size(), 1u) << "there is nothing to request";
}

}  // namespace
}  // namespace sstpgw::client
