#include "controlplane/session/policy_tickets.h"

#include <algorithm>
#include <utility>

namespace sstpgw::cp {
namespace {

using Failure = PolicyOutcome::Failure;

// Answers come in any order; people are told in that of the names.
void Sort(std::vector<Failure>& failures) {
  std::sort(failures.begin(), failures.end(),
            [](const Failure& a, const Failure& b) { return a.session < b.session; });
}

}  // namespace

void PolicyTickets::Open(ChangeId id, std::string what, PolicyOutcome outcome,
                         const std::vector<Awaited>& awaited, TimePoint now) {
  Ticket& ticket = tickets_[id];
  ticket = Ticket{std::move(what), std::move(outcome), {}, now + kPatience};
  for (const Awaited& one : awaited) ticket.open.emplace(one.session, one);
}

void PolicyTickets::Applied(const SessionKey& session, Generation generation) {
  for (auto& [id, ticket] : tickets_) {
    const auto open = ticket.open.find(session);
    if (open == ticket.open.end() || open->second.generation > generation) continue;
    ++ticket.outcome.changed;
    ticket.open.erase(open);
  }
}

void PolicyTickets::Refused(const SessionKey& session, Generation generation,
                            const std::string& reason) {
  for (auto& [id, ticket] : tickets_) {
    const auto open = ticket.open.find(session);
    if (open == ticket.open.end() || open->second.generation != generation) continue;
    ticket.outcome.refused.push_back(
        {session, std::move(open->second.interface_name), reason, true});
    ticket.open.erase(open);
  }
}

void PolicyTickets::Gone(const SessionKey& session) {
  for (auto& [id, ticket] : tickets_) {
    const auto open = ticket.open.find(session);
    if (open == ticket.open.end()) continue;
    ticket.outcome.refused.push_back(
        {session, std::move(open->second.interface_name), "the session has ended"});
    ticket.open.erase(open);
  }
}

void PolicyTickets::GatewayLost(const std::string& gateway) {
  for (auto& [id, ticket] : tickets_) {
    for (auto open = ticket.open.begin(); open != ticket.open.end();) {
      if (open->first.gateway != gateway) {
        ++open;
        continue;
      }
      ticket.outcome.unanswered.push_back({open->first, std::move(open->second.interface_name),
                                           "gateway '" + gateway + "' is not attached any more"});
      open = ticket.open.erase(open);
    }
  }
}

std::vector<PolicyTickets::Done> PolicyTickets::TakeDone(TimePoint now) {
  std::vector<Done> done;
  for (auto entry = tickets_.begin(); entry != tickets_.end();) {
    Ticket& ticket = entry->second;
    if (!ticket.open.empty() && now < ticket.deadline) {
      ++entry;
      continue;
    }
    for (auto& [session, open] : ticket.open) {
      ticket.outcome.unanswered.push_back(
          {session, std::move(open.interface_name),
           "gateway '" + session.gateway + "' has not answered within 5 s"});
    }
    Sort(ticket.outcome.refused);
    Sort(ticket.outcome.unanswered);
    done.push_back({entry->first, std::move(ticket.what), std::move(ticket.outcome)});
    entry = tickets_.erase(entry);
  }
  return done;
}

std::optional<TimePoint> PolicyTickets::NextDeadline() const {
  std::optional<TimePoint> next;
  for (const auto& [id, ticket] : tickets_) {
    if (!next || ticket.deadline < *next) next = ticket.deadline;
  }
  return next;
}

}  // namespace sstpgw::cp
