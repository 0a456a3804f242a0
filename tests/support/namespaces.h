// Network namespaces and veth pairs for tests. Names are unique per process, so several test
// programs may run at one time. Needs root. Everything is gone with its object.
#pragma once

#include <functional>
#include <string>

namespace sstpgw::test {

// True with the privileges that namespaces need; otherwise tests are skipped with SkipReason().
[[nodiscard]] bool CanUseNamespaces();
[[nodiscard]] std::string SkipReason();

class Namespace {
 public:
  // `role` becomes part of the name: "sg4711-1-server". Loopback is up.
  explicit Namespace(const std::string& role);
  ~Namespace();
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  // Runs `body` with the calling thread inside; sockets opened there stay there.
  void Run(const std::function<void()>& body) const;
  // Runs "ip <arguments>" inside and returns its output; the test fails if it fails.
  std::string Ip(const std::string& arguments) const;
  // Runs a shell command inside, returns its standard output; `exit_code` may be null.
  std::string Shell(const std::string& command, int* exit_code = nullptr) const;

 private:
  std::string name_;
};

// Two ends of a cable, up, with addresses such as "192.168.10.1/24".
class Veth {
 public:
  struct End {
    const Namespace& where;
    std::string name;
    std::string cidr;
  };
  Veth(const End& a, const End& b);
  ~Veth();
  Veth(const Veth&) = delete;
  Veth& operator=(const Veth&) = delete;

  // Pulls the cable at end `b`: packets vanish without a FIN or an ICMP message.
  void Drop();
  // Plugs it in again.
  void Restore();

 private:
  const Namespace& a_where_;
  std::string a_name_;
  const Namespace& b_where_;
  std::string b_name_;
};

}  // namespace sstpgw::test
