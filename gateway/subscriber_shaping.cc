// A session's limits as its worker keeps them.
#include <algorithm>
#include <utility>

#include "gateway/edge/tcp_path.h"
#include "gateway/subscriber.h"
#include "proto/base/log.h"

namespace sstpgw::gateway {
namespace {

// The round's time may be a little old, and what is paced is counted in microseconds.
TimePoint Now() { return std::chrono::steady_clock::now(); }

const char* VerbOf(const RateLimit& before, const RateLimit& after) {
  if (!after.any()) return "removed shaper";
  return before.any() ? "changed shaper " : "installed shaper ";
}

// What the program lets in is bounded in octets; small packets are to find room, too.
edge::TxQueueLength QueueFor(const datapath::DownPacer* pacer) {
  constexpr std::uint64_t kSmallPacket = 500;
  constexpr std::uint64_t kMost = 1000;  // what passes for its mark is bounded by this alone
  const std::uint64_t octets = pacer == nullptr ? 0 : pacer->limit().queue;
  return edge::TxQueueLength(static_cast<std::uint32_t>(std::min(octets / kSmallPacket, kMost)));
}

}  // namespace

// ---- Changes
// -----------------------------------------------------------------------------------

Result<void> Subscriber::ReplacePolicy(SessionPolicy policy) {
  if (!session_.TakesPolicy(policy.generation)) return {};
  const auto former = session_.LinkUnder(session_.policy());
  const auto wanted = session_.LinkUnder(policy);
  const bool moves = interface_ && wanted && wanted != former;
  if (moves) SG_RETURN_IF_ERROR(interface_->Change(shared_.netlink, *wanted));
  const std::string& vrf = policy.network.vrf;
  if (interface_ && !wanted && !vrf.empty() && vrf != session_.policy().network.vrf) {
    SG_RETURN_IF_ERROR(shared_.netlink.FindVrf(vrf));  // for when it is activated
  }
  if (link_ && policy.rate_limit != KeptLimit()) {
    const auto limited = LimitTo(policy.rate_limit, *link_);
    if (!limited) {
      const auto back = moves ? interface_->Change(shared_.netlink, *former) : Result<void>();
      // Where it is now is neither what was asked for nor what is told of it.
      if (!back) Deliver(fsm::LinkChangeFailed{back.error().message});
      return limited;
    }
  }
  Deliver(fsm::PolicyReplaced{std::move(policy)});
  return {};
}

bool Subscriber::LimitAtActivation(const fsm::ActivateInterface& action) {
  link_ = ShapedLink{SourcesOf(action.plan, action.sources), Mtu(action.mtu)};
  const auto limited = LimitTo(action.rate_limit, *link_);
  if (limited) return true;
  const std::string reason = "shaper: " + limited.error().message;
  ++shared_.limits_failed;
  if (!settings_.shaper.required) {
    Log(LogLevel::kError, log_prefix_ + reason + "; the session goes on without a limit");
    return true;
  }
  DoReleaseInterface();
  follow_ups_.push_back(fsm::InterfaceFailed{reason});
  return false;
}

RateLimit Subscriber::KeptLimit() const { return shaper_ ? shaper_->limit() : RateLimit{}; }

Result<void> Subscriber::LimitTo(const RateLimit& limit, const ShapedLink& link) {
  const RateLimit before = KeptLimit();
  const bool first = shaper_ == nullptr;
  if (first) {
    if (!limit.any()) return {};
    if (shared_.shaper.programs() == nullptr) {
      return Fail(Error{ErrorCode::kUnsupported, shared_.shaper.missing()});
    }
    shaper_ = std::make_unique<SessionShaper>(shared_.kernel, shared_.shaper, settings_.shaper,
                                              interface_->index());
  }
  const auto applied = shaper_->Apply(shared_.netlink, limit, link, Now());
  if (!applied) {
    if (first) shaper_.reset();  // it took back what it did
    return applied;
  }
  // Without it packets are lost sooner, where they are small and the rate is high.
  static_cast<void>(interface_->SetQueue(shared_.netlink, QueueFor(shaper_->down())));
  datapath::UpPacer* const up = shaper_->up();
  uplink_.SetPacer(up);
  const std::uint64_t window =
      up == nullptr ? 0 : up->WindowClamp(edge::RoundTrip(shared_.kernel, stream_->fd()));
  // Without it the client's queue is longer, and nothing else is worse.
  static_cast<void>(edge::ClampWindow(shared_.kernel, stream_->fd(),
                                      window > 0 ? window : datapath::UpPacer::kMostWindow));
  for (const std::uint64_t timer : {kPaceUp, kPaceDown}) {
    shared_.loop.CancelTimer(timers_[timer]);
    timers_[timer] = {};
  }
  unread_inside_ = true;
  if (before != limit && settings_.shaper.verbose) {
    Log(LogLevel::kInfo, log_prefix_ + "shaper: " + VerbOf(before, limit) +
                             (limit.any() ? LimitText(limit) + " (Kbit)" : ""));
  }
  return {};
}

// ---- The pace
// ----------------------------------------------------------------------------------

std::size_t Subscriber::UpRoom() {
  datapath::UpPacer* const pacer = shaper_ ? shaper_->up() : nullptr;
  if (pacer == nullptr) return read_room_.size();
  if (Runs(kPaceUp)) return 0;
  const TimePoint now = Now();
  const std::size_t room = pacer->ReadRoom(now);
  if (room > 0) return std::min(room, read_room_.size());
  timers_[kPaceUp] =
      shared_.loop.StartTimer(now - shared_.loop.Now() + pacer->Wait(now), *this, kPaceUp);
  return 0;
}

void Subscriber::ResumeUp() {
  datapath::UpPacer* const pacer = shaper_ ? shaper_->up() : nullptr;
  if (pacer == nullptr || !stream_) return;
  pacer->Resume(edge::OctetsUnread(shared_.kernel, stream_->fd()), Now());
}

void Subscriber::UpDrained() {
  if (shaper_ && shaper_->up() != nullptr) shaper_->up()->Drained(Now());
}

std::uint64_t Subscriber::DownAllowance() {
  datapath::DownPacer* const pacer = shaper_ ? shaper_->down() : nullptr;
  if (pacer == nullptr) return datapath::DownPacer::kNoLimit;
  if (Runs(kPaceDown)) return 0;
  shaper_->CreditMarked();
  const std::uint64_t allowance = pacer->Allowance(Now());
  if (allowance == 0) WaitDown(*pacer);
  return allowance;
}

std::uint64_t Subscriber::ChargeDown(ByteView read, std::uint64_t allowance) {
  if (!shaper_) return allowance;
  shaper_->CountRead(read);
  datapath::DownPacer* const pacer = shaper_->down();
  if (pacer == nullptr) return allowance;
  pacer->Charge(datapath::CostOfRead(read, shaper_->rule()).octets);
  const std::uint64_t left = pacer->Allowance();
  if (left == 0) WaitDown(*pacer);
  return left;
}

void Subscriber::HoldDown() {
  if (shaper_ && shaper_->down() != nullptr) shaper_->down()->Hold(Now());
}

void Subscriber::DownDrained() {
  if (shaper_ && shaper_->down() != nullptr) shaper_->down()->Drained();
}

void Subscriber::WaitDown(datapath::DownPacer& pacer) {
  const TimePoint now = Now();
  timers_[kPaceDown] =
      shared_.loop.StartTimer(now - shared_.loop.Now() + pacer.Wait(now), *this, kPaceDown);
}

}  // namespace sstpgw::gateway
