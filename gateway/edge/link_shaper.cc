#include "gateway/edge/link_shaper.h"

namespace sstpgw::edge {
namespace {

// Drops what is above the rate, whoever keeps it otherwise.
sg_policy Guarded(sg_policy policy) {
  if (policy.down.rate != 0) policy.down.kind = SG_KIND_POLICE;
  return policy;
}

}  // namespace

Result<void> LinkShaper::Apply(Netlink& netlink, const sg_policy& policy, const RootQueue& queue) {
  SG_RETURN_IF_ERROR(policy_ ? Change(netlink, policy, queue) : Start(netlink, policy, queue));
  policy_ = policy;
  return {};
}

// The programs come last: before they have a policy they would drop everything.
Result<void> LinkShaper::Start(Netlink& netlink, const sg_policy& policy, const RootQueue& queue) {
  auto done = programs_->SetPolicy(index_, policy);
  if (done) done = queue_.Set(netlink, queue);
  if (done) {
    auto attached = ProgramAttachment::Attach(*kernel_, netlink, *programs_, index_, way_);
    if (attached) {
      attachment_ = std::move(*attached);
    } else {
      done = Fail(attached.error());
    }
  }
  if (!done) static_cast<void>(Bare(netlink));
  return done;
}

Result<void> LinkShaper::Change(Netlink& netlink, const sg_policy& policy, const RootQueue& queue) {
  const RootQueue old = queue_.current();
  bool guarded = false;
  const auto guard = [&] {
    guarded = true;
    return programs_->SetPolicy(index_, Guarded(policy));
  };
  const bool other_keeper = queue.index() != old.index() || policy.down.kind != policy_->down.kind;
  auto done = other_keeper ? guard() : programs_->SetPolicy(index_, policy);
  if (done) done = queue_.Set(netlink, queue, guard);
  if (done && guarded) done = programs_->SetPolicy(index_, policy);
  if (done) return {};
  // Behind a queue that is not the old one, the old policy may limit nothing.
  if (queue_.current() != old) policy_ = Guarded(*policy_);
  static_cast<void>(programs_->SetPolicy(index_, *policy_));
  return done;
}

Result<void> LinkShaper::Bare(Netlink& netlink) {
  auto detached = attachment_ ? attachment_->Detach(netlink) : Result<void>();
  attachment_.reset();
  const auto removed = queue_.Set(netlink, {});
  Forget();
  return detached ? removed : detached;
}

void LinkShaper::Forget() {
  policy_.reset();
  // What cannot be removed is memory until the next gateway starts.
  static_cast<void>(programs_->Remove(index_));
}

}  // namespace sstpgw::edge
