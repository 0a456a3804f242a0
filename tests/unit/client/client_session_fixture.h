// A client machine and a server whose packets the test writes.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/client/client_crypto.h"
#include "tests/client/client_session.h"

namespace sstpgw::client {

class CountingEntropy final : public Entropy {
 public:
  void Fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& octet : out) octet = ++next_;
  }

 private:
  std::uint8_t next_ = 0;
};

class ClientSessionTest : public testing::Test {
 protected:
  void Begin() {
    session_.emplace(options_, certificate_, entropy_, now_);
    request_ = Text(session_->TakeOutput());
  }
  static std::string Text(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

  // Feeds octets and returns the packets the client sent because of them.
  std::vector<SstpPacket> Feed(const Bytes& bytes) {
    session_->Receive(bytes, now_);
    return Sent();
  }
  std::vector<SstpPacket> Sent() {
    SstpSplitter splitter;
    splitter.Append(session_->TakeOutput());
    std::vector<SstpPacket> packets;
    while (auto packet = splitter.Next()) packets.push_back(*packet);
    return packets;
  }
  std::vector<SstpPacket> FeedPpp(std::uint16_t protocol, const PppControl& packet) {
    return Feed(SstpPpp(protocol, packet));
  }
  static PppControl Ppp(const SstpPacket& packet) {
    return ParsePppControl(packet.frame()->information).value();
  }

  void ReachLcp() {
    Begin();
    auto sent = Feed(ToBytes("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n"));
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].raw, CallConnectRequest());
    sent = Feed(SstpControl(kCallConnectAck,
                            {{kCryptoBindingRequest, Concat({Bytes{0, 0, 0, 3}, nonce_})}}));
    ASSERT_EQ(sent.size(), 1u);
    lcp_request_ = Ppp(sent[0]);
    EXPECT_EQ(session_->phase(), Phase::kLink);
  }
  // LCP with PAP; returns what the client sends once LCP is open.
  std::vector<SstpPacket> OpenLcp(const Bytes& auth_value) {
    FeedPpp(kLcp, {kConfAck, lcp_request_.id, lcp_request_.data});
    auto sent = FeedPpp(
        kLcp,
        {kConfReq, 56, EncodeOptions({{3, auth_value}, {1, Be16(1452)}, {5, Be32(0x1cd9ad05)}})});
    EXPECT_GE(sent.size(), 1u);
    EXPECT_EQ(Ppp(sent[0]).code, kConfAck);
    sent.erase(sent.begin());
    return sent;
  }
  // LCP and PAP; returns what the client sends once it is authenticated.
  std::vector<SstpPacket> Authenticate() {
    options_.user = options_.password = "test";
    ReachLcp();
    OpenLcp({0xc0, 0x23});
    return FeedPpp(kPap, {2, 3, Concat({Bytes{2}, ToBytes("OK")})});
  }
  void ReachUp() {
    auto sent = Authenticate();
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_EQ(sent[0].message_type(), kCallConnected);
    EXPECT_EQ(sent[0].raw, CallConnected(BindingHash::kSha256, nonce_, certificate_, Hlak{}));
    const PppControl ask = Ppp(sent[1]);
    FeedPpp(kIpcp, {kConfReq, 25, EncodeOptions({{3, {10, 0, 0, 1}}})});
    sent = FeedPpp(kIpcp, {kConfNak, ask.id,
                           EncodeOptions({{3, {10, 0, 0, 5}},
                                          {129, {9, 9, 9, 9}},
                                          {131, {8, 8, 8, 8}},
                                          {130, {7, 7, 7, 7}},
                                          {132, {6, 6, 6, 6}}})});
    ASSERT_EQ(sent.size(), 1u);
    FeedPpp(kIpcp, {kConfAck, Ppp(sent[0]).id, Ppp(sent[0]).data});
    ASSERT_EQ(session_->phase(), Phase::kUp);
  }

  ClientOptions options_;
  CountingEntropy entropy_;
  Bytes certificate_ = ToBytes("certificate");
  Bytes nonce_ = Bytes(32, 0x77);
  TimePoint now_{};
  std::optional<ClientSession> session_;
  std::string request_;
  PppControl lcp_request_;
};

}  // namespace sstpgw::client
