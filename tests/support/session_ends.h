// Ends that a TLS connection puts to an active session. The same whoever does the records, OpenSSL
// or the kernel: the suites that call these differ in the client's TLS and in the gateway's
// settings. Each dials in as user test/test, and returns when no session is left; what is not as it
// should be is a failure of the test.
#pragma once

#include "tests/support/dialer.h"

namespace sstpgw::test {

// The client says close_notify and nothing more.
void ExpectCloseNotifyEndsTheSession(Lab& lab, const client::TlsOptions& tls);

// One bit of a record changes on its way to the gateway, which must not take anything of it.
void ExpectARecordSpoiltOnTheWayUpEndsTheSession(Lab& lab, const client::TlsOptions& tls);

// The same on the way to the client, whose alert the gateway understands.
void ExpectARecordSpoiltOnTheWayDownEndsTheSession(Lab& lab, const client::TlsOptions& tls);

}  // namespace sstpgw::test
