// What tests of the uplink share: a handler that writes down what it is told, and an uplink that is
// past its HTTP head.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/datapath/uplink.h"
#include "tests/support/hex.h"

namespace sstpgw::test {

inline const std::string kHead = "SSTP_DUPLEX_POST / HTTP/1.1\r\nHost: x\r\n\r\n";

// Writes down what it is called with: "head:<n>", "packet:<n>", "ip:<n>" with sizes.
class UplinkRecorder : public datapath::UplinkHandler {
 public:
  bool OnHttpHead(ByteView head) override { return Note("head", head); }
  bool OnHttpHeadTooLong() override { return Note("too long", {}); }
  bool OnSstpPacket(ByteView packet) override { return Note("packet", packet); }
  bool OnUndelineated() override { return Note("undelineated", {}); }
  bool OnIpv6Control(ByteView packet) override { return Note("ipv6 control", packet); }
  bool OnMppeOutOfStep() override { return Note("out of step", {}); }
  void OnIpPacket(ByteView packet) override {
    Note("ip", packet);
    views.push_back(packet);
    copies.emplace_back(packet.begin(), packet.end());
  }
  // What was given since the last call is still there.
  void OnIpPacketsEnd() override {
    ++ends;
    EXPECT_FALSE(views.empty());
    for (std::size_t i = 0; i < views.size(); ++i) {
      EXPECT_EQ(Bytes(views[i].begin(), views[i].end()), copies[i]);
    }
    views.clear();
    copies.clear();
  }

  std::vector<std::string> events;
  Bytes last;
  std::size_t stop_after = 1000;  // events
  std::size_t ends = 0;           // calls of OnIpPacketsEnd
  std::vector<ByteView> views;    // of IP packets since then
  std::vector<Bytes> copies;      // the same

 private:
  bool Note(const std::string& what, ByteView bytes) {
    const bool between = what != "ip" && !views.empty();
    EXPECT_FALSE(between) << what << " between packets and their end";
    events.push_back(bytes.empty() ? what : what + ":" + std::to_string(bytes.size()));
    last.assign(bytes.begin(), bytes.end());
    return events.size() < stop_after;
  }
};

inline void Append(Bytes& out, const Bytes& more) {
  out.insert(out.end(), more.begin(), more.end());
}

class OpenUplink : public ::testing::Test {
 protected:
  OpenUplink() {
    uplink_.Consume(FromText(kHead), recorder_);
    recorder_.events.clear();
  }
  datapath::Uplink uplink_;
  UplinkRecorder recorder_;
};

}  // namespace sstpgw::test
