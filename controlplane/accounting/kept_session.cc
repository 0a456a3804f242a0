#include "controlplane/accounting/kept_session.h"

#include <algorithm>
#include <utility>

#include "controlplane/accounting/octets.h"

namespace sstpgw::cp::accounting {
namespace {

constexpr std::uint8_t kVersion = 1;

void WriteSeconds(OctetWriter& out, std::chrono::seconds value) {
  out.UnixSeconds(std::clamp(value, std::chrono::seconds(0), kMaxSeconds).count());
}

std::chrono::seconds ReadSeconds(OctetReader& in) {
  const std::uint64_t value = in.U64();
  if (value > static_cast<std::uint64_t>(kMaxSeconds.count())) in.Refuse();
  return std::chrono::seconds(in.ok() ? static_cast<std::int64_t>(value) : 0);
}

}  // namespace

Bytes Encode(const KeptSession& state) {
  OctetWriter out;
  out.U8(kVersion);
  out.U8(static_cast<std::uint8_t>(state.stage));
  out.Text(std::string_view(state.boot).substr(0, kMaxText));
  out.Blob(Encode(state.now));
  out.UnixSeconds(state.opened_unix_seconds);
  out.UnixSeconds(state.reported_unix_seconds);
  out.U8(state.interim_interval ? 1 : 0);
  if (state.interim_interval) WriteSeconds(out, *state.interim_interval);
  WriteSeconds(out, state.session_timeout);
  return out.Take();
}

Result<KeptSession> DecodeKept(ByteView octets) {
  OctetReader in(octets);
  const std::uint8_t version = in.U8();
  if (in.ok() && version != kVersion) {
    return Fail(
        Error{ErrorCode::kUnsupported,
              "accounting state of a session, of unknown version " + std::to_string(version)});
  }
  KeptSession state;
  state.stage = static_cast<Stage>(in.Below(static_cast<std::uint8_t>(Stage::kStopped) + 1));
  state.boot = in.Text(kMaxText);
  Result<AccountingRecord> record = DecodeRecord(in.Blob(kMaxRecordOctets));
  if (record) {
    state.now = std::move(*record);
  } else {
    in.Refuse();
  }
  state.opened_unix_seconds = in.UnixSeconds();
  state.reported_unix_seconds = in.UnixSeconds();
  if (in.Below(2) == 1) state.interim_interval = ReadSeconds(in);
  state.session_timeout = ReadSeconds(in);
  if (!in.AtEnd()) {
    return Fail(Error{ErrorCode::kInvalidArgument,
                      "these octets are not the accounting state of a session"});
  }
  return state;
}

}  // namespace sstpgw::cp::accounting
