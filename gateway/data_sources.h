// Where a session's packets may come from, as its brain puts it and as the data path and the
// kernel's program want to have it. Pure.
#pragma once

#include <vector>

#include "ebpf/abi.h"
#include "gateway/datapath/source_check.h"
#include "gateway/fsm/session_api.h"
#include "proto/base/ip.h"

namespace sstpgw::gateway {

struct DataSources {
  datapath::Families families{.ipv4 = false, .ipv6 = false};
  std::vector<datapath::Ipv4Prefix> ipv4;  // none without its family
  std::vector<Ipv6Prefix> ipv6;            // likewise
  InterfaceId peer_id{};                   // of its link-local address, with IPv6
  std::vector<Ipv6Address> ours{};         // not the peer's to use, though in a prefix of the link
  friend bool operator==(const DataSources&, const DataSources&) = default;
};

// A protocol is negotiated if the plan has it.
[[nodiscard]] DataSources SourcesOf(const fsm::LinkPlan& plan, const fsm::SourceFilter& filter);
[[nodiscard]] datapath::SourceCheck CheckOf(const DataSources& sources);

// Sets sources and SG_CHECK_SOURCE of `policy`. With more sources than it has room for the program
// does not check: the data path has done so before.
void PutSources(const DataSources& sources, sg_policy& policy);

}  // namespace sstpgw::gateway
