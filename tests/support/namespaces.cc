#include "tests/support/namespaces.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>

#include "tests/support/process.h"

namespace sstpgw::test {
namespace {

Finished Ip(const std::string& arguments, const Namespace* where = nullptr) {
  ProcessOptions options;
  options.where = where;
  return RunProcess({"sh", "-c", "ip " + arguments}, options);
}

void MustIp(const std::string& arguments) {
  const Finished done = Ip(arguments);
  EXPECT_EQ(done.exit_code, 0) << "ip " << arguments << ": " << done.output;
}

std::string UniqueName(const std::string& role) {
  static std::atomic<int> counter{0};
  return "sg" + std::to_string(getpid()) + "-" + std::to_string(++counter) + "-" + role;
}

}  // namespace

bool CanUseNamespaces() { return geteuid() == 0 && access("/dev/net/tun", R_OK | W_OK) == 0; }

std::string SkipReason() { return "needs root (network namespaces and /dev/net/tun)"; }

Namespace::Namespace(const std::string& role) : name_(UniqueName(role)) {
  MustIp("netns add " + name_);
  Ip("link set lo up");
}

Namespace::~Namespace() { test::Ip("netns del " + name_); }

void Namespace::Run(const std::function<void()>& body) const {
  const int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  const int away = open(("/run/netns/" + name_).c_str(), O_RDONLY | O_CLOEXEC);
  if (home < 0 || away < 0 || setns(away, CLONE_NEWNET) != 0) {
    ADD_FAILURE() << "cannot enter namespace " << name_;
  } else {
    body();
    if (setns(home, CLONE_NEWNET) != 0) std::abort();
  }
  close(home);
  close(away);
}

std::string Namespace::Ip(const std::string& arguments) const {
  // Not "ip -n": that remounts / and cannot do so in a plain chroot.
  const Finished done = test::Ip(arguments, this);
  EXPECT_EQ(done.exit_code, 0) << name_ << ": ip " << arguments << ": " << done.output;
  return done.output;
}

std::string Namespace::Shell(const std::string& command, int* exit_code) const {
  ProcessOptions options;
  options.where = this;
  const Finished done = RunProcess({"sh", "-c", command}, options);
  if (exit_code != nullptr) *exit_code = done.exit_code;
  return done.output;
}

Veth::Veth(const End& a, const End& b)
    : a_where_(a.where), a_name_(a.name), b_where_(b.where), b_name_(b.name) {
  MustIp("link add " + a.name + " netns " + a.where.name() + " type veth peer name " + b.name +
         " netns " + b.where.name());
  for (const End* end : {&a, &b}) {
    end->where.Ip("addr add " + end->cidr + " dev " + end->name);
    end->where.Ip("link set " + end->name + " up");
  }
}

Veth::~Veth() { test::Ip("link del " + a_name_, &a_where_); }

void Veth::Drop() { b_where_.Ip("link set " + b_name_ + " down"); }
void Veth::Restore() { b_where_.Ip("link set " + b_name_ + " up"); }

}  // namespace sstpgw::test
