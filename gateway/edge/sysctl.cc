#include "gateway/edge/sysctl.h"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <utility>

namespace sstpgw::edge {
namespace {

std::string PathOf(const std::string& name) { return "/proc/sys/" + name; }

Error SysctlError(const char* verb, const std::string& name, Errno code) {
  Error error = SystemError(std::string(verb) + " /proc/sys/" + name, code.value());
  if (code.value() == ENOENT) error.code = ErrorCode::kNotFound;
  if (code.value() == EACCES || code.value() == EPERM || code.value() == EROFS) {
    error.code = ErrorCode::kPermissionDenied;
  }
  return error;
}

std::string Ipv6Setting(const std::string& interface_name, const char* setting) {
  return "net/ipv6/conf/" + interface_name + "/" + setting;
}

Result<void> Ensure(Kernel& kernel, const std::string& name, const std::string& value) {
  auto written = WriteSysctl(kernel, name, value);
  if (written || written.error().code != ErrorCode::kPermissionDenied) return written;
  const auto found = ReadSysctl(kernel, name);
  if (found && *found == value) return {};
  return written;
}

}  // namespace

Result<std::string> ReadSysctl(Kernel& kernel, const std::string& name) {
  const auto fd = kernel.Open(PathOf(name), O_RDONLY | O_CLOEXEC);
  if (!fd) return Fail(SysctlError("opening", name, fd.error()));
  std::array<std::uint8_t, 4096> buffer;
  const auto length = kernel.Read(fd->get(), buffer);
  if (!length) return Fail(SysctlError("reading", name, length.error()));
  std::string value(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*length));
  while (!value.empty() && value.back() == '\n') value.pop_back();
  return value;
}

Result<void> WriteSysctl(Kernel& kernel, const std::string& name, const std::string& value) {
  const auto fd = kernel.Open(PathOf(name), O_WRONLY | O_CLOEXEC);
  if (!fd) return Fail(SysctlError("opening", name, fd.error()));
  const std::string line = value + "\n";
  const ByteView bytes(reinterpret_cast<const std::uint8_t*>(line.data()), line.size());
  const auto written = kernel.Write(fd->get(), bytes);
  if (!written) {
    return Fail(SysctlError(("writing '" + value + "' to").c_str(), name, written.error()));
  }
  return {};
}

Result<void> DisableIpv6(Kernel& kernel, const std::string& interface_name) {
  auto result = WriteSysctl(kernel, Ipv6Setting(interface_name, "disable_ipv6"), "1");
  if (!result && result.error().code == ErrorCode::kNotFound) return {};
  return result;
}

Result<void> PrepareIpv6(Kernel& kernel, const std::string& interface_name) {
  const std::pair<const char*, const char*> settings[] = {
      {"accept_ra", "0"}, {"autoconf", "0"}, {"forwarding", "1"}};
  for (const auto& [setting, value] : settings) {
    SG_RETURN_IF_ERROR(Ensure(kernel, Ipv6Setting(interface_name, setting), value));
  }
  return {};
}

Result<void> EnableIpv6(Kernel& kernel, const std::string& interface_name) {
  return Ensure(kernel, Ipv6Setting(interface_name, "disable_ipv6"), "0");
}

}  // namespace sstpgw::edge
