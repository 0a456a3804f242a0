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
  explicit ControlSocket(int family = AF_INET)
      : fd_(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}
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

// struct in6_ifreq, whose header goes badly with the C library's.
struct AddressRequest {
  in6_addr address;
  std::uint32_t prefix_length;
  int interface_index;
};

in6_addr Kernel(const Ipv6Address& address) {
  in6_addr out{};
  std::copy(address.octets().begin(), address.octets().end(), out.s6_addr);
  return out;
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

Result<void> TunInterface::BringUp(std::uint16_t mtu) {
  // Where the kernel has no IPv6 there is nothing to be quiet.
  for (const char* name : {"accept_ra", "autoconf"}) (void)SetSysctl(name, 0);
  (void)SetSysctl("addr_gen_mode", 1);
  const ControlSocket control;
  ifreq request{};
  SetName(request, name_);
  request.ifr_mtu = mtu;
  SG_RETURN_IF_ERROR(control.Do(SIOCSIFMTU, &request, "SIOCSIFMTU"));
  SG_RETURN_IF_ERROR(control.Do(SIOCGIFFLAGS, &request, "SIOCGIFFLAGS"));
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  return control.Do(SIOCSIFFLAGS, &request, "SIOCSIFFLAGS");
}

Result<void> TunInterface::Configure(Ipv4Address address, Ipv4Address peer) {
  const ControlSocket control;
  ifreq request{};
  SetName(request, name_);
  SetAddress(request.ifr_addr, address);
  SG_RETURN_IF_ERROR(control.Do(SIOCSIFADDR, &request, "SIOCSIFADDR"));
  SetAddress(request.ifr_dstaddr, peer);
  SG_RETURN_IF_ERROR(control.Do(SIOCSIFDSTADDR, &request, "SIOCSIFDSTADDR"));
  SetAddress(request.ifr_netmask, Ipv4Address(0xffffffff));
  return control.Do(SIOCSIFNETMASK, &request, "SIOCSIFNETMASK");
}

Result<void> TunInterface::SetSysctl(const char* name, std::uint32_t value) const {
  const std::string path = "/proc/sys/net/ipv6/conf/" + name_ + "/" + name;
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return Fail(SystemError(path.c_str(), errno));
  const std::string text = std::to_string(value);
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  close(fd);
  if (!written) return Fail(SystemError(path.c_str(), error));
  return {};
}

Result<void> TunInterface::SetIpv6Mtu(std::uint32_t mtu) { return SetSysctl("mtu", mtu); }

Result<void> TunInterface::ChangeAddress(const Ipv6Prefix& address, unsigned long request,
                                         const char* what) {
  AddressRequest change{Kernel(address.address), address.length,
                        static_cast<int>(if_nametoindex(name_.c_str()))};
  return ControlSocket(AF_INET6).Do(request, &change, what);
}

Result<void> TunInterface::AddAddress(const Ipv6Prefix& address) {
  return ChangeAddress(address, SIOCSIFADDR, "SIOCSIFADDR for IPv6");
}

Result<void> TunInterface::RemoveAddress(const Ipv6Prefix& address) {
  return ChangeAddress(address, SIOCDIFADDR, "SIOCDIFADDR for IPv6");
}

Result<void> TunInterface::ChangeRoute(const Ipv6Prefix& prefix, unsigned long request,
                                       const char* what) {
  in6_rtmsg route{};
  route.rtmsg_dst = Kernel(prefix.address);
  route.rtmsg_dst_len = prefix.length;
  route.rtmsg_flags = RTF_UP;
  route.rtmsg_metric = 1024;
  route.rtmsg_ifindex = static_cast<int>(if_nametoindex(name_.c_str()));
  return ControlSocket(AF_INET6).Do(request, &route, what);
}

Result<void> TunInterface::AddRoute(const Ipv6Prefix& prefix) {
  return ChangeRoute(prefix, SIOCADDRT, "SIOCADDRT for IPv6");
}

Result<void> TunInterface::RemoveRoute(const Ipv6Prefix& prefix) {
  return ChangeRoute(prefix, SIOCDELRT, "SIOCDELRT for IPv6");
}

Result<void> TunInterface::SetQueueLength(int packets) {
  ifreq request{};
  SetName(request, name_);
  request.ifr_qlen = packets;
  return ControlSocket().Do(SIOCSIFTXQLEN, &request, "SIOCSIFTXQLEN");
}

Result<void> TunInterface::AddRoute(const std::string& prefix) {
  if (const auto ipv6 = Ipv6Prefix::Parse(prefix)) return AddRoute(*ipv6);
  const std::size_t slash = prefix.find('/');
  const auto address = Ipv4Address::Parse(prefix.substr(0, slash));
  unsigned bits = 32;
  if (slash != std::string::npos) {
    std::from_chars(prefix.data() + slash + 1, prefix.data() + prefix.size(), bits);
  }
  if (!address || bits > 32) {
    return Fail(Error{ErrorCode::kInvalidArgument, "'" + prefix + "' is no IP prefix"});
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
