#include "controlplane/cli/render_shaper.h"

#include "controlplane/cli/json.h"
#include "controlplane/cli/table.h"
#include "proto/base/messages.h"
#include "proto/base/text.h"
#include "proto/contract/convert.h"

namespace sstpgw::cli {
namespace {

// "edt"; empty without limit, or if the gateway knows one that we do not.
std::string Limiter(pb::DownLimiter limiter) {
  const auto known = contract::FromProto(limiter);
  return known && *known != DownLimiter::kAuto ? ToString(*known) : "";
}
std::string Limiter(pb::UpLimiter limiter) {
  const auto known = contract::FromProto(limiter);
  return known && *known != UpLimiter::kAuto ? ToString(*known) : "";
}

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

std::string Pair(std::uint64_t down, std::uint64_t up) {
  return std::to_string(down) + "/" + std::to_string(up);
}

const char* Source(pb::RateSource source) {
  switch (source) {
    case pb::RATE_SOURCE_DEFAULT:
      return "default";
    case pb::RATE_SOURCE_USER:
      return "user";
    case pb::RATE_SOURCE_RADIUS:
      return "radius";
    case pb::RATE_SOURCE_CHANGED:
      return "changed";
    case pb::RATE_SOURCE_TEMPORARY:
      return "temporary";
    default:
      return "";
  }
}

bool IsLimited(const pb::Session& session) {
  return !session.rate_limit().empty() || session.has_wanted_rate_limit() ||
         !LimiterText(session.record().shaper()).empty();
}

Row RowOf(const pb::Session& session) {
  const pb::ShaperRecord& shaper = session.record().shaper();
  const pb::ShaperCounters& down = shaper.down();
  const pb::ShaperCounters& up = shaper.up();
  const pb::AchievedRates& achieved = session.achieved();
  return {Escape(session.record().interface_name()),
          Escape(session.record().user()),
          session.rate_limit(),
          RateSourceText(session),
          LimiterText(shaper),
          session.has_achieved()
              ? Pair(achieved.down_bits_per_second() / 1000, achieved.up_bits_per_second() / 1000)
              : std::string(),
          Pair(down.passed_packets(), up.passed_packets()),
          Pair(down.dropped_packets(), up.dropped_packets()),
          Pair(down.marked_packets(), up.marked_packets()),
          Pair(down.signalled_packets(), up.signalled_packets())};
}

void WriteDirection(JsonWriter& json, const char* name, const pb::DirectionLimit& limit,
                    const std::string& limiter, const pb::ShaperCounters& counters,
                    const std::uint64_t* achieved) {
  json.Key(name).BeginObject();
  json.Member("rate-bits-per-second", std::uint64_t{limit.rate_bits_per_second()});
  json.Member("burst-octets", std::uint64_t{limit.burst_octets()});
  json.Member("limiter", limiter);
  if (achieved != nullptr) json.Member("achieved-bits-per-second", *achieved);
  json.Member("passed-packets", std::uint64_t{counters.passed_packets()});
  json.Member("passed-octets", std::uint64_t{counters.passed_octets()});
  json.Member("dropped-packets", std::uint64_t{counters.dropped_packets()});
  json.Member("dropped-octets", std::uint64_t{counters.dropped_octets()});
  json.Member("marked-packets", std::uint64_t{counters.marked_packets()});
  json.Member("marked-octets", std::uint64_t{counters.marked_octets()});
  json.Member("signalled-packets", std::uint64_t{counters.signalled_packets()});
  json.EndObject();
}

void WriteFailures(JsonWriter& json, const char* name, const ShaperFailures& failures) {
  json.Key(name).BeginArray();
  for (const pb::ChangeShaperResponse::Failure& failure : failures) {
    json.BeginObject();
    json.Member("ifname", failure.interface_name());
    json.Member("gateway", failure.gateway_id());
    json.Member("reason", failure.reason());
    json.EndObject();
  }
  json.EndArray();
}

}  // namespace

std::string LimiterText(const pb::ShaperRecord& shaper) {
  const std::string down = Limiter(shaper.down_limiter());
  const std::string up = Limiter(shaper.up_limiter());
  return down.empty() && up.empty() ? std::string() : OrDash(down) + "/" + OrDash(up);
}

std::string RateSourceText(const pb::Session& session) {
  std::string text = Source(session.rate_source());
  if (session.rate_time_range() != 0) {
    text += ", time range " + std::to_string(session.rate_time_range());
  }
  if (session.has_wanted_rate_limit()) {
    text += (text.empty() ? "" : ", ") + session.wanted_rate_limit() + " not taken yet";
  }
  return text;
}

std::string RenderShaper(const std::vector<pb::Session>& sessions) {
  std::vector<Row> rows;
  for (const pb::Session& session : sessions) {
    if (IsLimited(session)) rows.push_back(RowOf(session));
  }
  return RenderTable({"ifname", "username", "rate-limit", "source", "limiter", "achieved", "passed",
                      "dropped", "marked", "signalled"},
                     rows);
}

std::string RenderShaperJson(const std::vector<pb::Session>& sessions) {
  JsonWriter json;
  json.BeginArray();
  for (const pb::Session& session : sessions) {
    if (!IsLimited(session)) continue;
    const pb::SessionRecord& record = session.record();
    const pb::RateLimit& limit = record.policy().rate_limit();
    const std::uint64_t achieved[] = {session.achieved().down_bits_per_second(),
                                      session.achieved().up_bits_per_second()};
    const bool known = session.has_achieved();
    json.BeginObject();
    json.Member("ifname", record.interface_name());
    json.Member("username", record.user());
    json.Member("gateway", session.gateway_id());
    json.Member("sid", record.session_id());
    json.Member("rate-limit", session.rate_limit());
    json.Member("source", Source(session.rate_source()));
    json.Member("time-range", std::uint32_t{session.rate_time_range()});
    if (session.has_wanted_rate_limit()) {
      json.Member("wanted-rate-limit", session.wanted_rate_limit());
    }
    if (known) {
      json.Member("achieved-over-milliseconds",
                  std::uint64_t{session.achieved().over_milliseconds()});
    }
    WriteDirection(json, "down", limit.down(), Limiter(record.shaper().down_limiter()),
                   record.shaper().down(), known ? &achieved[0] : nullptr);
    WriteDirection(json, "up", limit.up(), Limiter(record.shaper().up_limiter()),
                   record.shaper().up(), known ? &achieved[1] : nullptr);
    json.EndObject();
  }
  json.EndArray();
  return json.Take();
}

std::string RenderShaperChangeJson(const pb::ChangeShaperResponse& change) {
  JsonWriter json;
  json.BeginObject();
  json.Member("changed", std::uint32_t{change.changed()});
  json.Member("refused", std::uint32_t{change.refused_count()});
  json.Member("unanswered", std::uint32_t{change.unanswered_count()});
  WriteFailures(json, "refusals", change.refused());
  WriteFailures(json, "unconfirmed", change.unanswered());
  json.EndObject();
  return json.Take();
}

}  // namespace sstpgw::cli
