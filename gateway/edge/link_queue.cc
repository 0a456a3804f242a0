#include "gateway/edge/link_queue.h"

#include <string>

namespace sstpgw::edge {
namespace {

const LeafQueue& LeafOf(const RootQueue& queue) {
  static const LeafQueue none;
  if (const auto* tbf = std::get_if<TbfQueue>(&queue)) return tbf->leaf;
  if (const auto* htb = std::get_if<HtbQueue>(&queue)) return htb->leaf;
  return none;
}

// What a change of the queue cannot reach.
bool NeedsNewRoot(const RootQueue& old, const RootQueue& wanted) {
  if (old.index() != wanted.index()) return true;
  // The limit's own leaf is made with the root only.
  if (LeafOf(old).index() != 0 && LeafOf(wanted).index() == 0) return true;
  const auto* htb = std::get_if<HtbQueue>(&wanted);
  return htb != nullptr && htb->r2q != std::get<HtbQueue>(old).r2q;
}

}  // namespace

template <class Build>
Result<void> LinkQueue::Ask(Netlink& netlink, const char* what, const char* kind, Build build) {
  const std::string step =
      std::string(what) + " " + kind + " of interface #" + std::to_string(index_.value());
  SG_RETURN_IF_ERROR(netlink.Ask(step, build));
  touched_ = true;
  return {};
}

Result<void> LinkQueue::Set(Netlink& netlink, const RootQueue& wanted, const Guard& guard) {
  if (wanted == current_) return {};
  if (wanted.index() == 0) return Remove(netlink);
  const RootQueue old = current_;
  touched_ = false;
  const bool install = NeedsNewRoot(old, wanted);
  auto done = install ? Install(netlink, wanted, guard) : Change(netlink, wanted);
  // Somebody else has removed it.
  if (!done && !install && done.error().code == ErrorCode::kNotFound) {
    done = Install(netlink, wanted, guard);
  }
  if (done) {
    current_ = wanted;
  } else if (touched_ || current_ != old) {
    static_cast<void>(Restore(netlink, old, guard));
  }
  return done;
}

Result<void> LinkQueue::Restore(Netlink& netlink, const RootQueue& old, const Guard& guard) {
  // Better without a guard than not at all.
  static_cast<void>(guard());
  static_cast<void>(Remove(netlink));
  if (old.index() == 0) return {};
  SG_RETURN_IF_ERROR(Install(netlink, old, Unguarded));
  current_ = old;
  return {};
}

Result<void> LinkQueue::Remove(Netlink& netlink) {
  current_ = {};
  auto removed = Ask(netlink, "removing", "the queue",
                     [&](std::uint32_t sequence) { return BuildRootDelete(sequence, index_); });
  if (removed || removed.error().code == ErrorCode::kNotFound) return {};
  return removed;
}

Result<void> LinkQueue::Change(Netlink& netlink, const RootQueue& wanted) {
  const LeafQueue& leaf = LeafOf(wanted);
  const bool same_leaf = leaf == LeafOf(current_);
  if (const auto* htb = std::get_if<HtbQueue>(&wanted)) {
    if (!same_leaf) SG_RETURN_IF_ERROR(SetLeaf(netlink, kHtbClass, leaf));
    return SetClass(netlink, *htb);
  }
  SG_RETURN_IF_ERROR(SetRoot(netlink, wanted));
  // sch_tbf gives its limit to any fifo inside, as packets if that one counts packets.
  const bool spoilt = std::holds_alternative<FifoQueue>(leaf);
  if (same_leaf && !spoilt) return {};
  return SetLeaf(netlink, kTbfClass, leaf);
}

Result<void> LinkQueue::Install(Netlink& netlink, const RootQueue& wanted, const Guard& guard) {
  SG_RETURN_IF_ERROR(guard());
  // A root of the same kind would be changed instead of made.
  if (wanted.index() == current_.index()) SG_RETURN_IF_ERROR(Remove(netlink));
  SG_RETURN_IF_ERROR(SetRoot(netlink, wanted));
  if (const auto* htb = std::get_if<HtbQueue>(&wanted)) {
    SG_RETURN_IF_ERROR(SetClass(netlink, *htb));
    return SetLeaf(netlink, kHtbClass, htb->leaf);
  }
  return SetLeaf(netlink, kTbfClass, LeafOf(wanted));
}

Result<void> LinkQueue::SetRoot(Netlink& netlink, const RootQueue& wanted) {
  return Ask(netlink, "setting", NameOf(wanted), [&](std::uint32_t sequence) {
    if (const auto* tbf = std::get_if<TbfQueue>(&wanted)) {
      return BuildRootQueue(sequence, index_, *tbf);
    }
    if (const auto* htb = std::get_if<HtbQueue>(&wanted)) {
      return BuildRootQueue(sequence, index_, *htb);
    }
    return BuildRootQueue(sequence, index_, std::get<FqQueue>(wanted));
  });
}

Result<void> LinkQueue::SetClass(Netlink& netlink, const HtbQueue& wanted) {
  return Ask(netlink, "setting", "the htb class",
             [&](std::uint32_t sequence) { return BuildHtbClass(sequence, index_, wanted); });
}

Result<void> LinkQueue::SetLeaf(Netlink& netlink, std::uint32_t parent_class,
                                const LeafQueue& wanted) {
  if (std::holds_alternative<std::monostate>(wanted)) return {};
  return Ask(netlink, "setting leaf", NameOf(wanted), [&](std::uint32_t sequence) {
    return BuildLeafQueue(sequence, index_, parent_class, wanted);
  });
}

}  // namespace sstpgw::edge
