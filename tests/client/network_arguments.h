// The command line's part about what comes behind authentication: IPCP, IPv6CP, Router
// Advertisements, DHCPv6, CCP and MPPE.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "tests/client/target.h"
#include "tests/client/tun_mode.h"

namespace sstpgw::client {

class NetworkArguments {
 public:
  NetworkArguments(Target& target, TunOptions& tun) : target_(target), tun_(tun) {}

  // Options of both modes, and of the TUN mode alone. The object must outlive parsing.
  void Describe(CLI::App& app);
  void DescribeTun(CLI::App& tun);
  // After parsing.
  Result<void> Finish();

 private:
  void DescribeMppe(CLI::App& app);
  void DescribeDhcpv6(CLI::App& tun);
  Result<void> FinishDhcpv6();

  Target& target_;
  TunOptions& tun_;
  std::string interface_id_;
  std::string mppe_ = "none";
  std::vector<std::string> dhcpv6_;
  std::string client_id_;
  std::string foreign_address_;
  std::string foreign_prefix_;
};

}  // namespace sstpgw::client
