// The client's TUN interface. Needs CAP_NET_ADMIN. Gone when the object is.
#pragma once

#include <cstdint>
#include <string>

#include "proto/base/ip.h"
#include "proto/base/result.h"

namespace sstpgw::client {

class TunInterface {
 public:
  // `name_template` such as "sstpc%d".
  static Result<TunInterface> Create(const std::string& name_template);
  TunInterface(TunInterface&& other) noexcept;
  TunInterface& operator=(TunInterface&&) = delete;
  ~TunInterface();

  // Address pair, MTU, link up.
  Result<void> Configure(Ipv4Address address, Ipv4Address peer, std::uint16_t mtu);
  // "10.1.0.0/24" through this interface.
  Result<void> AddRoute(const std::string& prefix);

  [[nodiscard]] const std::string& name() const { return name_; }
  // Non-blocking; one IP packet per read and write.
  [[nodiscard]] int fd() const { return fd_; }

 private:
  TunInterface(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  int fd_;
  std::string name_;
};

}  // namespace sstpgw::client
