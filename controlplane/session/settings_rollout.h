// Which settings every gateway has been sent, has applied and has refused: one number (generation)
// for what is wanted now, and who is to be sent it. Pure; whoever owns it holds the settings
// themselves and the streams.
//
// Rules: the number only grows, and goes above whatever a gateway says it has applied from another
// run of the control plane. Who refused is sent the same again after kRetryAfter, because what was
// in the way (a busy port) may be gone. A trial is over as soon as all gateways have applied, or
// one has refused, or kTrialPatience has passed. Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proto/base/types.h"

namespace sstpgw::cp {

class SettingsRollout {
 public:
  static constexpr Duration kRetryAfter = std::chrono::seconds(5);
  static constexpr Duration kTrialPatience = std::chrono::seconds(5);

  // Gateways that are to be sent what is wanted now.
  using Targets = std::vector<std::string>;
  // How a trial ended.
  struct Verdict {
    bool accepted = false;
    std::string gateway;  // that refused
    std::string reason;   // in its words
    Targets silent;       // accepted without a word from these
  };

  [[nodiscard]] Generation generation() const { return generation_; }

  [[nodiscard]] Targets Attach(const std::string& gateway, const std::string& boot,
                               Generation applied);
  void Detach(const std::string& gateway) { gateways_.erase(gateway); }
  void Applied(const std::string& gateway, Generation generation);
  void Refused(const std::string& gateway, Generation generation, const std::string& reason,
               TimePoint now);

  // Something else is wanted from now on. A trial that is going on goes on with it.
  [[nodiscard]] Targets Advance();
  // The same, or with `repeat` what is wanted already for those who lack it; TakeVerdict tells how
  // it ended.
  [[nodiscard]] Targets StartTrial(bool repeat, TimePoint now);
  [[nodiscard]] bool on_trial() const { return trial_ends_.has_value(); }
  // Once, when the trial is over; then there is none.
  [[nodiscard]] std::optional<Verdict> TakeVerdict(TimePoint now);

  // Who refused some time ago.
  [[nodiscard]] Targets Tick(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> NextDeadline() const;

 private:
  struct State {
    Generation applied;
    std::optional<TimePoint> retry_at;  // it has refused what is wanted now
    std::string reason;
  };
  [[nodiscard]] Targets All();

  Generation generation_{1};
  std::map<std::string, State> gateways_;     // attached ones
  std::map<std::string, std::string> boots_;  // gateway -> boot that has our numbers
  std::optional<TimePoint> trial_ends_;
};

}  // namespace sstpgw::cp
