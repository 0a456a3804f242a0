#include "gateway/edge/program_attachment.h"

#include <linux/bpf.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>

namespace sstpgw::edge {
namespace {

// Younger than Debian 12's headers.
constexpr std::uint32_t kTcxIngress = 46;  // BPF_TCX_INGRESS
constexpr std::uint32_t kTcxEgress = 47;   // BPF_TCX_EGRESS
// Of union bpf_attr, up to the end of link_create.tcx; all of it but the first three is 0: behind
// the programs that are there.
constexpr std::size_t kLinkCreateSize = offsetof(bpf_attr, link_create.flags) + 4 + 16;

std::string Step(const char* what, InterfaceIndex index) {
  return std::string(what) + " interface #" + std::to_string(index.value());
}

Result<UniqueFd> CreateLink(Kernel& kernel, int program, InterfaceIndex index, std::uint32_t hook) {
  bpf_attr attributes{};
  attributes.link_create.prog_fd = static_cast<std::uint32_t>(program);
  attributes.link_create.target_ifindex = static_cast<std::uint32_t>(index.value());
  attributes.link_create.attach_type = hook;
  const auto fd = kernel.Bpf(BPF_LINK_CREATE, &attributes, kLinkCreateSize);
  if (fd) return UniqueFd(*fd);
  const int code = fd.error().value();
  Error error = SystemError(Step("attaching a BPF program by tcx to", index), code);
  if (code == EINVAL) error.code = ErrorCode::kUnsupported;
  if (code == ENODEV) error.code = ErrorCode::kNotFound;
  if (code == EPERM) error.code = ErrorCode::kPermissionDenied;
  return Fail(error);
}

Result<void> RemoveFilter(Netlink& netlink, InterfaceIndex index, FilterPlace place) {
  return netlink.Ask(Step("removing a BPF filter from", index), [&](std::uint32_t sequence) {
    return BuildFilterDelete(sequence, index, place);
  });
}

}  // namespace

Result<ProgramAttachment> ProgramAttachment::Attach(Kernel& kernel, Netlink& netlink,
                                                    const SessionPrograms& programs,
                                                    InterfaceIndex index, AttachWay way) {
  ProgramAttachment attachment(index);
  const auto attached = way == AttachWay::kTcx ? attachment.AttachLinks(kernel, programs)
                                               : attachment.AttachFilters(netlink, programs);
  if (attached) return attachment;
  static_cast<void>(attachment.Detach(netlink));
  return Fail(attached.error());
}

Result<void> ProgramAttachment::AttachLinks(Kernel& kernel, const SessionPrograms& programs) {
  SG_ASSIGN_OR_RETURN(
      from_client_, CreateLink(kernel, programs.fd(ProgramSide::kFromClient), index_, kTcxIngress));
  SG_ASSIGN_OR_RETURN(to_client_,
                      CreateLink(kernel, programs.fd(ProgramSide::kToClient), index_, kTcxEgress));
  return {};
}

Result<void> ProgramAttachment::AttachFilters(Netlink& netlink, const SessionPrograms& programs) {
  auto made = netlink.Ask(Step("adding clsact to", index_),
                          [&](std::uint32_t sequence) { return BuildClsactAdd(sequence, index_); });
  made_clsact_ = made.has_value();
  if (!made && made.error().code != ErrorCode::kAlreadyExists) return made;
  SG_RETURN_IF_ERROR(
      AddFilter(netlink, FilterPlace::kIngress, programs.fd(ProgramSide::kFromClient)));
  return AddFilter(netlink, FilterPlace::kEgress, programs.fd(ProgramSide::kToClient));
}

Result<void> ProgramAttachment::AddFilter(Netlink& netlink, FilterPlace place, int program) {
  SG_RETURN_IF_ERROR(netlink.Ask(
      Step("attaching a BPF filter to", index_),
      [&](std::uint32_t sequence) { return BuildFilterAdd(sequence, index_, place, program); }));
  filters_.push_back(place);
  return {};
}

Result<void> ProgramAttachment::Detach(Netlink& netlink) {
  from_client_.Reset();
  to_client_.Reset();
  const auto filters = std::exchange(filters_, {});
  const bool made_clsact = std::exchange(made_clsact_, false);
  Result<void> removed;
  if (made_clsact) {
    removed = netlink.Ask(Step("removing clsact from", index_), [&](std::uint32_t sequence) {
      return BuildClsactDelete(sequence, index_);
    });
  } else {
    for (const FilterPlace place : filters) {
      const auto one = RemoveFilter(netlink, index_, place);
      if (!one) removed = one;
    }
  }
  // The kernel says EINVAL or ENOENT where there is no clsact any more, ENODEV without interface.
  if (removed || !netlink.HasQdisc(index_, QdiscPlace::kIngress).value_or(true)) return {};
  return removed;
}

}  // namespace sstpgw::edge
