#include "gateway/edge/shaper_support.h"

#include <utility>

#include "gateway/edge/link_queue.h"
#include "gateway/edge/tun_device.h"

namespace sstpgw::edge {
namespace {

constexpr char kProbeName[] = "sstp-probe%d";
// Any limit that the kernel takes.
constexpr BitsPerSecond kSomeRate{1'000'000};
constexpr std::uint32_t kSomeOctets = 10'000;

bool CanAttach(Kernel& kernel, Netlink& netlink, const SessionPrograms& programs,
               InterfaceIndex index, AttachWay way) {
  auto attachment = ProgramAttachment::Attach(kernel, netlink, programs, index, way);
  return attachment && attachment->Detach(netlink);
}

bool CanQueue(Netlink& netlink, InterfaceIndex index, const RootQueue& queue) {
  LinkQueue link(index);
  const bool taken = link.Set(netlink, queue).has_value();
  return link.Remove(netlink) && taken;
}

// As the root, since a kernel may have it without anything that it could be a leaf of.
bool CanHold(Netlink& netlink, InterfaceIndex index, const LeafQueue& queue) {
  const std::string what = std::string("trying ") + NameOf(queue);
  const bool taken = netlink
                         .Ask(what,
                              [&](std::uint32_t sequence) {
                                return BuildLeafQueue(sequence, index, kRootParent, queue);
                              })
                         .has_value();
  return LinkQueue(index).Remove(netlink) && taken;
}

}  // namespace

std::string ShaperSupport::ToString() const {
  const std::pair<const char*, bool> all[] = {
      {"clsact", clsact}, {"tcx", tcx}, {"tbf", tbf},           {"htb", htb},
      {"pfifo", pfifo},   {"sfq", sfq}, {"fq_codel", fq_codel}, {"fq", fq}};
  std::string present;
  std::string absent;
  for (const auto& [name, has] : all) {
    std::string& list = has ? present : absent;
    list += list.empty() ? name : std::string(" ") + name;
  }
  if (absent.empty()) return present;
  return (present.empty() ? "nothing" : present) + "; not: " + absent;
}

Result<ShaperSupport> ProbeShaper(Kernel& kernel, Netlink& netlink,
                                  const SessionPrograms* programs) {
  SG_ASSIGN_OR_RETURN(const TunDevice device, TunDevice::Create(kernel, kProbeName, {}));
  const InterfaceIndex index = device.index();
  ShaperSupport support;
  if (programs != nullptr) {
    support.clsact = CanAttach(kernel, netlink, *programs, index, AttachWay::kClsact);
    support.tcx = CanAttach(kernel, netlink, *programs, index, AttachWay::kTcx);
  }
  TbfQueue tbf;
  tbf.rate = kSomeRate;
  tbf.burst = tbf.limit = kSomeOctets;
  support.tbf = CanQueue(netlink, index, tbf);
  HtbQueue htb;
  htb.rate = kSomeRate;
  htb.burst = htb.cburst = htb.quantum = kSomeOctets;
  support.htb = CanQueue(netlink, index, htb);
  support.fq = CanQueue(netlink, index, FqQueue{});
  support.pfifo = CanHold(netlink, index, FifoQueue{});
  support.sfq = CanHold(netlink, index, SfqQueue{});
  support.fq_codel = CanHold(netlink, index, FqCodelQueue{});
  return support;
}

}  // namespace sstpgw::edge
