#include "gateway/edge/bpf_object.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string_view>

#include "proto/base/log.h"

namespace sstpgw::edge {
namespace {

// Kernels before 6.4 fail with ENOSPC, whatever the verifier had to say, where this is too small.
// Memory that nothing is written to costs nothing.
constexpr std::size_t kVerifierRoom = std::size_t{16} << 20;
constexpr std::size_t kVerifierLines = 6;

int ToLog(libbpf_print_level /*level*/, const char* format, va_list arguments) {
  if (!LogEnabled(LogLevel::kTrace)) return 0;
  std::array<char, 1024> line{};
  const int length = std::vsnprintf(line.data(), line.size(), format, arguments);
  std::string_view text(line.data());
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  if (!text.empty()) Log(LogLevel::kTrace, text);
  return length;
}

void SendLibbpfToLog() {
  static std::once_flag once;
  std::call_once(once, [] { libbpf_set_print(ToLog); });
}

// The verifier says why at the end; statistics about itself come after that.
std::string LastLines(std::string_view text) {
  const std::size_t statistics = text.rfind("\nprocessed ");
  if (statistics != std::string_view::npos) text = text.substr(0, statistics);
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  std::size_t from = text.size();
  for (std::size_t line = 0; line < kVerifierLines && from != std::string_view::npos; ++line) {
    from = from == 0 ? std::string_view::npos : text.rfind('\n', from - 1);
  }
  if (from != std::string_view::npos) text = text.substr(from + 1);
  std::string lines(text);
  for (std::size_t at = 0; (at = lines.find('\n', at)) != std::string::npos; at += 2) {
    lines.replace(at, 1, "; ");
  }
  return lines;
}

Error BpfError(const std::string& what, int errno_value) {
  Error error = SystemError(what, errno_value);
  if (errno_value == EPERM || errno_value == EACCES) {
    error.code = ErrorCode::kPermissionDenied;
    error.message += "; the gateway needs CAP_BPF and CAP_NET_ADMIN";
  }
  if (errno_value == ENOSYS) error.code = ErrorCode::kUnsupported;
  return error;
}

}  // namespace

void BpfObject::Close::operator()(bpf_object* object) const { bpf_object__close(object); }

Result<BpfObject> BpfObject::Open(ByteView elf, const std::string& name) {
  SendLibbpfToLog();
  // Not initialised, so that only what is written to becomes memory.
  BpfObject opened(name, std::unique_ptr<char[]>(new char[kVerifierRoom]));
  opened.verifier_log_[0] = '\0';
  bpf_object_open_opts options{};
  options.sz = sizeof(options);
  options.object_name = opened.name_.c_str();
  options.kernel_log_buf = opened.verifier_log_.get();
  options.kernel_log_size = kVerifierRoom;
  options.kernel_log_level = 0;  // nothing unless a program is refused
  opened.object_.reset(bpf_object__open_mem(elf.data(), elf.size(), &options));
  if (!opened.object_) return Fail(BpfError("reading the BPF object " + name, errno));
  return opened;
}

Result<bpf_map*> BpfObject::FindMap(const std::string& map) const {
  bpf_map* found = bpf_object__find_map_by_name(object_.get(), map.c_str());
  if (found == nullptr) {
    return Fail(Error{ErrorCode::kNotFound, "the BPF object " + name_ + " has no map " + map});
  }
  return found;
}

Result<void> BpfObject::SetMaxEntries(const std::string& map, std::uint32_t entries) {
  SG_ASSIGN_OR_RETURN(bpf_map * found, FindMap(map));
  const int error = bpf_map__set_max_entries(found, entries);
  if (error == 0) return {};
  return Fail(BpfError("giving BPF map " + map + " room for " + std::to_string(entries), -error));
}

bool BpfObject::Fits(const std::string& map, const UniqueFd& existing) const {
  const auto wanted = FindMap(map);
  bpf_map_info info{};
  __u32 size = sizeof(info);
  if (!wanted || bpf_obj_get_info_by_fd(existing.get(), &info, &size) != 0) return false;
  return info.type == bpf_map__type(*wanted) && info.key_size == bpf_map__key_size(*wanted) &&
         info.value_size == bpf_map__value_size(*wanted) &&
         info.max_entries == bpf_map__max_entries(*wanted) &&
         info.map_flags == bpf_map__map_flags(*wanted);
}

Result<void> BpfObject::Reuse(const std::string& map, const UniqueFd& existing) {
  SG_ASSIGN_OR_RETURN(bpf_map * wanted, FindMap(map));
  const int error = bpf_map__reuse_fd(wanted, existing.get());  // makes a descriptor of its own
  if (error != 0) return Fail(BpfError("taking over BPF map " + map, -error));
  return {};
}

Result<void> BpfObject::Load() {
  const int result = bpf_object__load(object_.get());
  const std::string reason = LastLines(verifier_log_.get());
  verifier_log_.reset();
  if (result == 0) return {};
  Error error = BpfError("loading the BPF object " + name_, -result);
  if (!reason.empty()) error.message += "; the verifier's last words: " + reason;
  return Fail(error);
}

int BpfObject::MapFd(const std::string& map) const {
  return bpf_object__find_map_fd_by_name(object_.get(), map.c_str());
}

int BpfObject::ProgramFd(const std::string& program) const {
  const bpf_program* found = bpf_object__find_program_by_name(object_.get(), program.c_str());
  return found == nullptr ? -1 : bpf_program__fd(found);
}

}  // namespace sstpgw::edge
