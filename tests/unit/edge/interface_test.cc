// TUN device, netlink and sysctl together against the real kernel, in a network namespace of the
// test's own. Needs root.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "gateway/edge/netlink.h"
#include "gateway/edge/sysctl.h"
#include "gateway/edge/tun_device.h"
#include "tests/unit/edge/network_namespace.h"

namespace sstpgw::edge {
namespace {

using ::testing::HasSubstr;

constexpr Ipv4Address kLocal(0x0a000001);  // 10.0.0.1
constexpr Ipv4Address kPeer(0x0a000005);   // 10.0.0.5
constexpr char kNeedsRoot[] = "needs root (CAP_SYS_ADMIN) to make a network namespace";

// Reads the network namespace's own view: what `ip` would show.
bool Exists(const std::string& interface) {
  return ReadSysctl(LinuxKernel(), "net/ipv4/conf/" + interface + "/forwarding").has_value();
}

#define REQUIRE_OK(expression)                                         \
  do {                                                                 \
    const auto& require_ok = (expression);                             \
    ASSERT_TRUE(require_ok.has_value()) << require_ok.error().message; \
  } while (false)

// From 10.0.0.5 to 10.0.0.1, UDP port 9, with correct IPv4 checksum.
Bytes UdpFromPeer() {
  Bytes packet{0x45, 0,  0, 29, 0, 1,    0,    0,    64,   17, 0, 0, 10, 0,  0,
               5,    10, 0, 0,  1, 0x30, 0x39, 0x30, 0x39, 0,  9, 0, 0,  'x'};
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 20; i += 2) {
    sum += (std::uint32_t{packet[i]} << 8) | packet[i + 1];
  }
  sum = (sum & 0xffff) + (sum >> 16);
  const auto checksum = static_cast<std::uint16_t>(~sum);
  packet[10] = static_cast<std::uint8_t>(checksum >> 8);
  packet[11] = static_cast<std::uint8_t>(checksum);
  return packet;
}

void LifeOfAnInterface() {
  auto tun = TunDevice::Create(LinuxKernel(), "ppp%d", kAllTunOffloads);
  REQUIRE_OK(tun);
  EXPECT_EQ(tun->name(), "ppp0");
  const auto ipv6 = ReadSysctl(LinuxKernel(), "net/ipv6/conf/ppp0/disable_ipv6");
  if (ipv6) {
    EXPECT_EQ(*ipv6, "1");
  }

  auto netlink = Netlink::Open(LinuxKernel());
  REQUIRE_OK(netlink);
  const auto name = netlink->Rename(tun->index(), "sstp%d");
  REQUIRE_OK(name);
  EXPECT_EQ(*name, "sstp0");
  EXPECT_FALSE(Exists("ppp0"));

  REQUIRE_OK(netlink->SetMtu(tun->index(), Mtu(1452)));
  REQUIRE_OK(netlink->SetGroup(tun->index(), LinkGroup(77)));
  REQUIRE_OK(netlink->SetTxQueueLength(tun->index(), TxQueueLength(32)));
  REQUIRE_OK(netlink->AddAddress(tun->index(), kLocal, kPeer));
  REQUIRE_OK(netlink->SetState(tun->index(), LinkState::kUp));
  const auto facts = netlink->Query(tun->index());
  REQUIRE_OK(facts);
  EXPECT_EQ(facts->name, "sstp0");
  EXPECT_EQ(facts->mtu, 1452U);
  EXPECT_EQ(facts->group, 77U);
  EXPECT_EQ(facts->tx_queue_length, 32U);
  EXPECT_TRUE(facts->up);

  const auto again = netlink->AddAddress(tun->index(), kLocal, kPeer);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
  REQUIRE_OK(netlink->RemoveAddress(tun->index(), kLocal, kPeer));
  EXPECT_EQ(netlink->RemoveAddress(tun->index(), kLocal, kPeer).error().code, ErrorCode::kNotFound);
  REQUIRE_OK(netlink->SetState(tun->index(), LinkState::kDown));
  EXPECT_FALSE(netlink->Query(tun->index())->up);
}

TEST(Interface, IsMadeRenamedSetUpAndTakenDown) {
  if (!InNewNetworkNamespace(LifeOfAnInterface)) GTEST_SKIP() << kNeedsRoot;
}

TEST(Interface, TemplatesTakeTheLowestFreeNumber) {
  const bool ran = InNewNetworkNamespace([] {
    auto netlink = Netlink::Open(LinuxKernel());
    REQUIRE_OK(netlink);
    std::vector<TunDevice> devices;
    for (int i = 0; i < 3; ++i) {
      auto tun = TunDevice::Create(LinuxKernel(), "ppp%d", kAllTunOffloads);
      REQUIRE_OK(tun);
      const auto name = netlink->Rename(tun->index(), "sstp%d");
      REQUIRE_OK(name);
      EXPECT_EQ(*name, "sstp" + std::to_string(i));
      devices.push_back(std::move(*tun));
    }
    REQUIRE_OK(netlink->Delete(devices[1].index()));
    auto tun = TunDevice::Create(LinuxKernel(), "ppp%d", kAllTunOffloads);
    REQUIRE_OK(tun);
    EXPECT_EQ(netlink->Rename(tun->index(), "sstp%d").value(), "sstp1");
    const auto taken = netlink->Rename(tun->index(), "sstp0");
    ASSERT_FALSE(taken.has_value());
    EXPECT_EQ(taken.error().code, ErrorCode::kAlreadyExists);
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

// What the kernel routes to the peer is read here; what is written here arrives at a local socket.
void PacketsBothWays() {
  auto tun = TunDevice::Create(LinuxKernel(), "ppp%d", kAllTunOffloads);
  auto netlink = Netlink::Open(LinuxKernel());
  REQUIRE_OK(tun);
  REQUIRE_OK(netlink);
  const Bytes incoming = UdpFromPeer();
  const Bytes plain(TunDevice::kVnetHeader, 0);
  const std::vector<ByteView> good{plain, incoming};
  EXPECT_FALSE(tun->Write(good)) << "an interface that is down takes nothing";
  REQUIRE_OK(netlink->AddAddress(tun->index(), kLocal, kPeer));
  REQUIRE_OK(netlink->SetState(tun->index(), LinkState::kUp));

  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_port = htons(12345);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&here), sizeof(here)), 0);
  const Bytes nonsense{0xff, 0xff};
  const std::vector<ByteView> bad{plain, nonsense};
  EXPECT_FALSE(tun->Write(bad));
  EXPECT_TRUE(tun->Write(good));
  char octet = 0;
  ASSERT_EQ(::recv(socket.get(), &octet, 1, 0), 1);
  EXPECT_EQ(octet, 'x');

  sockaddr_in there = here;
  there.sin_addr.s_addr = htonl(kPeer.value());
  for (const char* text : {"one", "three"}) {
    ASSERT_GT(::sendto(socket.get(), text, std::strlen(text), 0,
                       reinterpret_cast<sockaddr*>(&there), sizeof(there)),
              0);
  }
  Bytes buffer(TunDevice::kPacketRoom);
  for (const std::size_t text : {3, 5}) {
    const TunReadOutcome read = tun->Read(buffer);
    ASSERT_EQ(read.status, TunReadStatus::kPacket);
    ASSERT_EQ(read.packet.size(), TunDevice::kVnetHeader + 20 + 8 + text);
    EXPECT_EQ(read.packet[TunDevice::kVnetHeader + 19], 5);  // to 10.0.0.5
  }
  EXPECT_EQ(tun->Read(buffer).status, TunReadStatus::kDrained) << "IPv6 chatter would show here";

  REQUIRE_OK(netlink->Delete(tun->index()));
  EXPECT_EQ(tun->Read(buffer).status, TunReadStatus::kGone);
}

TEST(Interface, CarriesPacketsBothWaysAndNoneWhileDown) {
  if (!InNewNetworkNamespace(PacketsBothWays)) GTEST_SKIP() << kNeedsRoot;
}

TEST(Interface, AGroupIsDeletedAtOnceAndOthersStay) {
  const bool ran = InNewNetworkNamespace([] {
    auto netlink = Netlink::Open(LinuxKernel());
    REQUIRE_OK(netlink);
    std::vector<TunDevice> devices;
    for (int i = 0; i < 5; ++i) {
      auto tun = TunDevice::Create(LinuxKernel(), "ppp%d", kAllTunOffloads);
      REQUIRE_OK(tun);
      if (i != 2) {
        REQUIRE_OK(netlink->SetGroup(tun->index(), LinkGroup(78)));
      }
      devices.push_back(std::move(*tun));
    }
    REQUIRE_OK(netlink->DeleteGroup(LinkGroup(78)));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(Exists("ppp" + std::to_string(i)), i == 2) << i;
    REQUIRE_OK(netlink->DeleteGroup(LinkGroup(78)));
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

TEST(Interface, UnknownInterfaceIsNotFound) {
  const bool ran = InNewNetworkNamespace([] {
    auto netlink = Netlink::Open(LinuxKernel());
    REQUIRE_OK(netlink);
    const auto result = netlink->SetMtu(InterfaceIndex(4711), Mtu(1400));
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
    EXPECT_THAT(result.error().message, HasSubstr("#4711"));
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

TEST(Sysctl, ReadsWritesAndTellsWhatIsMissing) {
  const bool ran = InNewNetworkNamespace([] {
    REQUIRE_OK(WriteSysctl(LinuxKernel(), "net/ipv4/ip_forward", "1"));
    EXPECT_EQ(ReadSysctl(LinuxKernel(), "net/ipv4/ip_forward").value(), "1");
    const auto missing = ReadSysctl(LinuxKernel(), "net/ipv4/no_such_thing");
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
    EXPECT_FALSE(WriteSysctl(LinuxKernel(), "net/ipv4/ip_forward", "nonsense").has_value());
  });
  if (!ran) GTEST_SKIP() << kNeedsRoot;
}

}  // namespace
}  // namespace sstpgw::edge
