// A kernel that does what the test says. Each call is recorded by name; any one of them can be made
// to fail. Descriptors are real ones of /dev/null, so that closing works and leaks can be counted.
#pragma once

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/edge/kernel.h"

namespace sstpgw::edge {

class FakeKernel final : public Kernel {
 public:
  // The call with this number, counting from 1, fails.
  void FailCall(std::size_t number, int errno_value) {
    failing_ = number;
    errno_ = errno_value;
  }
  [[nodiscard]] const std::vector<std::string>& calls() const { return calls_; }
  // Does what Bpf is to do; without it: EPERM. The attributes may be shorter than they are
  // declared.
  std::function<KernelResult<int>(int command, bpf_attr& attributes)> on_bpf;
  // Sees what Send sends.
  std::function<void(ByteView)> on_send;
  // Sees what Write writes, and what was opened last.
  std::function<void(const std::string& path, ByteView)> on_write;
  // The last argument of Open, the last bytes of Write.
  std::string opened;
  Bytes written;

  // What Read, Accept and Receive do, in order; when used up: EAGAIN.
  std::deque<KernelResult<Bytes>> reads;
  std::deque<KernelResult<sockaddr_storage>> accepts;
  std::deque<Bytes> answers;
  // Receive answers netlink requests with these, in order, then with success.
  bool acknowledges = false;
  std::deque<int> refusals;
  // What is told of any link and its queueing disciplines, on success.
  std::uint32_t link_flags = 0;
  Bytes link_attributes;
  std::map<std::uint32_t, std::uint32_t> qdiscs;  // handle by parent
  // Of SocketName.
  sockaddr_storage name{};
  // Of PeerName.
  sockaddr_storage peer_name{};
  // What each Poll finds on its descriptor, in order; when used up: nothing.
  std::deque<short> polls;
  // What FIONREAD tells, in order; the last one stays.
  std::deque<int> readable{0};
  // What GetSocketOption finds; empty: zeros.
  Bytes option;
  // Nothing may be written to files.
  bool read_only = false;
  // There is no such file.
  std::string absent;
  // What SIOCGIFADDR finds.
  bool has_address = false;
  // What TUNSETIFF calls the interface; empty: as it is asked to.
  std::string interface_name = "ppp0";
  // Names that somebody else has.
  std::set<std::string> foreign;

