// The client's TUN interface. Needs CAP_NET_ADMIN. Gone when the object is.
#pragma once

#include <cstdint>
#include <string>

#include "proto/base/ip.h"
#include "proto/base/result.h"

namespace sstpgw::client {

class TunInterface {
 public:
  // `name_template` such as "sstpc%d". With `super_packets` a virtio-net header of 10 octets stands
  // in front of every packet, packets may hold many segments of a TCP or UDP flow, as far as the
  // kernel has that, and their checksums are left to us.
  static Result<TunInterface> Create(const std::string& name_template, bool super_packets);
  TunInterface(TunInterface&& other) noexcept;
  TunInterface& operator=(TunInterface&&) = delete;
  ~TunInterface();

  // MTU, link up. The kernel gives it no IPv6 address of its own and takes no Router
  // Advertisements.
  Result<void> BringUp(std::uint16_t mtu);
  // Address pair; the link is up.
  Result<void> Configure(Ipv4Address address, Ipv4Address peer);
  // An address with the length of its prefix on the link.
  Result<void> AddAddress(const Ipv6Prefix& address);
  Result<void> RemoveAddress(const Ipv6Prefix& address);
  // For IPv6 alone.
  Result<void> SetIpv6Mtu(std::uint32_t mtu);
  // How many packets may wait to be read, super-packets as well; the kernel drops what comes then.
  Result<void> SetQueueLength(int packets);
  // "10.1.0.0/24" or "2001:db8::/32" through this interface.
  Result<void> AddRoute(const std::string& prefix);
  Result<void> AddRoute(const Ipv6Prefix& prefix);
  Result<void> RemoveRoute(const Ipv6Prefix& prefix);

  [[nodiscard]] const std::string& name() const { return name_; }
  // Non-blocking; one packet per read and write.
  [[nodiscard]] int fd() const { return fd_; }
  // Which segments the kernel takes and gives together.
  [[nodiscard]] bool tcp_segments() const { return tcp_segments_; }
  [[nodiscard]] bool udp_segments() const { return udp_segments_; }

 private:
  TunInterface(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  void ProbeOffloads();
  Result<void> SetSysctl(const char* name, std::uint32_t value) const;
  Result<void> ChangeAddress(const Ipv6Prefix& address, unsigned long request, const char* what);
  Result<void> ChangeRoute(const Ipv6Prefix& prefix, unsigned long request, const char* what);

  int fd_;
  std::string name_;
  bool tcp_segments_ = false;
  bool udp_segments_ = false;
};

}  // namespace sstpgw::client
