// What the operator says about accounting (features 6.4, VyOS names in 11.3), and the time of a
// step. Plain values.
#pragma once

#include <chrono>
#include <cstdint>

#include "controlplane/accounting/spool.h"
#include "proto/base/types.h"

namespace sstpgw::cp::accounting {

struct AccountingSettings {
  // False in local mode and when no server that is in use takes accounting. Then new sessions get
  // no records; those that have a Start still get their Stop, which waits in the spool.
  bool enabled = false;
  std::chrono::seconds interim_interval{0};  // when the Access-Accept names none; 0: no Interim
  std::chrono::seconds interim_jitter{0};    // each period is random in interval -/+ jitter
  // A session whose Interim-Update is unanswered for that long is ended (NAS-Error); 0: never.
  std::chrono::seconds acct_timeout{3};
  // > 0: the Start waits that long for addresses still to come, and the session for nothing.
  std::chrono::seconds start_delay{0};
  // The session is configured only when its Start is answered, and ended (NAS-Error) when no server
  // answers it. False, or with start_delay: it is configured when the Start is durable.
  bool start_wait = true;
  // Counters that are not part of a record are kept at least that often while they change.
  std::chrono::seconds counters_kept_every{30};
  // Of a gateway that is not attached: then its sessions are held to be over. 0: never.
  std::chrono::seconds gateway_lost_after{24 * 3600};
  SpoolLimits spool;
};

// The time of one step. Deadlines are reckoned with `now`; what is written into records and must
// have a meaning after a restart, with `unix_seconds`.
struct Moment {
  TimePoint now;
  std::int64_t unix_seconds = 0;
};

}  // namespace sstpgw::cp::accounting
