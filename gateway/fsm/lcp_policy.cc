#include "gateway/fsm/lcp_policy.h"

#include <algorithm>

#include "gateway/codec/lcp_options.h"

namespace sstpgw::fsm {
namespace {

using codec::LcpOption;

constexpr std::uint16_t kPppMaxMtu = 1500;

bool Contains(const Bytes& options, LcpOption type) {
  const auto parsed = codec::ParseOptions(options);
  return parsed && std::any_of(parsed->begin(), parsed->end(), [&](const auto& option) {
           return option.type == static_cast<std::uint8_t>(type);
         });
}

void AppendRaw(Bytes& out, const codec::ConfigOption& option) {
  out.insert(out.end(), option.raw.begin(), option.raw.end());
}

}  // namespace

MtuRules MtuRulesOf(const PppSettings& settings) {
  MtuRules rules;
  const std::uint16_t hard_ceiling = std::min(settings.ppp_max_mtu, kPppMaxMtu);
  const bool mru_usable = settings.mru && *settings.mru <= settings.ppp_max_mtu;
  rules.our_request = std::min(mru_usable ? *settings.mru : settings.ppp_max_mtu, kPppMaxMtu);
  const bool mtu_usable = settings.mtu <= settings.ppp_max_mtu;
  rules.initial = std::min(mtu_usable ? settings.mtu : settings.ppp_max_mtu, kPppMaxMtu);
  rules.our_ceiling = hard_ceiling;
  rules.ceiling = settings.mtu_configured ? std::min(settings.mtu, hard_ceiling) : hard_ceiling;
  rules.floor = std::min(settings.min_mtu, rules.ceiling);
  return rules;
}

Ending NoAuthAgreement() {
  return {.cause = TerminateCause::kUserError,
          .reason = "cann't negotiate authentication type",
          .counter = Counter::kAuthNoAgreement};
}

LcpPolicy::LcpPolicy(const PppSettings& settings, Entropy& entropy)
    : entropy_(entropy),
      rules_(MtuRulesOf(settings)),
      untried_(settings.auth_protocols),
      our_mru_(rules_.our_request),
      mtu_(rules_.initial) {
  magic_ = RandomMagic();
  if (!untried_.empty()) {
    auth_ = untried_.front();
    untried_.erase(untried_.begin());
  }
}

std::uint32_t LcpPolicy::RandomMagic() {
  std::array<std::uint8_t, 4> octets{};
  entropy_.Fill(octets);
  const std::uint32_t value = (std::uint32_t{octets[0]} << 24) | (std::uint32_t{octets[1]} << 16) |
                              (std::uint32_t{octets[2]} << 8) | octets[3];
  return value != 0 ? value : 0x5a5a5a5aU;
}

bool LcpPolicy::TakeLoopSeen() { return std::exchange(loop_seen_, false); }

Bytes LcpPolicy::BuildRequest() {
  Bytes options;
  if (auth_) codec::AppendAuth(options, *auth_);
  if (our_mru_) codec::AppendMru(options, *our_mru_);
  if (magic_ != 0) codec::AppendMagic(options, magic_);
  return options;
}

Judgement LcpPolicy::Judge(const OptionList& options) {
  Judgement judgement;
  judged_mru_.reset();
  for (const codec::ConfigOption& option : options) {
    switch (static_cast<LcpOption>(option.type)) {
      case LcpOption::kMru:
        JudgeMru(option, judgement);
        break;
      case LcpOption::kMagicNumber:
        JudgeMagic(option, judgement);
        break;
      case LcpOption::kAuthentication:
      case LcpOption::kQuality:
      case LcpOption::kProtocolFieldCompression:
      case LcpOption::kAddressControlCompression:
      case LcpOption::kCallback:
      default:
        AppendRaw(judgement.reject, option);
        break;
    }
  }
  return judgement;
}

void LcpPolicy::JudgeMru(const codec::ConfigOption& option, Judgement& judgement) {
  const auto mru = codec::MruOf(option);
  if (!mru) {
    AppendRaw(judgement.reject, option);
  } else if (*mru >= rules_.floor && *mru <= rules_.ceiling) {
    judged_mru_ = *mru;
  } else if (!Contains(judgement.nak, LcpOption::kMru)) {
    codec::AppendMru(judgement.nak, rules_.initial);
    judgement.insist = true;  // features 3.2.3: who insists on a bad MRU is disconnected
  }
}

void LcpPolicy::JudgeMagic(const codec::ConfigOption& option, Judgement& judgement) {
  const auto magic = codec::MagicOf(option);
  if (!magic) {
    AppendRaw(judgement.reject, option);
    return;
  }
  const bool loop = magic_ != 0 && *magic == magic_;
  if (!loop && *magic != 0) return;
  loop_seen_ = loop_seen_ || loop;
  if (!Contains(judgement.nak, LcpOption::kMagicNumber)) {
    std::uint32_t other = RandomMagic();
    if (other == magic_) other = ~other;
    codec::AppendMagic(judgement.nak, other);
  }
}

ReplyEffect LcpPolicy::OnNak(const OptionList& options) {
  ReplyEffect effect{.usable = false, .ending = std::nullopt};
  bool auth_named = false;
  for (const codec::ConfigOption& option : options) {
    std::optional<Ending> ending;
    if (option.type == static_cast<std::uint8_t>(LcpOption::kMru) && our_mru_) {
      const auto suggested = codec::MruOf(option);
      const bool fits = suggested && *suggested >= rules_.floor && *suggested <= rules_.our_ceiling;
      our_mru_ = fits ? suggested : std::nullopt;
    } else if (option.type == static_cast<std::uint8_t>(LcpOption::kAuthentication) && auth_ &&
               !auth_named) {
      auth_named = true;
      ending = NextAuth(codec::AuthOf(option));
    } else if (const auto suggested = codec::MagicOf(option); suggested && magic_ != 0) {
      ending = TakeMagic(*suggested);
    } else {
      continue;  // not of ours (RFC 1661 5.3 lets the peer append what it would like)
    }
    effect.usable = true;
    if (ending && !effect.ending) effect.ending = std::move(ending);
  }
  return effect;
}

ReplyEffect LcpPolicy::OnReject(const OptionList& options) {
  ReplyEffect effect{.usable = false, .ending = std::nullopt};
  bool auth_named = false;
  for (const codec::ConfigOption& option : options) {
    if (option.type == static_cast<std::uint8_t>(LcpOption::kMru) && our_mru_) {
      our_mru_.reset();
    } else if (option.type == static_cast<std::uint8_t>(LcpOption::kMagicNumber) && magic_ != 0) {
      magic_ = 0;
    } else if (option.type == static_cast<std::uint8_t>(LcpOption::kAuthentication) && auth_ &&
               !auth_named) {
      auth_named = true;
      effect.ending = NextAuth(std::nullopt);
    } else {
      continue;
    }
    effect.usable = true;
  }
  return effect;
}

std::optional<Ending> LcpPolicy::NextAuth(std::optional<AuthProtocol> hint) {
  auto next = untried_.begin();
  if (hint) {
    const auto hinted = std::find(untried_.begin(), untried_.end(), *hint);
    if (hinted != untried_.end()) next = hinted;
  }
  if (next == untried_.end()) {
    auth_.reset();
    return NoAuthAgreement();
  }
  auth_ = *next;
  untried_.erase(next);
  return std::nullopt;
}

std::optional<Ending> LcpPolicy::TakeMagic(std::uint32_t suggested) {
  if (suggested == magic_) {
    loop_seen_ = true;
    return Ending{TerminateCause::kNasError, "lcp: loop detected"};
  }
  magic_ = suggested != 0 ? suggested : RandomMagic();
  return std::nullopt;
}

}  // namespace sstpgw::fsm
