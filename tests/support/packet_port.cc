#include "tests/support/packet_port.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tests/client/wire.h"
#include "tests/support/packet_builder.h"

namespace sstpgw::test {
namespace {

constexpr int kReceiveRoom = 64 << 20;
constexpr std::size_t kMaxPacket = 65536;
// struct virtio_net_hdr, whose header does not compile as C++ everywhere.
constexpr std::size_t kVnetHeader = 10;
constexpr std::size_t kEthernet = 14;
constexpr std::size_t kHeads = kVnetHeader + kEthernet;
constexpr std::uint8_t kNeedsChecksum = 1;
constexpr std::uint8_t kGsoTcp4 = 1;
constexpr std::uint8_t kGsoUdp = 5;

ifreq Request(const std::string& interface) {
  ifreq request{};
  std::strncpy(static_cast<char*>(request.ifr_name), interface.c_str(), IFNAMSIZ - 1);
  return request;
}

std::array<std::uint8_t, 6> MacOf(const PacketPort::End& end) {
  std::array<std::uint8_t, 6> mac{};
  end.where.Run([&] {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request = Request(end.interface);
    EXPECT_EQ(ioctl(fd, SIOCGIFHWADDR, &request), 0) << end.interface;
    std::memcpy(mac.data(), static_cast<const char*>(request.ifr_hwaddr.sa_data), mac.size());
    close(fd);
  });
  return mac;
}

void PutNative16(Bytes& bytes, std::size_t at, std::size_t value) {
  const auto narrow = static_cast<std::uint16_t>(value);
  std::memcpy(bytes.data() + at, &narrow, sizeof narrow);
}

Bytes LeadingOctets(const Ipv6Prefix& prefix) {
  const auto& octets = prefix.address.octets();
  return {octets.begin(), octets.begin() + prefix.length / 8};
}

}  // namespace

PacketPort::PacketPort(const End& here, const End& there, std::array<std::uint8_t, 3> network)
    : PacketPort(here, there, ETH_P_IP, Bytes(network.begin(), network.end())) {}

PacketPort::PacketPort(const End& here, const End& there, const Ipv6Prefix& network)
    : PacketPort(here, there, ETH_P_IPV6, LeadingOctets(network)) {}

PacketPort::PacketPort(const End& here, const End& there, std::uint16_t ethertype, Bytes network)
    : own_(MacOf(here)),
      neighbour_(MacOf(there)),
      ethertype_(ethertype),
      network_(std::move(network)) {
  here.where.Run([&] {
    fd_ = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ethertype_));
    index_ = static_cast<int>(if_nametoindex(here.interface.c_str()));
  });
  const int on = 1;
  EXPECT_EQ(setsockopt(fd_, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on), 0);
  setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveRoom, sizeof kReceiveRoom);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ethertype_);
  address.sll_ifindex = index_;
  EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0)
      << here.interface << ": " << std::strerror(errno);
}

PacketPort::~PacketPort() { close(fd_); }

bool PacketPort::SendWithHeader(ByteView vnet_header, ByteView packet) {
  const Bytes ethernet =
      client::Concat({Bytes(neighbour_.begin(), neighbour_.end()), Bytes(own_.begin(), own_.end()),
                      client::Be16(ethertype_)});
  const Bytes whole = client::Concat({Bytes(vnet_header.begin(), vnet_header.end()), ethernet,
                                      Bytes(packet.begin(), packet.end())});
  const ssize_t sent = send(fd_, whole.data(), whole.size(), 0);
  EXPECT_EQ(sent, static_cast<ssize_t>(whole.size())) << std::strerror(errno);
  return sent == static_cast<ssize_t>(whole.size());
}

bool PacketPort::Send(ByteView packet) { return SendWithHeader(Bytes(kVnetHeader), packet); }

bool PacketPort::Send(const SuperPacket& packet) {
  const bool tcp = packet.kind == SuperPacket::Kind::kTcp;
  const std::size_t transport = (packet.packet[0] & 0x0fu) * std::size_t{4};
  const std::size_t checksum_offset = tcp ? 16 : 6;
  Bytes header(kVnetHeader);
  header[0] = kNeedsChecksum;
  header[1] = tcp ? kGsoTcp4 : kGsoUdp;
  PutNative16(header, 2, kEthernet + packet.headers);
  PutNative16(header, 4, packet.segment_size);
  PutNative16(header, 6, kEthernet + transport);
  PutNative16(header, 8, checksum_offset);
  // A partial checksum is the folded sum of the pseudo header.
  Bytes octets = packet.packet;
  const std::uint16_t sum =
      FoldedSum(ByteView(octets).subspan(12, 8),
                octets[9] + static_cast<std::uint32_t>(octets.size() - transport));
  octets[transport + checksum_offset] = static_cast<std::uint8_t>(sum >> 8);
  octets[transport + checksum_offset + 1] = static_cast<std::uint8_t>(sum);
  return SendWithHeader(header, octets);
}

void PacketPort::Receive(std::vector<Bytes>& received) {
  Bytes buffer(kHeads + kMaxPacket);
  while (true) {
    sockaddr_ll from{};
    socklen_t length = sizeof from;
    const ssize_t size =
        recvfrom(fd_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
    if (size < static_cast<ssize_t>(kHeads + 20)) return;
    const ByteView packet =
        ByteView(buffer).subspan(kHeads, static_cast<std::size_t>(size) - kHeads);
    const std::size_t destination = ethertype_ == ETH_P_IP ? 16 : 24;
    const bool wanted = packet.size() >= destination + network_.size() &&
                        std::equal(network_.begin(), network_.end(),
                                   packet.begin() + static_cast<int>(destination));
    if (from.sll_pkttype == PACKET_OUTGOING || !wanted) continue;
    EXPECT_EQ(buffer[0] & kNeedsChecksum, 0) << "offloads are on: a checksum is not finished";
    EXPECT_EQ(buffer[1], 0) << "offloads are on: a super-packet";
    received.emplace_back(packet.begin(), packet.end());
  }
}

std::size_t PacketPort::Overflows() const {
  tpacket_stats statistics{};
  socklen_t length = sizeof statistics;
  getsockopt(fd_, SOL_PACKET, PACKET_STATISTICS, &statistics, &length);
  return statistics.tp_drops;
}

void DisableOffloads(const Namespace& where, const std::string& interface) {
  where.Run([&] {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    // Segmentation goes with transmit checksums.
    for (const std::uint32_t command :
         {ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO, ETHTOOL_STXCSUM, ETHTOOL_SRXCSUM}) {
      ethtool_value off{command, 0};
      ifreq request = Request(interface);
      request.ifr_data = reinterpret_cast<char*>(&off);
      EXPECT_EQ(ioctl(fd, SIOCETHTOOL, &request), 0)
          << interface << ", command " << command << ": " << std::strerror(errno);
    }
    close(fd);
  });
}

}  // namespace sstpgw::test
