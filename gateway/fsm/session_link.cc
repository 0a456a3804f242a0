// The session's interface: made after the login, activated when layers and binding are there,
// changed when they change or the control plane says so; what is spoken on it (RA, DHCPv6).
#include <algorithm>
#include <utility>

#include "gateway/fsm/link_plan_of.h"
#include "gateway/fsm/session_impl.h"
#include "proto/base/text.h"

namespace sstpgw::fsm {
namespace {

// The control plane has its own, shorter limit for what it holds sessions for.
constexpr std::chrono::seconds kHoldTimeout{120};
// Each change is told to the kernel and to the control plane; an honest peer makes none.
constexpr std::uint32_t kMaxMtuChanges = 16;
constexpr std::uint16_t kMppeOverhead = 4;     // coherency count and the inner protocol
constexpr std::uint16_t kLeastFramedMtu = 68;  // RFC 791; less is no MTU
// Messages of DHCPv6 that are looked at: so many at once, then one in each period. A client repeats
// what is not answered (RFC 8415 15), and each may change routes and be told to the control plane.
constexpr int kDhcpv6AtOnce = 32;
constexpr std::chrono::milliseconds kDhcpv6Period{250};
constexpr std::uint16_t kLeastIpv6Mtu = 1280;  // RFC 8200 5; the kernel has no IPv6 below it

}  // namespace

void Session::Impl::On(const InterfaceCreated& event) {
  if (phase_ == Phase::kFinishing && interface_ == Interface::kReleased) {
    out_.Add(ReleaseInterface{});  // it came too late
    return;
  }
  if (interface_ != Interface::kCreating) return;
  interface_ = Interface::kCreated;
  interface_name_ = event.name;
  final_name_ = event.final_name;
  out_.set_origin("");
  out_.Add(SetLogPrefix{interface_name_, LogUser()});
  out_.Log(LogLevel::kInfo, "connect: " + interface_name_ + " <--> sstp(" + connection_.peer + ")");
  if (!event.warning.empty()) out_.Log(LogLevel::kWarning, Escape(event.warning));
  out_.Log(LogLevel::kDebug, "ppp connected");
  auth_.Succeed(success_message_, out_, std::move(success_eap_));
  out_.Log(LogLevel::kInfo, LogUser() + ": authentication succeeded");
  out_.Add(Report{SessionEventKind::kAuthorized, TerminateCause::kNone, {}});
  routes_ = ParseFramedRoutes(policy_.network);
  for (const std::string& warning : routes_.warnings) out_.Log(LogLevel::kWarning, warning);
  StartNetwork();
}

void Session::Impl::On(const InterfaceFailed& event) {
  const bool creating = interface_ == Interface::kCreating;
  if (!creating && interface_ != Interface::kActivating) return;
  out_.Count(Counter::kInterfaceFailed);
  out_.Log(LogLevel::kError, "interface: " + Escape(event.reason));
  interface_ = Interface::kNone;
  Ending ending{TerminateCause::kNasError, "interface: " + Escape(event.reason)};
  if (creating) ending = auth_.RefuseNow(ending.cause, ending.reason, out_);
  End(ending);
}

// ---- Activation

void Session::Impl::ActivateWhenReady() {
  if (phase_ != Phase::kNetwork || !bound_ || !layers_settled_ || !LayerOpen()) return;
  if (policy_.hold) {
    phase_ = Phase::kHeld;
    out_.Start(TimerId::kHold, kHoldTimeout);
    out_.Log(LogLevel::kDebug, "ppp: held");
    out_.Add(Report{SessionEventKind::kHeld, TerminateCause::kNone, {}});
    return;
  }
  phase_ = Phase::kActivate;
  interface_ = Interface::kActivating;
  interface_mtu_ = LinkMtu();
  link_ = PlanUnder(policy_);
  sources_ = MakeSourceFilter(policy_, routes_, Facts());
  out_.Add(ActivateInterface{
      .plan = link_, .sources = sources_, .mtu = interface_mtu_, .rate_limit = policy_.rate_limit});
}

void Session::Impl::On(const InterfaceActivated& event) {
  if (phase_ != Phase::kActivate) return;
  interface_ = Interface::kUp;
  phase_ = Phase::kActive;
  final_name_ = event.name;
  if (event.name != interface_name_) {
    out_.Log(LogLevel::kTrace, "rename interface to '" + event.name + "'");
    interface_name_ = event.name;
    out_.Add(SetLogPrefix{interface_name_, LogUser()});
  }
  out_.Log(LogLevel::kDebug, "sstp: ppp: started");
  std::string text = "session up:";
  if (link_.ipv4) text += " address " + policy_.address.ToString() + ",";
  if (ipv6cp_.opened()) {
    for (const Ipv6Prefix& prefix : policy_.network.framed_ipv6_prefixes) {
      text += " IPv6 " + prefix.ToString() + ",";
    }
  }
  if (ccp_.mppe()) text += " MPPE,";
  out_.Log(LogLevel::kInfo, text + " client " + connection_.peer);
  out_.Add(Report{SessionEventKind::kUp, TerminateCause::kNone, {}});
  StartTimeouts();
  FollowLayers();  // what has come up in between
  ManageIpv6();
}

// ---- What the interface has to be

std::uint16_t Session::Impl::LinkMtu() const {
  std::uint16_t mtu = lcp_.mtu();
  const std::uint32_t framed = policy_.network.framed_mtu;
  if (framed >= kLeastFramedMtu && framed < mtu) mtu = static_cast<std::uint16_t>(framed);
  return ccp_.mppe() ? static_cast<std::uint16_t>(mtu - kMppeOverhead) : mtu;
}

LinkFacts Session::Impl::Facts() const {
  return {.ipv4_open = ipcp_.opened(),
          .ipv6_open = ipv6cp_.opened() && interface_mtu_ >= kLeastIpv6Mtu,
          .ids = Ids(),
          .delegated = dhcpv6_.delegated(),
          .route_via_gateway = settings_.ppp.dhcpv6.route_via_gateway};
}

InterfaceIds Session::Impl::Ids() const { return {ipv6cp_.our_id(), ipv6cp_.peer_id()}; }

LinkPlan Session::Impl::PlanUnder(const SessionPolicy& policy) const {
  return MakeLinkPlan(policy, routes_, Facts());
}

std::optional<LinkPlan> Session::Impl::LinkUnder(const SessionPolicy& policy) const {
  if (interface_ != Interface::kUp) return std::nullopt;
  SessionPolicy wanted = policy_;
  wanted.network.vrf = policy.network.vrf;
  return PlanUnder(wanted);
}

void Session::Impl::FollowLayers() {
  if (phase_ != Phase::kActive) return;
  LinkPlan plan = PlanUnder(policy_);
  SourceFilter sources = MakeSourceFilter(policy_, routes_, Facts());
  if (plan == link_ && sources == sources_) return;
  link_ = std::move(plan);
  sources_ = std::move(sources);
  out_.Add(ChangeLink{link_, sources_});
  ManageIpv6();
  out_.Add(Report{SessionEventKind::kChange, TerminateCause::kNone, {}});
}

void Session::Impl::On(const LinkChangeFailed& event) {
  if (phase_ != Phase::kActive) return;
  const std::string reason = "interface: " + Escape(event.reason);
  out_.Log(LogLevel::kError, reason);
  End({.cause = TerminateCause::kNasError,
       .reason = reason,
       .counter = Counter::kLinkChangeFailed});
}

// LCP has agreed on another MRU of the peer.
void Session::Impl::FollowPeersMru() {
  ccp_.set_peer_mru(lcp_.mtu());
  ipcp_.set_peer_mru(lcp_.mtu());
  ipv6cp_.set_peer_mru(lcp_.mtu());
  LinkMtuChanged();
}

void Session::Impl::LinkMtuChanged() {
  if (interface_mtu_ == 0 || interface_mtu_ == LinkMtu()) return;
  if (++mtu_changes_ > kMaxMtuChanges) {
    const std::string reason = "lcp: peer changes its MRU again and again";
    out_.Log(LogLevel::kWarning, reason);
    End({.cause = TerminateCause::kUserError,
         .reason = reason,
         .counter = Counter::kPppNoAgreement});
    return;
  }
  const bool smaller = LinkMtu() < interface_mtu_;
  interface_mtu_ = LinkMtu();
  // IPv6 goes before its MTU does, and comes after.
  if (smaller) FollowLayers();
  out_.Add(SetInterfaceMtu{interface_mtu_});
  if (!smaller) FollowLayers();
  if (ipv6_running_) {
    advertiser_.Update(MakeAdvertisedLink(policy_.network, Ids(), interface_mtu_), out_);
  }
  out_.Add(Report{SessionEventKind::kChange, TerminateCause::kNone, {}});
}

// ---- RA and DHCPv6

void Session::Impl::ManageIpv6() {
  // With link-local addresses alone there is nothing to tell.
  const bool wanted =
      phase_ == Phase::kActive && link_.ipv6.has_value() && HasIpv6(policy_.network);
  if (wanted == ipv6_running_) return;
  ipv6_running_ = wanted;
  if (wanted) {
    advertiser_.Start(MakeAdvertisedLink(policy_.network, Ids(), interface_mtu_), out_);
    dhcpv6_.Start(MakeLeasedLink(policy_.network, Ids()));
  } else {
    advertiser_.Stop(out_);
  }
}

void Session::Impl::On(const Ipv6ControlReceived& event) {
  constexpr std::size_t kNextHeader = 6;
  constexpr std::uint8_t kIcmpv6 = 58;
  if (!ipv6_running_ || event.packet.size() <= kNextHeader) return;
  if (event.packet[kNextHeader] == kIcmpv6) {
    advertiser_.Receive(event.packet, now_, out_);
    return;
  }
  dhcpv6_due_ = std::max(dhcpv6_due_, now_);
  if (dhcpv6_due_ - now_ > (kDhcpv6AtOnce - 1) * kDhcpv6Period) {
    out_.Count(Counter::kDhcpv6Discarded);
    return;
  }
  dhcpv6_due_ += kDhcpv6Period;
  const Dhcpv6Outcome outcome = dhcpv6_.Receive(event.packet, now_, out_);
  if (!outcome.delegation_taken && !outcome.delegation_released) return;
  for (const Ipv6Prefix& prefix : policy_.network.delegated_ipv6_prefixes) {
    out_.Log(LogLevel::kInfo, "IPv6 prefix " + prefix.ToString() +
                                  (outcome.delegation_taken ? " delegated" : " given back"));
  }
  FollowLayers();
}

void Session::Impl::On(const MppeOutOfStep& /*event*/) {
  if (phase_ != Phase::kFinishing) ccp_.OutOfStep(out_);
}

// ---- Orders

void Session::Impl::On(const TerminateRequested& event) {
  Ending ending{event.cause, Escape(event.reason), event.termination, false};
  if (phase_ == Phase::kFinishing) ending.manner = Termination::kHard;
  End(ending);
}

bool Session::Impl::TakesPolicy(Generation generation) const {
  return phase_ >= Phase::kInterface && phase_ <= Phase::kActive && generation > policy_.generation;
}

void Session::Impl::On(const PolicyReplaced& event) {
  if (TakesPolicy(event.policy.generation)) TakePolicy(event.policy);
}

void Session::Impl::TakePolicy(SessionPolicy policy) {
  SessionPolicy old = std::exchange(policy_, std::move(policy));
  // What was agreed on with the peer, or given to it, stays for the session's life.
  policy_.address = old.address;
  policy_.gateway_address = old.gateway_address;
  std::string vrf = std::move(policy_.network.vrf);
  policy_.network = old.network;
  policy_.network.vrf = std::move(vrf);
  if (phase_ >= Phase::kActivate) policy_.hold = false;
  if (phase_ == Phase::kActive) ChangeTimeouts(old);
  const bool released = phase_ == Phase::kHeld && !policy_.hold;
  if (released) {
    out_.Stop(TimerId::kHold);
    phase_ = Phase::kNetwork;
  }
  out_.Add(Report{SessionEventKind::kChange, TerminateCause::kNone, {}});
  FollowLayers();
  if (released) ActivateWhenReady();
}

}  // namespace sstpgw::fsm
