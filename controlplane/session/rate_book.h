// What everybody has said about rate limits of sessions, and which limit each is to have now. Pure;
// the wall clock comes in. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "controlplane/session/session_key.h"
#include "controlplane/shaper/rate_choice.h"
#include "controlplane/shaper/time_range.h"

namespace sstpgw::cp {

// The part of ControlConfig that decides limits.
struct RateSettings {
  RateTable fallback;
  std::map<std::string, RateTable, std::less<>> users;  // those with a limit of their own
  std::vector<TimeRange> time_ranges;
  // A backend gives limits. Those of running sessions are not known after a restart; what they
  // carry is kept then, instead of the default.
  bool adopt_carried = false;
};

class RateBook {
 public:
  void Configure(RateSettings settings) { settings_ = std::move(settings); }
  // True: another time range is active than before.
  bool SetTime(TimeOfDay time);
  [[nodiscard]] bool has_time_ranges() const { return !settings_.time_ranges.empty(); }

  // Also for a session that is about to be let in.
  [[nodiscard]] RateChoice Choose(const SessionKey& session, const std::string& user) const;

  // ---- What a backend said of a session that it lets in
  void Grant(const SessionKey& session, RateTable rates);
  // Whether it is known what its backend said.
  [[nodiscard]] bool IsGranted(const SessionKey& session) const;
  // Of sessions that another process let in: what they carry is taken for what was said.
  [[nodiscard]] bool adopts_carried() const { return settings_.adopt_carried; }

  // ---- Orders for one session
  // Without a time range the reading is all that the session has of its own from now on.
  void Change(const SessionKey& session, const RateReading& reading);
  // All of the session's own, for every time range.
  void ReplaceOwn(const SessionKey& session, const std::vector<RateReading>& readings);
  void ChangeTemporarily(const SessionKey& session, const RateLimit& limit);
  void Restore(const SessionKey& session);
  // All of them together, to be put back.
  [[nodiscard]] SessionRates Of(const SessionKey& session) const;
  void PutBack(const SessionKey& session, SessionRates rates);
  void Forget(const SessionKey& session) { sessions_.erase(session); }

  // ---- Orders for all sessions, new ones included
  void ChangeAllTemporarily(const RateLimit& limit);
  void RestoreAll();
  [[nodiscard]] const std::optional<RateLimit>& temporary_of_all() const {
    return temporary_of_all_;
  }

  [[nodiscard]] std::size_t size() const { return sessions_.size(); }

 private:
  void ForgetTemporaries();

  RateSettings settings_;
  std::uint32_t active_range_ = 0;
  std::optional<RateLimit> temporary_of_all_;
  std::unordered_map<SessionKey, SessionRates> sessions_;  // those of which something was said
};

}  // namespace sstpgw::cp
