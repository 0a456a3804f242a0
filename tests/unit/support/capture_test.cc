#include "tests/support/capture.h"

#include <gtest/gtest.h>

#include "tests/client/wire.h"

namespace sstpgw::test {
namespace {

using client::FromHex;

TEST(Capture, OnlyTlsRecordsCountAsTls) {
  EXPECT_TRUE(IsOnlyTls(FromHex("16 03 01 00 02 aa bb 17 03 03 00 01 cc")));
  EXPECT_TRUE(IsOnlyTls(FromHex("17 03 03 40 00 cc")));  // cut off
  EXPECT_FALSE(IsOnlyTls(FromHex("16 03 01 00 02 aa bb 10 01 00 08 00 08")));
  EXPECT_FALSE(IsOnlyTls(client::ToBytes("SSTP_DUPLEX_POST")));
  EXPECT_FALSE(IsOnlyTls({}));
}

std::string Frame(std::uint32_t sequence, std::uint8_t flags, std::string_view payload) {
  const auto total = static_cast<std::uint16_t>(40 + payload.size());
  const Bytes bytes =
      client::Concat({Bytes(12, 0), FromHex("0800"), FromHex("4500"), client::Be16(total),
                      FromHex("00000000 4006 0000 c0000201 c0000202"), FromHex("01bb 1234"),
                      client::Be32(sequence), client::Be32(0), Bytes{0x50, flags}, Bytes(6, 0),
                      client::ToBytes(payload)});
  std::string out(8, '\0');
  const auto size = static_cast<std::uint32_t>(bytes.size());
  for (int copy = 0; copy < 2; ++copy) out.append(reinterpret_cast<const char*>(&size), 4);
  return out + std::string(bytes.begin(), bytes.end());
}

TEST(Capture, StreamsAreInSequenceOrderWithoutRepeats) {
  const std::string pcap = std::string(24, '\0') + Frame(100, 0x02, "") + Frame(104, 0x10, "def") +
                           Frame(101, 0x10, "abc") + Frame(103, 0x10, "cdef");
  const auto streams = TcpStreams(pcap);
  ASSERT_EQ(streams.size(), 1u);
  EXPECT_EQ(streams.begin()->first, "192.0.2.1:443>192.0.2.2:4660");
  EXPECT_EQ(streams.begin()->second, client::ToBytes("abcdef"));
}

// One UDP datagram of two octets at 1.5 s; then a fragment and something that is cut off.
TEST(Capture, UdpDatagramsWithTimeAndAddresses) {
  const auto frame = [](const std::string& flags) {
    const Bytes bytes = client::Concat(
        {Bytes(12, 0), FromHex("0800 4500 001e 0000" + flags + "4011 0000 c0000201 c0000202"),
         FromHex("0714 2710 000a 0000 aabb")});
    const std::uint32_t numbers[] = {1, 500000, static_cast<std::uint32_t>(bytes.size()),
                                     static_cast<std::uint32_t>(bytes.size())};
    return std::string(reinterpret_cast<const char*>(numbers), sizeof numbers) +
           std::string(bytes.begin(), bytes.end());
  };
  const std::string pcap = std::string(24, '\0') + frame("4000") + frame("2000") + frame("4000");
  const auto datagrams = UdpDatagrams(pcap.substr(0, pcap.size() - 1));
  ASSERT_EQ(datagrams.size(), 1u);
  EXPECT_EQ(datagrams[0].time, std::chrono::milliseconds(1500));
  EXPECT_EQ(datagrams[0].from, "192.0.2.1:1812");
  EXPECT_EQ(datagrams[0].to, "192.0.2.2:10000");
  EXPECT_EQ(datagrams[0].payload, FromHex("aabb"));
}

}  // namespace
}  // namespace sstpgw::test
