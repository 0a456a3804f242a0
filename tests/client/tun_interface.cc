#include "tests/client/tun_interface.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace sstpgw::client {
namespace {

class ControlSocket {
 public:
  ControlSocket() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}
  ~ControlSocket() { close(fd_); }
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  Result<void> Do(unsigned long request, void* argument, const char* what) const {
    if (ioctl(fd_, request, argument) < 0) return Fail(SystemError(what, errno));
    return {};
  }

 private:
  int fd_;
};

void SetName(ifreq& request, const std::string& name) {
  std::copy_n(name.begin(), std::min<std::size_t>(name.size(), IFNAMSIZ - 1), request.ifr_name);
}

void SetAddress(sockaddr& target, Ipv4Address address) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(address.value());
  std::memcpy(&target, &in, sizeof(in));
}

}  // namespace

Result<TunInterface> TunInterface::Create(const std::string& name_template, bool super_packets) {
  const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return Fail(SystemError("open /dev/net/tun", errno));
  TunInterface made(fd, name_template);
  ifreq request{};
  SetName(request, name_template);
  request.ifr_flags = static_cast<short>(IFF_TUN | IFF_NO_PI | (super_packets ? IFF_VNET_HDR : 0));
  if (ioctl(fd, TUNSETIFF, &request) < 0) return Fail(SystemError("TUNSETIFF", errno));
  made.name_ = request.ifr_name;
  int header_size = 10;
  if (super_packets && ioctl(fd, TUNSETVNETHDRSZ, &header_size) < 0) {
    return Fail(SystemError("TUNSETVNETHDRSZ", errno));
  }
  if (super_packets) made.ProbeOffloads();
  return made;
}

void TunInterface::ProbeOffloads() {
  constexpr unsigned long kTcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
  constexpr unsigned long kUdp = 0x20 | 0x40;  // TUN_F_USO4, TUN_F_USO6: Linux 6.2, newer headers
  udp_segments_ = ioctl(fd_, TUNSETOFFLOAD, kTcp | kUdp) == 0;
  tcp_segments_ = udp_segments_ || ioctl(fd_, TUNSETOFFLOAD, kTcp) == 0;
}

TunInterface::TunInterface(TunInterface&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      name_(std::move(other.name_)),
      tcp_segments_(other.tcp_segments_),
      udp_segments_(other.udp_segments_) {}

TunInterface::~TunInterface() {
  if (fd_ >= 0) close(fd_);
}

Result<void> TunInterface::Configure(Ipv4Address address, Ipv4Address peer, std::uint16_t mtu) {
  const ControlSocket control;
  ifreq request{};
  SetName(request, name_);
  request.ifr_mtu = mtu;
  SG_RETURN_IF_ERROR(control.Do(SIOCSIFMTU, &request, "SIOCSIFMTU"));
  SetAddress(request.ifr_addr, address);
  SG_RETURN_IF_ERROR(control.Do(SIOCSIFADDR, &request, "SIOCSIFADDR"));
  SetAddress(request.ifr_dstaddr, peer);
  SG_RETURN_IF_ERROR(control.Do(SIOCSIFDSTADDR, &request, "SIOCSIFDSTADDR"));
  SetAddress(request.ifr_netmask, Ipv4Address(0xffffffff));
  SG_RETURN_IF_ERROR(control.Do(SIOCSIFNETMASK, &request, "SIOCSIFNETMASK"));
  SG_RETURN_IF_ERROR(control.Do(SIOCGIFFLAGS, &request, "SIOCGIFFLAGS"));
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  return control.Do(SIOCSIFFLAGS, &request, "SIOCSIFFLAGS");
}

Result<void> TunInterface::SetQueueLength(int packets) {
  ifreq request{};
  SetName(request, name_);
  request.ifr_qlen = packets;
  return ControlSocket().Do(SIOCSIFTXQLEN, &request, "SIOCSIFTXQLEN");
}

Result<void> TunInterface::AddRoute(const std::string& prefix) {
  const std::size_t slash = prefix.find('/');
  const auto address = Ipv4Address::Parse(prefix.substr(0, slash));
  unsigned bits = 32;
  if (slash != std::string::npos) {
    std::from_chars(prefix.data() + slash + 1, prefix.data() + prefix.size(), bits);
  }
  if (!address || bits > 32) {
    return Fail(Error{ErrorCode::kInvalidArgument, "'" + prefix + "' is no IPv4 prefix"});
  }
  const std::uint32_t mask = bits == 0 ? 0 : ~std::uint32_t{0} << (32 - bits);
  rtentry route{};
  SetAddress(route.rt_dst, *address);
  SetAddress(route.rt_genmask, Ipv4Address(mask));
  route.rt_flags = RTF_UP;
  route.rt_dev = name_.data();
  return ControlSocket().Do(SIOCADDRT, &route, "SIOCADDRT");
}

}  // namespace sstpgw::client
