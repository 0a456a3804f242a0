// A gateway without clients: the real one's link to the control plane (gateway/edge/control_client)
// with sessions that exist on paper only, for measuring what stands behind that link.
//
// Each session asks for its login as user "uN" with password "test". It then goes as far as the
// plan says:
//
//   kAnswer   the verdict is all; reported down at once
//   kUp       reported held, where its policy holds it, until a policy releases it; up; then down
//   kStay     likewise, and stays; every policy is taken as applied
//
// Threads: the link's own thread, and the one that made this; all public methods are for the
// latter. Errors: what ends the measurement (link lost, wrong settings) ends the process, with a
// message.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "controlplane/auth/ms_chap.h"
#include "gateway/edge/control_client.h"
#include "proto/base/link.h"

namespace sstpgw::bench {

enum class Reach { kAnswer, kUp, kStay };

struct Plan {
  std::string link;  // "unix:/run/sstpgw/link.sock"
  bool pap = false;  // otherwise MS-CHAPv2
  Reach reach = Reach::kAnswer;
  std::uint32_t concurrency = 32;        // logins in progress
  std::optional<std::uint32_t> logins;   // so many
  std::chrono::milliseconds time{3000};  // otherwise: none begins later
};

struct Tally {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  std::map<std::string, std::uint64_t> failures;  // reason -> logins
  std::vector<Duration> answered;                 // from question to verdict, of accepted ones
  std::vector<Duration> up;                       // from question to up
  Duration elapsed{};                             // first question to last verdict, or last up
  std::uint64_t policies = 0;                     // taken while up
  std::uint64_t ended = 0;                        // by order of the control plane
};

class BenchGateway final : public edge::ControlEvents {
 public:
  explicit BenchGateway(Plan plan);
  ~BenchGateway() override { client_->Shutdown(); }

  // Dials, then has all the plan's logins; back when the last one is over.
  void Run();
  // Octets for the next `sessions` of those that are up, in turn, told as a gateway does each
  // second.
  void Traffic(std::size_t sessions);
  // All reports are acknowledged, or `at_most` has passed.
  void AwaitReports(std::chrono::milliseconds at_most) { client_->AwaitReports(at_most); }
  [[nodiscard]] Tally tally() const;

  void OnLinkOpened(std::uint64_t link) override;
  void OnAttached(const std::string& address) override;
  void OnLinkLost(const std::string& reason) override;
  void OnUnreachable(const std::string& reason) override;
  void OnOrder(ToGatewayMessage order) override;
  void OnInvalidOrder(const std::string& reason) override;
  void OnAuthorized(edge::AuthorizeTicket ticket, Result<AuthorizeVerdict> answer) override;

 private:
  struct Session {
    SessionRecord record;
    TimePoint asked;
  };
  using Sessions = std::unordered_map<SessionId, Session>;

  // One more login, unless the plan has had them all; without the lock, as all that calls the link.
  void Begin();
  [[nodiscard]] bool MayBegin(TimePoint now) const;
  [[nodiscard]] AuthEvidence EvidenceOf(const std::string& user, std::uint64_t number) const;
  void Obey(const PolicyOrder& order);
  void Obey(const DisconnectOrder& order);
  // With the lock held: what becomes of a session; what is to be reported of it comes back.
  void Up(Sessions::iterator session, TimePoint now, std::vector<SessionReport>& reports);
  void Leave(Sessions::iterator session, TerminateCause cause, std::vector<SessionReport>& reports);
  // Without the lock.
  void Tell(std::vector<SessionReport> reports);
  // A login was over at that time, and all is told of it: the next one.
  void Over(TimePoint when);

  const Plan plan_;
  const cp::NtHash hash_;
  const std::string prefix_;  // of session ids, and the boot: this millisecond
  std::unique_ptr<edge::ControlClient> client_;
  std::atomic<bool> finished_{false};  // a lost link is no news any more

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  bool attached_ = false;
  bool configured_ = false;
  std::uint64_t begun_ = 0;
  std::uint64_t over_ = 0;
  TimePoint start_;
  Sessions sessions_;
  std::vector<SessionId> order_;  // kStay: of those that are up
  std::size_t next_traffic_ = 0;
  Tally tally_;
};

}  // namespace sstpgw::bench
