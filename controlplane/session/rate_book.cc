#include "controlplane/session/rate_book.h"

#include <utility>

namespace sstpgw::cp {

bool RateBook::SetTime(TimeOfDay time) {
  const std::uint32_t active = ActiveTimeRange(settings_.time_ranges, time);
  return std::exchange(active_range_, active) != active;
}

RateChoice RateBook::Choose(const SessionKey& session, const std::string& user) const {
  const auto rates = sessions_.find(session);
  const auto of_user = settings_.users.find(user);
  return ChooseRate({.session = rates == sessions_.end() ? nullptr : &rates->second,
                     .temporary_of_all = temporary_of_all_,
                     .user = of_user == settings_.users.end() ? nullptr : &of_user->second,
                     .fallback = &settings_.fallback},
                    active_range_);
}

void RateBook::Change(const SessionKey& session, const RateReading& reading) {
  RateTable& own = sessions_[session].own;
  if (reading.time_range == 0) own = RateTable();
  own.Set(reading);
}

void RateBook::ReplaceOwn(const SessionKey& session, const std::vector<RateReading>& readings) {
  RateTable own;
  for (const RateReading& reading : readings) own.Add(reading);
  sessions_[session].own = std::move(own);
}

void RateBook::Grant(const SessionKey& session, RateTable rates) {
  sessions_[session].granted = std::move(rates);
}

bool RateBook::IsGranted(const SessionKey& session) const {
  const auto rates = sessions_.find(session);
  return rates != sessions_.end() && rates->second.granted.has_value();
}

void RateBook::ChangeTemporarily(const SessionKey& session, const RateLimit& limit) {
  sessions_[session].temporary = limit;
}

void RateBook::Restore(const SessionKey& session) {
  SessionRates rates = Of(session);
  rates.temporary.reset();
  rates.exempt = temporary_of_all_.has_value();
  PutBack(session, std::move(rates));
}

SessionRates RateBook::Of(const SessionKey& session) const {
  const auto rates = sessions_.find(session);
  return rates == sessions_.end() ? SessionRates{} : rates->second;
}

void RateBook::PutBack(const SessionKey& session, SessionRates rates) {
  if (rates == SessionRates{}) {
    sessions_.erase(session);
  } else {
    sessions_[session] = std::move(rates);
  }
}

void RateBook::ChangeAllTemporarily(const RateLimit& limit) {
  ForgetTemporaries();
  temporary_of_all_ = limit;
}

void RateBook::RestoreAll() {
  ForgetTemporaries();
  temporary_of_all_.reset();
}

void RateBook::ForgetTemporaries() {
  for (auto rates = sessions_.begin(); rates != sessions_.end();) {
    rates->second.temporary.reset();
    rates->second.exempt = false;
    rates = rates->second == SessionRates{} ? sessions_.erase(rates) : std::next(rates);
  }
}

}  // namespace sstpgw::cp
