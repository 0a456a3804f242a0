#include "gateway/edge/program_attachment.h"

#include <linux/bpf.h>

#include <cerrno>
#include <cstddef>
#include <string>

#include "gateway/edge/filter_message.h"

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

Result<void> UnlessGone(const Result<void>& result) {
  if (result || result.error().code == ErrorCode::kNotFound) return {};
  return result;
}

Result<void> AddFilter(Netlink& netlink, InterfaceIndex index, FilterPlace place, int program) {
  return netlink.Ask(Step("attaching a BPF filter to", index), [&](std::uint32_t sequence) {
    return BuildFilterAdd(sequence, index, place, program);
  });
}

Result<void> RemoveFilter(Netlink& netlink, InterfaceIndex index, FilterPlace place) {
  return UnlessGone(netlink.Ask(
      Step("removing a BPF filter from", index),
      [&](std::uint32_t sequence) { return BuildFilterDelete(sequence, index, place); }));
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
  const auto made = netlink.Ask(Step("adding clsact to", index_), [&](std::uint32_t sequence) {
    return BuildClsactAdd(sequence, index_);
  });
  made_clsact_ = made.has_value();
  if (!made && made.error().code != ErrorCode::kAlreadyExists) return made;
  filters_ = true;
  SG_RETURN_IF_ERROR(
      AddFilter(netlink, index_, FilterPlace::kIngress, programs.fd(ProgramSide::kFromClient)));
  return AddFilter(netlink, index_, FilterPlace::kEgress, programs.fd(ProgramSide::kToClient));
}

Result<void> ProgramAttachment::Detach(Netlink& netlink) {
  from_client_.Reset();
  to_client_.Reset();
  if (!filters_) return {};
  filters_ = false;
  if (made_clsact_) {
    return UnlessGone(
        netlink.Ask(Step("removing clsact from", index_),
                    [&](std::uint32_t sequence) { return BuildClsactDelete(sequence, index_); }));
  }
  if (!netlink.HasQdisc(index_, QdiscPlace::kIngress).value_or(true)) return {};
  const auto ingress = RemoveFilter(netlink, index_, FilterPlace::kIngress);
  const auto egress = RemoveFilter(netlink, index_, FilterPlace::kEgress);
  return ingress ? egress : ingress;
}

}  // namespace sstpgw::edge