  KernelResult<UniqueFd> Open(const std::string& path, int flags) override {
    opened = path;
    if (read_only && (flags & O_ACCMODE) != O_RDONLY) return Fail(Errno(EROFS));
    if (path == absent) return Fail(Errno(ENOENT));
    return Descriptor("open");
  }
  KernelResult<std::size_t> Read(int /*fd*/, std::span<std::uint8_t> out) override {
    if (const auto error = Enter("read")) return Fail(*error);
    return Next(reads, out);
  }
  KernelResult<std::size_t> Write(int /*fd*/, ByteView bytes) override {
    if (const auto error = Enter("write")) return Fail(*error);
    written.assign(bytes.begin(), bytes.end());
    if (on_write) on_write(opened, bytes);
    return bytes.size();
  }
  KernelResult<std::size_t> WriteParts(int /*fd*/, std::span<const ByteView> parts) override {
    if (const auto error = Enter("writev")) return Fail(*error);
    written.clear();
    for (const ByteView part : parts) written.insert(written.end(), part.begin(), part.end());
    return written.size();
  }
  KernelResult<void> Ioctl(int /*fd*/, unsigned long request, void* argument) override {
    if (const auto error = Enter("ioctl")) return Fail(*error);
    if (request == TUNSETVNETHDRSZ) {
      vnet_header = *static_cast<int*>(argument);
      return {};
    }
    if (request == TUNSETOFFLOAD) {
      const auto wanted = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(argument));
      if ((wanted & ~offloads_known) != 0) {
        ++offloads_refused;
        return Fail(Errno(EINVAL));
      }
      offload = wanted;
      return {};
    }
    if (request == FIONREAD) {
      *static_cast<int*>(argument) = readable.front();
      if (readable.size() > 1) readable.pop_front();
      return {};
    }
    auto* interface = static_cast<ifreq*>(argument);
    if (request == TUNSETIFF) {
      tun_flags = interface->ifr_flags;
      asked_for.emplace_back(interface->ifr_name);
      if (foreign.count(interface->ifr_name) > 0) return Fail(Errno(EBUSY));
      if (!interface_name.empty()) {
        std::strncpy(interface->ifr_name, interface_name.c_str(), IFNAMSIZ - 1);
      }
      made_.insert(interface->ifr_name);
    }
    if (request == SIOCGIFINDEX) interface->ifr_ifindex = 7;
    if (request == SIOCGIFADDR) return FindAddress(interface->ifr_name);
    return {};
  }
  KernelResult<UniqueFd> Socket(int /*domain*/, int /*type*/, int /*protocol*/) override {
    return Descriptor("socket");
  }
  KernelResult<void> SetSocketOption(int /*fd*/, int /*level*/, int /*name*/,
                                     ByteView /*value*/) override {
    return Plain("setsockopt");
  }
  KernelResult<std::size_t> GetSocketOption(int /*fd*/, int /*level*/, int /*name*/,
                                            std::span<std::uint8_t> out) override {
    if (const auto error = Enter("getsockopt")) return Fail(*error);
    std::fill(out.begin(), out.end(), std::uint8_t{0});
    if (option.empty()) return out.size();
    std::copy(option.begin(), option.end(), out.begin());
    return option.size();
  }
  KernelResult<void> Bind(int /*fd*/, const sockaddr* /*address*/, socklen_t /*length*/) override {
    return Plain("bind");
  }
  KernelResult<void> Connect(int /*fd*/, const sockaddr* /*address*/,
                             socklen_t /*length*/) override {
    return Plain("connect");
  }
  KernelResult<void> Listen(int /*fd*/, int backlog_wanted) override {
    backlog = backlog_wanted;
    return Plain("listen");
  }
  KernelResult<UniqueFd> Accept(int /*fd*/, sockaddr_storage& peer, int /*flags*/) override {
    if (const auto error = Enter("accept")) return Fail(*error);
    if (accepts.empty()) return Fail(Errno(EAGAIN));
    const auto next = accepts.front();
    accepts.pop_front();
    if (!next) return Fail(next.error());
    peer = *next;
    return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  KernelResult<sockaddr_storage> SocketName(int /*fd*/) override {
    if (const auto error = Enter("getsockname")) return Fail(*error);
    return name;
  }
  KernelResult<sockaddr_storage> PeerName(int /*fd*/) override {
    if (const auto error = Enter("getpeername")) return Fail(*error);
    return peer_name;
  }
  KernelResult<std::size_t> Send(int /*fd*/, ByteView bytes, int /*flags*/) override {
    if (const auto error = Enter("send")) return Fail(*error);
    written.assign(bytes.begin(), bytes.end());
    if (on_send) on_send(bytes);
    return bytes.size();
  }
  KernelResult<std::size_t> Receive(int /*fd*/, std::span<std::uint8_t> out,
                                    int /*flags*/) override {
    if (const auto error = Enter("recv")) return Fail(*error);
    if (answers.empty() && acknowledges) answers.push_back(Acknowledgement());
    if (answers.empty()) return Fail(Errno(EAGAIN));
    const Bytes answer = std::move(answers.front());
    answers.pop_front();
    std::copy(answer.begin(), answer.end(), out.begin());
    return answer.size();
  }

  KernelResult<std::size_t> SendMessage(int /*fd*/, const msghdr& /*message*/,
                                        int /*flags*/) override {
    if (const auto error = Enter("sendmsg")) return Fail(*error);
    return Fail(Errno(EAGAIN));
  }
  KernelResult<std::size_t> ReceiveMessage(int /*fd*/, msghdr& /*message*/,
                                           int /*flags*/) override {
    if (const auto error = Enter("recvmsg")) return Fail(*error);
    return Fail(Errno(EAGAIN));
  }
  KernelResult<std::size_t> Poll(std::span<pollfd> watched, int /*milliseconds*/) override {
    if (const auto error = Enter("poll")) return Fail(*error);
    if (watched.empty() || polls.empty()) return std::size_t{0};
    watched.front().revents = polls.front();
    polls.pop_front();
    return std::size_t{watched.front().revents != 0};
  }
  KernelResult<int> Bpf(int command, void* attributes, std::size_t /*size*/) override {
    if (const auto error = Enter("bpf")) return Fail(*error);
    if (on_bpf) return on_bpf(command, *static_cast<bpf_attr*>(attributes));
    return Fail(Errno(EPERM));
  }

  std::vector<std::string> asked_for;  // the names in all TUNSETIFF

  int backlog = 0;
  short tun_flags = 0;
  int vnet_header = 0;
  unsigned offload = 0;           // set by TUNSETOFFLOAD
  unsigned offloads_known = ~0U;  // others are refused, as an older kernel does
  int offloads_refused = 0;

 private:
  // Of the request that was sent last: nlmsghdr (16), error (4), the request's header (16).
  Bytes Acknowledgement() {
    Bytes answer(36, 0);
    answer[0] = 36;
    answer[4] = 2;  // NLMSG_ERROR
    if (written.size() >= 16) std::copy(&written[8], &written[12], &answer[8]);
    if (!refusals.empty()) {
      const int error = -refusals.front();
      refusals.pop_front();
      std::memcpy(&answer[16], &error, sizeof(error));
      if (error != 0) return answer;
    }
    Bytes told = Told();
    told.insert(told.end(), answer.begin(), answer.end());
    return told;
  }
  // What is asked for in the request that was sent last.
  Bytes Told() const {
    if (written.size() >= 32 && written[4] == RTM_GETLINK) {
      ifinfomsg link{};
      link.ifi_index = 9;
      link.ifi_flags = link_flags;
      return Message(RTM_NEWLINK, link, link_attributes);
    }
    if (written.size() < 36 || written[4] != RTM_GETQDISC) return {};
    tcmsg traffic{};
    std::memcpy(&traffic, &written[16], sizeof(traffic));
    const auto qdisc = qdiscs.find(traffic.tcm_parent);
    if (qdisc == qdiscs.end()) return {};
    traffic.tcm_handle = qdisc->second;
    return Message(RTM_NEWQDISC, traffic, {});
  }
  template <class Body>
  Bytes Message(std::uint16_t type, const Body& body, const Bytes& attributes) const {
    nlmsghdr header{};
    header.nlmsg_len =
        static_cast<std::uint32_t>(sizeof(header) + sizeof(body) + attributes.size());
    header.nlmsg_type = type;
    std::memcpy(&header.nlmsg_seq, &written[8], sizeof(header.nlmsg_seq));
    Bytes message(sizeof(header) + sizeof(body));
    std::memcpy(message.data(), &header, sizeof(header));
    std::memcpy(message.data() + sizeof(header), &body, sizeof(body));
    message.insert(message.end(), attributes.begin(), attributes.end());
    return message;
  }
  KernelResult<void> FindAddress(const std::string& interface) {
    if (made_.count(interface) + foreign.count(interface) == 0) return Fail(Errno(ENODEV));
    if (!has_address) return Fail(Errno(EADDRNOTAVAIL));
    return {};
  }
  std::optional<Errno> Enter(const char* call) {
    calls_.emplace_back(call);
    if (calls_.size() == failing_) return Errno(errno_);
    return std::nullopt;
  }
  KernelResult<void> Plain(const char* call) {
    if (const auto error = Enter(call)) return Fail(*error);
    return {};
  }
  KernelResult<UniqueFd> Descriptor(const char* call) {
    if (const auto error = Enter(call)) return Fail(*error);
    return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  static KernelResult<std::size_t> Next(std::deque<KernelResult<Bytes>>& queue,
                                        std::span<std::uint8_t> out) {
    if (queue.empty()) return Fail(Errno(EAGAIN));
    const auto next = queue.front();
    queue.pop_front();
    if (!next) return Fail(next.error());
    std::copy(next->begin(), next->end(), out.begin());
    return next->size();
  }

  std::vector<std::string> calls_;
  std::set<std::string> made_;  // interfaces
  std::size_t failing_ = 0;
  int errno_ = 0;
};

// How many descriptors this process has open.
inline std::size_t OpenDescriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

}  // namespace sstpgw::edge
