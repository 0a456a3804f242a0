#include "gateway/fsm/router_advertiser.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "gateway/fsm/ipv6_addressing.h"

namespace sstpgw::fsm {
namespace {

using std::chrono::seconds;

// Answers: this many at once, then one per period. An honest host solicits three times.
constexpr int kAnswersAtOnce = 5;
constexpr seconds kAnswerPeriod{1};
constexpr seconds kShortestInterval{1};
constexpr std::uint8_t kAutonomousLength = 64;  // RFC 4862 needs identifiers of 64 bits
constexpr std::size_t kMaxGone = 8;

// What is announced for a prefix of the session.
Ipv6Prefix Announced(const Ipv6Prefix& prefix) {
  return prefix.length == 128 ? MakeIpv6Prefix(prefix.address, kAutonomousLength) : prefix;
}

bool Holds(const std::vector<Ipv6Prefix>& prefixes, const Ipv6Prefix& prefix) {
  return std::find(prefixes.begin(), prefixes.end(), prefix) != prefixes.end();
}

bool Announces(const AdvertisedLink& link, const Ipv6Prefix& announced) {
  return std::any_of(link.prefixes.begin(), link.prefixes.end(),
                     [&](const Ipv6Prefix& prefix) { return Announced(prefix) == announced; });
}

}  // namespace

void RouterAdvertiser::Start(AdvertisedLink link, Outbox& out) {
  link_ = std::move(link);
  gone_.clear();
  running_ = true;
  announced_ = 0;
  Announce(out);
}

void RouterAdvertiser::Update(AdvertisedLink link, Outbox& out) {
  if (!running_ || link == link_) return;
  for (const Ipv6Prefix& prefix : link_.prefixes) {
    const Ipv6Prefix announced = Announced(prefix);
    if (!Holds(gone_, announced)) gone_.push_back(announced);
  }
  std::erase_if(gone_, [&link](const Ipv6Prefix& prefix) { return Announces(link, prefix); });
  if (gone_.size() > kMaxGone) gone_.erase(gone_.begin(), gone_.end() - kMaxGone);
  link_ = std::move(link);
  announced_ = 0;
  Announce(out);
}

void RouterAdvertiser::Receive(ByteView packet, TimePoint now, Outbox& out) {
  if (!running_) return;
  const auto solicitation = codec::ParseRouterSolicitation(packet);
  if (!solicitation) {
    out.Log(LogLevel::kTrace,
            "nd: packet dropped: " + std::string(codec::ToString(solicitation.error().code)));
    out.Count(Counter::kNdMalformed);
    return;
  }
  if (!MayAnswer(now)) return;
  out.Log(LogLevel::kTrace, "recv [ICMPv6 RS]");
  // Who has no address yet can only be reached as one of all nodes.
  const bool unspecified = codec::IsUnspecified(solicitation->source);
  Send(unspecified ? codec::AllNodes() : solicitation->source, false, out);
  out.Count(Counter::kNdAnswered);
}

bool RouterAdvertiser::MayAnswer(TimePoint now) {
  answers_due_ = std::max(answers_due_, now);
  if (answers_due_ - now > (kAnswersAtOnce - 1) * kAnswerPeriod) return false;
  answers_due_ += kAnswerPeriod;
  return true;
}

void RouterAdvertiser::TimerExpired(Outbox& out) {
  if (running_) Announce(out);
}

void RouterAdvertiser::Announce(Outbox& out) {
  Send(codec::AllNodes(), false, out);
  if (announced_ < settings_.initial_count) ++announced_;
  const bool initial = announced_ < settings_.initial_count;
  if (!initial) gone_.clear();
  out.Start(TimerId::kRouterAdvertisement,
            initial ? Duration(std::max(settings_.initial_interval, kShortestInterval))
                    : RandomInterval());
}

void RouterAdvertiser::Stop(Outbox& out) {
  if (!running_) return;
  running_ = false;
  out.Stop(TimerId::kRouterAdvertisement);
  Send(codec::AllNodes(), true, out);
}

void RouterAdvertiser::Send(const Ipv6Address& destination, bool last, Outbox& out) const {
  out.Log(LogLevel::kTrace, "send [ICMPv6 RA]");
  out.Add(SendIpv6Packet{codec::EncodeRouterAdvertisement(
      {.source = LinkLocalAddress(link_.our_id), .destination = destination}, Content(last))});
}

codec::RouterAdvertisement RouterAdvertiser::Content(bool last) const {
  codec::RouterAdvertisement content;
  content.cur_hop_limit = settings_.cur_hop_limit;
  content.managed = link_.dhcpv6 && settings_.managed;
  content.other_config = link_.dhcpv6 && settings_.other_config;
  if (!last) {
    content.router_lifetime = static_cast<std::uint16_t>(
        std::clamp<std::int64_t>(settings_.default_lifetime.count(), 0, 0xffff));
  }
  content.reachable_time_ms = settings_.reachable_time_ms;
  content.retrans_timer_ms = settings_.retrans_timer_ms;
  const std::uint16_t mtu = settings_.link_mtu != 0 ? settings_.link_mtu : link_.mtu;
  if (mtu >= codec::kMinIpv6Mtu) content.mtu = mtu;
  std::vector<Ipv6Prefix> announced;
  for (const Ipv6Prefix& prefix : link_.prefixes) {
    if (Holds(announced, Announced(prefix))) continue;
    announced.push_back(Announced(prefix));
    content.prefixes.push_back(Information(prefix, last));
  }
  for (const Ipv6Prefix& prefix : gone_) content.prefixes.push_back(Information(prefix, true));
  content.rdnss = link_.dns;
  content.dnssl = settings_.dnssl;
  content.dns_lifetime = last ? 0 : settings_.rdnss_lifetime_seconds;
  return content;
}

codec::PrefixInformation RouterAdvertiser::Information(const Ipv6Prefix& prefix, bool gone) const {
  codec::PrefixInformation information;
  information.prefix = Announced(prefix);
  information.on_link = settings_.on_link;
  information.autonomous = settings_.autonomous && prefix.length == kAutonomousLength;
  if (gone) return information;
  information.valid_lifetime = settings_.valid_lifetime_seconds;
  information.preferred_lifetime =
      std::min(settings_.preferred_lifetime_seconds, settings_.valid_lifetime_seconds);
  return information;
}

Duration RouterAdvertiser::RandomInterval() {
  const Duration shortest = std::max<Duration>(settings_.min_interval, kShortestInterval);
  const Duration longest = std::max<Duration>(settings_.max_interval, shortest);
  std::array<std::uint8_t, 8> octets{};
  entropy_.Fill(octets);
  std::uint64_t number = 0;
  for (const std::uint8_t octet : octets) number = (number << 8) | octet;
  const auto span = static_cast<std::uint64_t>((longest - shortest).count()) + 1;
  return shortest + Duration(static_cast<std::int64_t>(number % span));
}

}  // namespace sstpgw::fsm
