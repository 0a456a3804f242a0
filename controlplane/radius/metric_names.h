// Names of what is told of RADIUS: the keys of `show radius --json`, and what a metrics exporter
// calls them (features 10.6). Names are never changed and never used again for something else.
//
// Conventions of Prometheus: seconds and octets, counters end in _total. Metrics of a server have
// the labels `server` ("10.0.0.1:1812") and `service` ("authentication", "accounting"); in JSON
// these are the object around them. `label` is one more; in JSON its values are the keys of an
// object. Pure.
#pragma once

#include <array>

namespace sstpgw::cp::radius {

struct Metric {
  enum class Kind { kCounter, kGauge };
  const char* name;
  Kind kind;
  const char* help;
  const char* label = nullptr;
};

namespace metric {

inline constexpr auto kCounter = Metric::Kind::kCounter;
inline constexpr auto kGauge = Metric::Kind::kGauge;

// ---- Of one service of one server
inline constexpr Metric kServerUp{"sstp_radius_server_up", kGauge,
                                  "1: asked when its turn comes; 0: left alone, on trial or off."};
inline constexpr Metric kServerLeftAlone{"sstp_radius_server_left_alone_seconds", kGauge,
                                         "How long a failed server is still left alone."};
inline constexpr Metric kServerFailCount{"sstp_radius_server_fail_count", kGauge,
                                         "Transmissions in a row without an answer."};
inline constexpr Metric kRequests{"sstp_radius_requests_total", kCounter,
                                  "Requests sent, repetitions not counted."};
inline constexpr Metric kRetransmissions{"sstp_radius_retransmissions_total", kCounter,
                                         "Requests sent again."};
inline constexpr Metric kTimeouts{"sstp_radius_timeouts_total", kCounter,
                                  "Transmissions without an answer in time."};
inline constexpr Metric kReplies{
    "sstp_radius_replies_total", kCounter,
    "Genuine answers: accept, reject, challenge, accounting_response, status.", "reply"};
inline constexpr Metric kBadReplies{"sstp_radius_bad_replies_total", kCounter,
                                    "Datagrams dropped because they are no genuine answers.",
                                    "reason"};
inline constexpr Metric kLateReplies{"sstp_radius_late_replies_total", kCounter,
                                     "Genuine answers to requests that were over."};
inline constexpr Metric kDuplicateReplies{"sstp_radius_duplicate_replies_total", kCounter,
                                          "Genuine answers that came once more."};
inline constexpr Metric kStatusRequests{"sstp_radius_status_requests_total", kCounter,
                                        "Status-Server packets sent."};
inline constexpr Metric kMovedOn{"sstp_radius_moved_on_total", kCounter,
                                 "Requests that went on to another server, or nowhere."};
inline constexpr Metric kQueueExpired{"sstp_radius_queue_expired_total", kCounter,
                                      "Requests that waited here in vain and were never sent."};
inline constexpr Metric kSocketErrors{"sstp_radius_socket_errors_total", kCounter,
                                      "Refused, unreachable, or no socket."};
inline constexpr Metric kInFlight{"sstp_radius_in_flight", kGauge,
                                  "Requests sent that wait for an answer."};
inline constexpr Metric kQueueLength{"sstp_radius_queue_length", kGauge,
                                     "Requests that wait to be sent."};
inline constexpr Metric kSockets{"sstp_radius_sockets", kGauge, "Open sockets."};
inline constexpr Metric kLastRoundTrip{"sstp_radius_last_round_trip_seconds", kGauge,
                                       "From first sending to the answer, of the last request."};
inline constexpr Metric kSmoothedRoundTrip{"sstp_radius_round_trip_seconds", kGauge,
                                           "From first sending to the answer, smoothed."};

// ---- Of all servers
inline constexpr Metric kOpenRequests{"sstp_radius_open_requests", kGauge,
                                      "Requests that are not over."};
inline constexpr Metric kRefusedRequests{"sstp_radius_refused_requests_total", kCounter,
                                         "Requests for which nobody could be asked."};
inline constexpr Metric kStrayDatagrams{"sstp_radius_stray_datagrams_total", kCounter,
                                        "Datagrams that came to a socket that was closed."};

// ---- Accounting
inline constexpr Metric kAccountedSessions{"sstp_radius_accounting_sessions", kGauge,
                                           "Sessions that are accounted."};
inline constexpr Metric kSpoolRecords{"sstp_radius_accounting_spool_records", kGauge,
                                      "Records that no server has acknowledged yet."};
inline constexpr Metric kSpoolOctets{"sstp_radius_accounting_spool_octets", kGauge,
                                     "Octets of these records."};
inline constexpr Metric kSpoolMaxRecords{"sstp_radius_accounting_spool_max_records", kGauge,
                                         "How many records there is room for."};
inline constexpr Metric kSpoolMaxOctets{"sstp_radius_accounting_spool_max_octets", kGauge,
                                        "How many octets there is room for."};
inline constexpr Metric kSpoolOldest{"sstp_radius_accounting_spool_oldest_seconds", kGauge,
                                     "Age of the oldest of these records."};
inline constexpr Metric kSpoolInFlight{"sstp_radius_accounting_in_flight", kGauge,
                                       "Records on their way to a server."};
inline constexpr Metric kStoreStalled{"sstp_radius_accounting_store_stalled", kGauge,
                                      "1: the store does not write."};
inline constexpr Metric kStoreStalls{"sstp_radius_accounting_store_stalls_total", kCounter,
                                     "How often the store could not write."};
inline constexpr Metric kSpoolNearFull{"sstp_radius_accounting_spool_near_full", kGauge,
                                       "1: logins may be turned away soon for want of room."};
inline constexpr Metric kLogins{"sstp_radius_accounting_logins_total", kCounter,
                                "Logins: let_in, turned_away.", "result"};
inline constexpr Metric kRecords{"sstp_radius_accounting_records_total", kCounter,
                                 "Records made: start, interim, stop.", "status"};
inline constexpr Metric kRecordOutcomes{
    "sstp_radius_accounting_outcomes_total", kCounter,
    "What became of records: acknowledged, unanswered (a round of sending), superseded, shed.",
    "outcome"};
inline constexpr Metric kEndedSessions{"sstp_radius_accounting_ended_sessions_total", kCounter,
                                       "Sessions ended because no server answered."};
inline constexpr Metric kLostSessions{"sstp_radius_accounting_lost_sessions_total", kCounter,
                                      "Sessions whose Stop has the last known counters."};

// ---- Dynamic authorization
inline constexpr Metric kDynamicInProgress{"sstp_radius_dynamic_in_progress", kGauge,
                                           "Requests that are not answered yet."};
inline constexpr Metric kDynamicRequests{"sstp_radius_dynamic_requests_total", kCounter,
                                         "Genuine requests: disconnect, coa.", "request"};
inline constexpr Metric kDynamicAcks{"sstp_radius_dynamic_acks_total", kCounter,
                                     "Requests that were carried out: disconnect, coa.", "request"};
inline constexpr Metric kDynamicNaks{"sstp_radius_dynamic_naks_total", kCounter,
                                     "Requests that were refused, by Error-Cause.", "cause"};
inline constexpr Metric kDynamicDropped{"sstp_radius_dynamic_dropped_total", kCounter,
                                        "Datagrams dropped without an answer.", "reason"};
inline constexpr Metric kDynamicDuplicates{"sstp_radius_dynamic_duplicates_total", kCounter,
                                           "Requests that came again and were answered again."};
inline constexpr Metric kDynamicTimeouts{"sstp_radius_dynamic_timeouts_total", kCounter,
                                         "Requests that nobody carried out in time."};
inline constexpr Metric kDynamicLate{"sstp_radius_dynamic_late_total", kCounter,
                                     "Requests carried out after they had been refused for that."};
inline constexpr Metric kDynamicUnsent{"sstp_radius_dynamic_unsent_total", kCounter,
                                       "Answers that could not be made or sent."};

// All of them, in the order of the page.
inline constexpr std::array kAll{
    kServerUp,        kServerLeftAlone,   kServerFailCount,   kRequests,
    kRetransmissions, kTimeouts,          kReplies,           kBadReplies,
    kLateReplies,     kDuplicateReplies,  kStatusRequests,    kMovedOn,
    kQueueExpired,    kSocketErrors,      kInFlight,          kQueueLength,
    kSockets,         kLastRoundTrip,     kSmoothedRoundTrip, kOpenRequests,
    kRefusedRequests, kStrayDatagrams,    kAccountedSessions, kSpoolRecords,
    kSpoolOctets,     kSpoolMaxRecords,   kSpoolMaxOctets,    kSpoolOldest,
    kSpoolInFlight,   kStoreStalled,      kStoreStalls,       kSpoolNearFull,
    kLogins,          kRecords,           kRecordOutcomes,    kEndedSessions,
    kLostSessions,    kDynamicInProgress, kDynamicRequests,   kDynamicAcks,
    kDynamicNaks,     kDynamicDropped,    kDynamicDuplicates, kDynamicTimeouts,
    kDynamicLate,     kDynamicUnsent};

}  // namespace metric
}  // namespace sstpgw::cp::radius
