#include "controlplane/cli/render_radius.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "controlplane/cli/format.h"
#include "controlplane/cli/table.h"
#include "proto/base/text.h"

namespace sstpgw::cli {
namespace {

using Counts = google::protobuf::Map<std::string, std::uint64_t>;

std::string Text(std::uint64_t number) { return std::to_string(number); }

// "12.3 ms"; times below a tenth of one are worth showing, too.
std::string Milliseconds(std::uint64_t microseconds) {
  const std::uint64_t tenths = (microseconds + 50) / 100;
  return Text(tenths / 10) + "." + Text(tenths % 10);
}

std::string State(const pb::RadiusService& service) {
  switch (service.state()) {
    case pb::RADIUS_SERVICE_STATE_ACTIVE:
      return "up";
    case pb::RADIUS_SERVICE_STATE_FAILED:
      return "failed, " + Text(service.left_alone_seconds()) + " s left";
    case pb::RADIUS_SERVICE_STATE_ON_TRIAL:
      return "on trial";
    default:
      return "off";
  }
}

std::string StateOf(const pb::RadiusServer& server, const pb::RadiusService& service) {
  return server.disabled() ? "disabled" : State(service);
}

std::uint64_t Sum(const Counts& counts) {
  std::uint64_t sum = 0;
  for (const auto& [name, count] : counts) sum += count;
  return sum;
}

// In the order of names, which the map on the wire has not.
std::vector<std::pair<std::string, std::uint64_t>> Sorted(const Counts& counts) {
  std::vector<std::pair<std::string, std::uint64_t>> sorted(counts.begin(), counts.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

// "1 malformed, 3 wrong authenticator".
std::string Listed(const Counts& counts) {
  std::string text;
  for (const auto& [name, count] : Sorted(counts)) {
    std::string words = Escape(name);
    std::replace(words.begin(), words.end(), '_', ' ');
    text += (text.empty() ? "" : ", ") + Text(count) + " " + words;
  }
  return text;
}

std::string RoundTrip(const pb::RadiusService& service) {
  if (!service.has_last_round_trip_microseconds()) return "";
  return Milliseconds(service.last_round_trip_microseconds()) + "/" +
         Milliseconds(service.smoothed_round_trip_microseconds()) + " ms";
}

Row RowOf(const pb::RadiusServer& server, const pb::RadiusService& service, bool accounting) {
  const pb::RadiusTraffic& requests = service.requests();
  const pb::RadiusTraffic& interims = service.interims();
  const std::uint64_t retries = requests.retries() + interims.retries();
  const std::uint64_t answers = accounting
                                    ? service.accounting_responses()
                                    : service.accepts() + service.rejects() + service.challenges();
  return {Text(server.number()) + (server.backup() ? " (backup)" : ""),
          Escape(service.address()),
          accounting ? "accounting" : "authentication",
          StateOf(server, service),
          Text(requests.sent() + interims.sent() - retries),
          Text(retries),
          Text(requests.lost() + interims.lost()),
          Text(answers),
          accounting ? "" : Text(service.accepts()),
          accounting ? "" : Text(service.rejects()),
          Text(Sum(service.bad_replies())),
          RoundTrip(service),
          Text(service.in_flight()),
          Text(service.queue_length())};
}

// What the table has no room for.
std::string NotesOf(const pb::RadiusServer& server, const pb::RadiusService& service,
                    const char* name) {
  const std::string who = "server " + Text(server.number()) + ", " + name + ": ";
  std::string out;
  if (!service.bad_replies().empty()) {
    out += who + "dropped " + Listed(service.bad_replies()) + "\n";
  }
  if (service.moved_on() > 0) {
    out += who + "went on to the next server with " + Text(service.moved_on()) + " requests, " +
           Text(service.queue_expired()) + " of them never sent here\n";
  }
  if (service.socket_errors() > 0) {
    out += who + Text(service.socket_errors()) +
           " socket errors, the last one: " + Escape(service.last_error()) + "\n";
  }
  return out;
}

std::string Line(const char* label, const std::string& text) {
  return std::string("  ") + label + ": " + text + "\n";
}
std::string Line(const char* label, std::uint64_t number) { return Line(label, Text(number)); }

std::string RenderAccounting(const pb::RadiusAccounting& accounting) {
  std::string store = "writing";
  if (accounting.stalled()) store = "stalled: nothing is written, logins wait or are turned away";
  if (accounting.path().empty()) store = "none";
  std::string out = "accounting:\n";
  out += Line("sessions", accounting.sessions());
  out += Line("spool", Text(accounting.spool_records()) + " records, " +
                           HumanBytes(accounting.spool_octets()) + " (room for " +
                           Text(accounting.max_records()) + ", " +
                           HumanBytes(accounting.max_octets()) + ")" +
                           (accounting.near_full() ? ", nearly full" : ""));
  if (accounting.has_oldest_seconds()) {
    out += Line("oldest record", Uptime(static_cast<std::int64_t>(accounting.oldest_seconds())));
  }
  out += Line("in flight", accounting.in_flight());
  out += Line("store", store);
  if (!accounting.path().empty()) out += Line("file", Escape(accounting.path()));
  out += Line("logins let in/turned away",
              Text(accounting.let_in()) + "/" + Text(accounting.turned_away()));
  out += Line("records start/interim/stop", Text(accounting.starts()) + "/" +
                                                Text(accounting.interims()) + "/" +
                                                Text(accounting.stops()));
  out += Line("acknowledged/unanswered",
              Text(accounting.acknowledged()) + "/" + Text(accounting.unanswered()));
  out += Line("interims superseded/shed",
              Text(accounting.superseded()) + "/" + Text(accounting.shed()));
  out += Line("sessions ended for want of answers", accounting.ended());
  return out;
}

std::string RenderDynamicAuthor(const pb::RadiusDynamicAuthor& author) {
  std::string out = "dynamic-author:\n";
  out += Line("listening", author.listening().empty() ? "no" : Escape(author.listening()));
  out += Line("disconnect requests/ACK/NAK", Text(author.disconnect_requests()) + "/" +
                                                 Text(author.disconnect_acks()) + "/" +
                                                 Text(author.disconnect_naks()));
  out += Line("CoA requests/ACK/NAK", Text(author.coa_requests()) + "/" + Text(author.coa_acks()) +
                                          "/" + Text(author.coa_naks()));
  for (const pb::RadiusDynamicAuthor::Nak& nak : author.naks()) {
    out +=
        "  NAK " + Text(nak.cause()) + " (" + Escape(nak.text()) + "): " + Text(nak.count()) + "\n";
  }
  out += Line("in progress", author.in_progress());
  out += Line("duplicates answered", author.duplicates_answered());
  out += Line("not done in time", author.timeouts());
  out += Line("dropped", author.dropped().empty() ? "0" : Listed(author.dropped()));
  if (author.unsent() > 0) out += Line("answers not sent", author.unsent());
  return out;
}

std::string Triple(const pb::RadiusTraffic& traffic) {
  return Text(traffic.lost()) + "/" + Text(traffic.lost_5m()) + "/" + Text(traffic.lost_1m());
}

std::string Averages(const pb::RadiusTraffic& traffic) {
  return Text(traffic.average_5m_microseconds() / 1000) + "/" +
         Text(traffic.average_1m_microseconds() / 1000) + " ms";
}

// The page's three lines of one kind of request.
std::string TrafficLines(const std::string& kind, const pb::RadiusTraffic& traffic) {
  std::string out = "  " + kind + " sent: " + Text(traffic.sent()) + "\n";
  out += "  " + kind + " lost(total/5m/1m): " + Triple(traffic) + "\n";
  return out + "  " + kind + " avg query time(5m/1m): " + Averages(traffic) + "\n";
}

bool Offers(const pb::RadiusService& service) {
  return service.state() != pb::RADIUS_SERVICE_STATE_OFF;
}

bool HasFailed(const pb::RadiusService& service) {
  return service.state() == pb::RADIUS_SERVICE_STATE_FAILED;
}

// "10.0.0.1" of "10.0.0.1:1812", "2001:db8::1" of "[2001:db8::1]:1812".
std::string WithoutPort(const std::string& place) {
  const std::string address = place.substr(0, place.rfind(':'));
  return address.empty() || address.front() != '[' ? address
                                                   : address.substr(1, address.size() - 2);
}

}  // namespace

std::string RenderRadius(const pb::GetRadiusResponse& radius) {
  std::string out;
  if (radius.enabled()) {
    std::vector<Row> rows;
    std::string notes;
    for (const pb::RadiusServer& server : radius.servers()) {
      rows.push_back(RowOf(server, server.authentication(), false));
      rows.push_back(RowOf(server, server.accounting(), true));
      notes += NotesOf(server, server.authentication(), "authentication");
      notes += NotesOf(server, server.accounting(), "accounting");
    }
    out = RenderTable({"server", "address", "service", "state", "requests", "retries", "timeouts",
                       "answers", "accepts", "rejects", "bad", "last/avg", "in-flight", "queue"},
                      rows) +
          notes;
    out += "requests open: " + Text(radius.open_requests()) +
           ", refused: " + Text(radius.refused_requests()) +
           ", stray datagrams: " + Text(radius.stray_datagrams()) + "\n";
  } else {
    out = "authentication mode is local, no RADIUS server is asked\n";
  }
  if (radius.has_accounting()) out += RenderAccounting(radius.accounting());
  if (radius.has_dynamic_author()) out += RenderDynamicAuthor(radius.dynamic_author());
  return out;
}

std::string RenderRadiusStatistics(const RadiusServers& servers) {
  std::string out;
  for (const pb::RadiusServer& server : servers) {
    const pb::RadiusService& auth = server.authentication();
    const pb::RadiusService& acct = server.accounting();
    out += "radius(" + Text(server.number()) + ", " + Escape(WithoutPort(auth.address())) + "):\n";
    out += std::string("  state: ") + (HasFailed(auth) || HasFailed(acct) ? "failed" : "active") +
           "\n";
    out += Line("fail count", std::uint64_t{auth.fail_count()} + acct.fail_count());
    out += Line("request count", std::uint64_t{auth.in_flight()} + acct.in_flight());
    out += Line("queue length", std::uint64_t{auth.queue_length()} + acct.queue_length());
    if (Offers(auth)) out += TrafficLines("auth", auth.requests());
    if (!Offers(acct)) continue;
    out += TrafficLines("acct", acct.requests());
    out += TrafficLines("interim", acct.interims());
  }
  return out;
}

}  // namespace sstpgw::cli
