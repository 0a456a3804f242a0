// The gateway's side of SessionLink: dials the control plane, keeps one Attach stream alive, asks
// Authorize questions, and keeps session reports until they are acknowledged (report_queue.h).
//
// Own target gw_control: no gRPC or protobuf header leaves the .cc.
// Threads: every public method may be called from any thread and never waits for the network
// (Shutdown and AwaitReports excepted). ControlEvents are called on the client's own threads.
// Errors: none are returned after Start; a lost control plane is told through ControlEvents and
// dialled again with growing pauses, and questions asked meanwhile fail at once.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "proto/base/link.h"
#include "proto/base/result.h"

namespace sstpgw::edge {

struct ControlOptions {
  std::string gateway_id;
  std::string boot_id;
  std::string version;
  std::vector<std::string> capabilities;
  std::vector<std::string> addresses;  // tried in order; "unix:/run/sstpgw/link.sock"
  std::chrono::milliseconds least_pause{200};
  std::chrono::milliseconds longest_pause{2000};
  std::chrono::milliseconds connect_timeout{2000};
  // As long as a negotiation may take by default: RADIUS servers are tried one after the other. A
  // control plane that is gone is noticed by its link.
  std::chrono::seconds authorize_deadline{60};
  // A control plane that is silent is asked for a sign of life, and given up without one.
  std::chrono::milliseconds keepalive_interval{3000};
  std::chrono::milliseconds keepalive_timeout{3000};
};

// Where an answer belongs.
struct AuthorizeTicket {
  std::size_t worker = 0;
  SessionId session;
  AttemptId attempt;
};

// Called from the client's threads; must not block and not call Shutdown.
class ControlEvents {
 public:
  virtual ~ControlEvents() = default;
  // Connected: answer with SendHello(link, ...). Until then nothing else is sent.
  virtual void OnLinkOpened(std::uint64_t link) = 0;
  // Hello is out, reports flow.
  virtual void OnAttached(const std::string& address) = 0;
  // An attached control plane is gone.
  virtual void OnLinkLost(const std::string& reason) = 0;
  // Dialling failed, said once until the next success.
  virtual void OnUnreachable(const std::string& reason) = 0;
  // Settings, policy, disconnect and drain; acknowledgements stay inside the client.
  virtual void OnOrder(ToGatewayMessage order) = 0;
  // A message that breaks the contract; it is ignored, settings and policy are answered with
  // Refused.
  virtual void OnInvalidOrder(const std::string& reason) = 0;
  virtual void OnAuthorized(AuthorizeTicket ticket, Result<AuthorizeVerdict> answer) = 0;
};

class ControlClient {
 public:
  // kUnsupported, kInvalidArgument: an address that cannot be used, with the reason. `events` must
  // outlive the client.
  static Result<std::unique_ptr<ControlClient>> Create(ControlOptions options,
                                                       ControlEvents& events);
  ~ControlClient();
  ControlClient(const ControlClient&) = delete;
  ControlClient& operator=(const ControlClient&) = delete;

  void Start();
  // Everything the gateway carries, for the link told by OnLinkOpened; ignored if that one is gone.
  void SendHello(std::uint64_t link, std::vector<SessionRecord> sessions, Generation applied);
  // Kept until acknowledged. The end of a session is also written into the log (session_end.h).
  void Report(SessionReport report);
  // Only the newest batch waits; not attached: dropped (Hello brings the totals).
  void SendCounters(CountersBatch batch);
  // Not attached: dropped (Hello tells the generation).
  void SendApplied(Applied applied);
  void SendRefused(Refused refused);
  // The answer comes as OnAuthorized, always exactly one.
  void Authorize(AuthorizeTicket ticket, AuthorizeQuestion question);

  [[nodiscard]] bool attached() const;
  // Reports dropped for want of room.
  [[nodiscard]] std::uint64_t reports_dropped() const;
  // Waits until all reports are acknowledged, the link is lost or `at_most` has passed.
  void AwaitReports(std::chrono::milliseconds at_most);
  // Ends the link and all questions; no event is called after it returned.
  void Shutdown();

 private:
  class Impl;
  explicit ControlClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sstpgw::edge
