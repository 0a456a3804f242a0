#include "gateway/edge/filter_message.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "gateway/edge/netlink_request.h"

namespace sstpgw::edge {
namespace {

constexpr std::uint32_t kClsactHandle = TC_H_MAKE(TC_H_CLSACT, 0U);
constexpr std::uint32_t kFilterHandle = 1;

void AddFilterHeader(NetlinkRequest& request, InterfaceIndex index, FilterPlace place) {
  const std::uint32_t minor = place == FilterPlace::kIngress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS;
  tcmsg& header = request.AddTrafficHeader(index, TC_H_MAKE(TC_H_CLSACT, minor));
  header.tcm_handle = kFilterHandle;
  header.tcm_info = TC_H_MAKE(std::uint32_t{kFilterPriority} << 16, htons(ETH_P_ALL));
  request.AddName(TCA_KIND, "bpf");
}

Bytes BuildClsact(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence,
                  InterfaceIndex index) {
  NetlinkRequest request(type, flags, sequence);
  request.AddTrafficHeader(index, TC_H_CLSACT).tcm_handle = kClsactHandle;
  request.AddName(TCA_KIND, "clsact");
  return request.Take();
}

}  // namespace

Bytes BuildClsactAdd(std::uint32_t sequence, InterfaceIndex index) {
  return BuildClsact(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, sequence, index);
}

Bytes BuildClsactDelete(std::uint32_t sequence, InterfaceIndex index) {
  return BuildClsact(RTM_DELQDISC, 0, sequence, index);
}

Bytes BuildFilterAdd(std::uint32_t sequence, InterfaceIndex index, FilterPlace place, int program) {
  NetlinkRequest request(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, sequence);
  AddFilterHeader(request, index, place);
  request.Nest(TCA_OPTIONS, [&] {
    request.Add(TCA_BPF_FD, static_cast<std::uint32_t>(program));
    request.AddName(TCA_BPF_NAME, "sstp-gateway");
    request.Add(TCA_BPF_FLAGS, std::uint32_t{TCA_BPF_FLAG_ACT_DIRECT});
  });
  return request.Take();
}

Bytes BuildFilterDelete(std::uint32_t sequence, InterfaceIndex index, FilterPlace place) {
  NetlinkRequest request(RTM_DELTFILTER, 0, sequence);
  AddFilterHeader(request, index, place);
  return request.Take();
}

}  // namespace sstpgw::edge
