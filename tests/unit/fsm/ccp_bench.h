// One Ccp with its peer's packets by hand, and what it did with each.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/codec/ccp_options.h"
#include "gateway/fsm/ccp.h"
#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {

// Option 18 with the bits by their letters: "HS" is +H +S.
[[nodiscard]] inline Bytes Mppe(const std::string& letters) {
  std::uint32_t bits = 0;
  for (const char letter : letters) {
    bits |= letter == 'H'   ? codec::kMppeStateless
            : letter == 'M' ? codec::kMppe56Bit
            : letter == 'S' ? codec::kMppe128Bit
            : letter == 'L' ? codec::kMppe40Bit
            : letter == 'D' ? codec::kMppeObsolete
                            : codec::kMppeCompression;
  }
  Bytes out;
  codec::AppendMppe(out, bits);
  return out;
}

[[nodiscard]] inline Bytes Key(std::uint8_t first, std::size_t size = 16) {
  Bytes key(size);
  for (std::uint8_t& octet : key) octet = first++;
  return key;
}

class CcpBench : public testing::Test {
 protected:
  // Our first request has 0x25.
  void Make() { ccp_ = std::make_unique<Ccp>(settings_, rc4_, std::uint8_t{0x24}); }
  const LayerSignals& Start() {
    Make();
    MppeKeys keys;
    if (with_keys_) keys = {Secret(send_key_), Secret(receive_key_), Secret(lan_manager_key_)};
    signals_ = ccp_->Start(network_, std::move(keys), 1452, out_);
    Collect();
    return signals_;
  }
  const LayerSignals& Start(MppePreference preference) {
    settings_.mppe = preference;
    return Start();
  }
  const LayerSignals& Receive(codec::PppCode code, int identifier, const Bytes& data = {}) {
    const Bytes bytes = ControlPacketOf(code, identifier, data);
    const auto packet = codec::ParseControlPacket(bytes).value();
    spoken_ = ccp_->Speaks(packet);
    signals_ = LayerSignals();
    if (spoken_) signals_ = ccp_->Receive(packet, out_);
    Collect();
    return signals_;
  }
  // The peer's request.
  const LayerSignals& Ask(const Bytes& options, int identifier = 7) {
    return Receive(codec::PppCode::kConfigureRequest, identifier, options);
  }
  // Of our last request.
  const LayerSignals& AckOurs() {
    return Receive(codec::PppCode::kConfigureAck, request_.at(1),
                   Bytes(request_.begin() + 4, request_.end()));
  }
  const LayerSignals& NakOurs(const Bytes& options) {
    return Receive(codec::PppCode::kConfigureNak, request_.at(1), options);
  }
  const LayerSignals& RejectOurs(const Bytes& options) {
    return Receive(codec::PppCode::kConfigureReject, request_.at(1), options);
  }
  const LayerSignals& Expire() {
    EXPECT_TRUE(out_.TakeExpiry(TimerId::kCcpRestart));
    signals_ = ccp_->RestartTimerExpired(out_);
    Collect();
    return signals_;
  }
  void Open() {
    Ask(Mppe("HS"));
    AckOurs();
    ASSERT_TRUE(ccp_->opened());
    ASSERT_TRUE(ccp_->mppe());
  }
  // What was done since: one letter each, packets by their code in hex, + StartMppe, - StopMppe,
  // f FlushMppe, ! the session ends, w from now on nothing is taken.
  void Collect() {
    done_.clear();
    sent_.clear();
    log_.clear();
    for (Action& action : out_.Take()) {
      if (auto* send = std::get_if<SendBytes>(&action)) {
        sent_.emplace_back(send->bytes.begin() + 8, send->bytes.end());
        done_ += "0123456789abcdef"[sent_.back().at(0) & 15];
        if (sent_.back().at(0) == 1) request_ = sent_.back();
      } else if (auto* start = std::get_if<StartMppe>(&action)) {
        done_ += '+';
        start_ = std::move(*start);
      } else if (std::holds_alternative<StopMppe>(action)) {
        done_ += '-';
      } else if (std::holds_alternative<FlushMppe>(action)) {
        done_ += 'f';
      } else if (auto* line = std::get_if<WriteLog>(&action)) {
        log_ += line->text + "\n";
      }
    }
    if (signals_.ending) done_ += '!';
    EXPECT_TRUE(ccp_->IsConsistent(out_));
  }
  // The one packet sent.
  [[nodiscard]] Bytes Sent() const { return sent_.size() == 1 ? sent_[0] : Bytes{}; }
  static Bytes Packet(int code, int identifier, const Bytes& data) {
    return ControlPacketOf(static_cast<codec::PppCode>(code), identifier, data);
  }
  void ExpectEnd(Counter counter) const {
    ASSERT_TRUE(signals_.ending.has_value());
    EXPECT_EQ(signals_.ending->cause, TerminateCause::kUserError);
    EXPECT_EQ(signals_.ending->counter, counter);
    EXPECT_TRUE(signals_.ending->reason.starts_with("MPPE is required, but "))
        << signals_.ending->reason;
  }

  void ExpectRunning(int bits, bool stateless) const {
    EXPECT_TRUE(ccp_->mppe());
    EXPECT_EQ(start_.key_bits, bits);
    EXPECT_EQ(start_.stateless, stateless);
  }
  // No MPPE, no request of ours; the peer's option 18 is rejected.
  void ExpectDenial() {
    EXPECT_EQ(done_, "");
    EXPECT_FALSE(ccp_->required());
    EXPECT_FALSE(ccp_->negotiating());
    Ask(Mppe("HS"));
    EXPECT_EQ(Sent(), Packet(4, 7, Mppe("HS")));
    EXPECT_FALSE(ccp_->mppe());
  }

  PppSettings settings_ = TraceSettings().ppp;
  NetworkPolicy network_;
  bool rc4_ = true;
  bool with_keys_ = true;
  Bytes send_key_ = Key(0x10);
  Bytes receive_key_ = Key(0x80);
  Bytes lan_manager_key_;
  Outbox out_;
  std::unique_ptr<Ccp> ccp_;
  LayerSignals signals_;
  bool spoken_ = false;
  std::string done_;
  std::string log_;
  std::vector<Bytes> sent_;
  Bytes request_;  // our last Configure-Request
  StartMppe start_;
};

}  // namespace sstpgw::fsm
