#include "tests/client/negotiator.h"

#include <algorithm>
#include <utility>

namespace sstpgw::client {
namespace {
// RFC 1661 4.6 Max-Failure, generous: a server that never agrees ends the attempt.
constexpr std::uint32_t kMaxRefusals = 20;
}  // namespace

void Negotiator::Start(std::vector<PppOption> wanted, TimePoint now, Duration retransmit) {
  wanted_ = std::move(wanted);
  retransmit_ = retransmit;
  // What was agreed while only listening holds.
  theirs_acked_ = theirs_acked_ && running_ && !asking_;
  running_ = true;
  asking_ = true;
  ours_acked_ = false;
  exhausted_ = false;
  transmissions_ = 0;
  refusals_ = 0;
  Ask(now, false);
}

void Negotiator::Listen() {
  running_ = true;
  asking_ = false;
}

std::optional<TimePoint> Negotiator::deadline() const {
  if (!running_ || !asking_ || ours_acked_ || exhausted_) return std::nullopt;
  return resend_at_;
}

void Negotiator::Ask(TimePoint now, bool new_content) {
  if (new_content) {
    ++id_;
    transmissions_ = 0;
  }
  ++transmissions_;
  resend_at_ = now + retransmit_;
  callbacks_.send(protocol_, {kConfReq, id_, EncodeOptions(wanted_)});
}

void Negotiator::Tick(TimePoint now) {
  const std::optional<TimePoint> due = deadline();
  if (!due || now < *due) return;
  if (transmissions_ >= max_transmissions_) {
    exhausted_ = true;
    return;
  }
  Ask(now, false);
}

void Negotiator::Receive(const PppControl& packet, TimePoint now) {
  if (!running_) return;
  if (packet.code == kConfReq) {
    AnswerRequest(packet);
  } else if (packet.code == kConfAck && packet.id == id_) {
    ours_acked_ = true;
  } else if ((packet.code == kConfNak || packet.code == kConfRej) && packet.id == id_ &&
             !ours_acked_) {
    TakeRefusal(packet, now);
  }
}

void Negotiator::AnswerRequest(const PppControl& packet) {
  const auto options = ParseOptions(packet.data);
  if (!options) return;
  requested_ = *options;
  std::vector<PppOption> rejected;
  std::vector<PppOption> nacked;
  for (const PppOption& option : *options) {
    const OptionJudgement judgement = callbacks_.judge(option);
    if (std::holds_alternative<RejectOption>(judgement)) rejected.push_back(option);
    if (const auto* nak = std::get_if<NakOption>(&judgement)) {
      nacked.push_back({option.type, nak->value});
    }
  }
  theirs_acked_ = rejected.empty() && nacked.empty();
  if (!rejected.empty()) {
    callbacks_.send(protocol_, {kConfRej, packet.id, EncodeOptions(rejected)});
  } else if (!nacked.empty()) {
    callbacks_.send(protocol_, {kConfNak, packet.id, EncodeOptions(nacked)});
  } else {
    callbacks_.send(protocol_, {kConfAck, packet.id, packet.data});
  }
}

void Negotiator::TakeRefusal(const PppControl& packet, TimePoint now) {
  const auto options = ParseOptions(packet.data);
  if (!options) return;
  if (++refusals_ > kMaxRefusals) {
    exhausted_ = true;
    return;
  }
  for (const PppOption& option : *options) {
    const auto same_type = [&option](const PppOption& mine) { return mine.type == option.type; };
    const auto found = std::find_if(wanted_.begin(), wanted_.end(), same_type);
    if (found == wanted_.end()) continue;
    if (packet.code == kConfRej) {
      wanted_.erase(found);
    } else if (auto value = callbacks_.adopt(option)) {
      found->value = std::move(*value);
    }
  }
  Ask(now, true);
}

}  // namespace sstpgw::client
