#include "gateway/edge/tun_device.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "gateway/edge/sysctl.h"

namespace sstpgw::edge {
namespace {

constexpr char kTunNode[] = "/dev/net/tun";
constexpr char kProbeName[] = "sstp-probe%d";

// TUNSETOFFLOAD; the two of UDP are younger than Debian 12's headers.
constexpr unsigned kOffloadTcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
constexpr unsigned kOffloadUdp = 0x20 | 0x40;

const char* RemedyForOpen(int errno_value) {
  switch (errno_value) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return "; load the tun module (modprobe tun) or give the container this device";
    case EACCES:
    case EPERM:
      return "; the gateway needs access to this device and CAP_NET_ADMIN";
    case EMFILE:
    case ENFILE:
      return "; out of file descriptors: raise LimitNOFILE or fs.file-max";
    default:
      return "";
  }
}

const char* RemedyForCreate(int errno_value) {
  switch (errno_value) {
    case EPERM:
      return "; the gateway needs CAP_NET_ADMIN";
    case EBUSY:
      return "; an interface of this name is in use";
    case EINVAL:
      return "; not a usable interface name, or this kernel's TUN lacks a feature";
    case ENFILE:
      return "; no number is free for this template";
    default:
      return "";
  }
}

Error TunError(const std::string& step, Errno code, const char* remedy) {
  Error error = SystemError(step, code.value());
  error.message += remedy;
  if (code.value() == EPERM || code.value() == EACCES) error.code = ErrorCode::kPermissionDenied;
  return error;
}

// Filled with an interface's name; the ioctls answer in the same structure.
Result<ifreq> RequestFor(const std::string& name) {
  ifreq request{};
  if (name.empty() || name.size() >= sizeof(request.ifr_name)) {
    return Fail(Error{ErrorCode::kInvalidArgument,
                      "interface name '" + name + "' must have 1 to 15 characters"});
  }
  std::memcpy(request.ifr_name, name.data(), name.size());
  return request;
}

// EINVAL: segments that the vnet header has no words for. ENOMEM, EFAULT and others are of the
// moment, too.
TunReadStatus StatusOfFailedRead(int errno_value) {
  switch (errno_value) {
    case EAGAIN:
      return TunReadStatus::kDrained;
    case EBADFD:  // deleted
    case EBADF:
    case ENODEV:
    case EIO:
      return TunReadStatus::kGone;
    default:
      return TunReadStatus::kLost;
  }
}

KernelResult<void> SetOffload(Kernel& kernel, int fd, unsigned offload) {
  // The argument is the value itself, not a pointer to it.
  return kernel.Ioctl(fd, TUNSETOFFLOAD, reinterpret_cast<void*>(std::uintptr_t{offload}));
}

// As much of it as this kernel has.
Result<TunOffloads> EnableOffloads(Kernel& kernel, int fd, const TunOffloads& wanted) {
  int header = TunDevice::kVnetHeader;
  if (const auto set = kernel.Ioctl(fd, TUNSETVNETHDRSZ, &header); !set) {
    return Fail(TunError("setting the vnet header of a TUN interface", set.error(), ""));
  }
  if (!wanted.tcp) return TunOffloads{};
  if (wanted.udp && SetOffload(kernel, fd, kOffloadTcp | kOffloadUdp)) return kAllTunOffloads;
  if (SetOffload(kernel, fd, kOffloadTcp)) return TunOffloads{true, false};
  return TunOffloads{};
}

}  // namespace

TunDevice::TunDevice(Kernel& kernel, UniqueFd fd, std::string name, InterfaceIndex index)
    : kernel_(&kernel), fd_(std::move(fd)), name_(std::move(name)), index_(index) {}

Result<TunDevice> TunDevice::Create(Kernel& kernel, const std::string& name_template,
                                    const TunOffloads& wanted) {
  SG_ASSIGN_OR_RETURN(ifreq request, RequestFor(name_template));
  auto fd = kernel.Open(kTunNode, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (!fd) {
    return Fail(TunError("opening " + std::string(kTunNode), fd.error(),
                         RemedyForOpen(fd.error().value())));
  }
  // Never one that exists already, whoever keeps it.
  request.ifr_flags = static_cast<short>(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL);
  const auto made = kernel.Ioctl(fd->get(), TUNSETIFF, &request);
  if (!made) {
    return Fail(TunError("creating TUN interface '" + name_template + "'", made.error(),
                         RemedyForCreate(made.error().value())));
  }
  const std::string name(request.ifr_name, ::strnlen(request.ifr_name, IFNAMSIZ));
  SG_ASSIGN_OR_RETURN(const TunOffloads offloads, EnableOffloads(kernel, fd->get(), wanted));

  const auto socket = kernel.Socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (!socket) return Fail(TunError("socket for the index of " + name, socket.error(), ""));
  const auto found = kernel.Ioctl(socket->get(), SIOCGIFINDEX, &request);
  if (!found) return Fail(TunError("finding the index of " + name, found.error(), ""));
  const InterfaceIndex index(request.ifr_ifindex);

  TunDevice device(kernel, std::move(*fd), name, index);
  device.offloads_ = offloads;
  if (const auto disabled = DisableIpv6(kernel, name); !disabled) {
    // Containers often have /proc/sys read-only. It saves work in the kernel and is no protection:
    // nothing but IPv4 passes the data path.
    if (disabled.error().code != ErrorCode::kPermissionDenied) return Fail(disabled.error());
    device.ipv6_left_on_ = disabled.error().message;
  }
  return device;
}

Result<TunOffloads> ProbeTunOffloads(Kernel& kernel) {
  SG_ASSIGN_OR_RETURN(const TunDevice device,
                      TunDevice::Create(kernel, kProbeName, kAllTunOffloads));
  return device.offloads();
}

TunReadOutcome TunDevice::Read(std::span<std::uint8_t> buffer) {
  const auto length = kernel_->Read(fd_.get(), buffer);
  if (length) return {ByteView(buffer).first(*length), TunReadStatus::kPacket};
  return {{}, StatusOfFailedRead(length.error().value())};
}

bool TunDevice::Write(std::span<const ByteView> parts) {
  // A TUN has no send buffer to wait for: what is refused now is as good as lost on the wire.
  return kernel_->WriteParts(fd_.get(), parts).has_value();
}

}  // namespace sstpgw::edge
