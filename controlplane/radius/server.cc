#include "controlplane/radius/server.h"

#include <algorithm>

namespace sstpgw::cp::radius {
namespace {

constexpr Duration kMinute = std::chrono::minutes(1);

ServerHealth::Rules HealthRules(const ServerSettings& settings, std::uint32_t max_try) {
  ServerHealth::Rules rules;
  rules.fail_time = settings.fail_time;
  rules.max_fail = settings.max_fail != 0 ? settings.max_fail : max_try + settings.request_limit;
  rules.by_probe = settings.status_server;
  return rules;
}

}  // namespace

TrafficView Traffic::ViewAt(TimePoint now) const {
  TrafficView view;
  view.total = total;
  view.lost_5m = lost.Last(5 * kMinute, now).count;
  view.lost_1m = lost.Last(kMinute, now).count;
  view.average_5m = answered.Last(5 * kMinute, now).average();
  view.average_1m = answered.Last(kMinute, now).average();
  return view;
}

void ServerService::CountRoundTrip(bool interim, Duration took, TimePoint now) {
  (interim ? interims : requests).answered.Add(now, took);
  counters.last_round_trip = took;
  auto& smoothed = counters.smoothed_round_trip;
  smoothed = smoothed ? *smoothed + (took - *smoothed) / 8 : took;
}

ServiceView ServerService::ViewAt(TimePoint now) const {
  ServiceView view = counters;
  view.fail_count = health.fail_count();
  if (!offered) {
    view.state = ServiceState::kOff;
  } else if (!health.failed()) {
    view.state = ServiceState::kActive;
  } else if (now >= health.penalty_end()) {
    view.state = ServiceState::kOnTrial;
  } else {
    view.state = ServiceState::kFailed;
    view.left_alone_for = std::chrono::ceil<std::chrono::seconds>(health.penalty_end() - now);
  }
  view.in_flight = in_flight;
  view.queue_length = queue.size();
  view.sockets = identifiers.socket_count();
  view.requests = requests.ViewAt(now);
  view.interims = interims.ViewAt(now);
  return view;
}

void Server::Configure(std::uint32_t its_number, ServerSettings its_settings,
                       std::uint32_t max_try) {
  number = its_number;
  settings = std::move(its_settings);
  ServerService& authentication = service(Service::kAuthentication);
  ServerService& accounting = service(Service::kAccounting);
  authentication.endpoint = {settings.address, settings.auth_port};
  authentication.offered = !settings.disabled;
  accounting.endpoint = {settings.address, settings.acct_port};
  accounting.offered = !settings.disabled && settings.accounting && settings.acct_port != 0;
  for (ServerService& one : services) {
    one.request_limit = settings.request_limit;
    one.health.Configure(HealthRules(settings, max_try));
  }
}

ServerView Server::ViewAt(TimePoint now) const {
  ServerView view;
  view.id = id;
  view.number = number;
  view.authentication = service(Service::kAuthentication).endpoint;
  view.accounting = service(Service::kAccounting).endpoint;
  view.disabled = settings.disabled;
  view.backup = settings.backup;
  view.weight = weight();
  for (std::size_t i = 0; i < kServices; ++i) view.services[i] = services[i].ViewAt(now);
  return view;
}

bool SameServer(const ServerSettings& a, const ServerSettings& b) {
  return a.address == b.address && a.auth_port == b.auth_port && a.acct_port == b.acct_port &&
         ConstantTimeEqual(a.secret.Reveal(), b.secret.Reveal());
}

const char* ToString(BadReply reason) {
  switch (reason) {
    case BadReply::kWrongSource:
      return "wrong source";
    case BadReply::kMalformed:
      return "malformed";
    case BadReply::kUnknownIdentifier:
      return "unknown identifier";
    case BadReply::kUnexpectedCode:
      return "unexpected code";
    case BadReply::kWrongAuthenticator:
      return "wrong authenticator";
    case BadReply::kWrongMessageAuthenticator:
      return "wrong Message-Authenticator";
    case BadReply::kMissingMessageAuthenticator:
      return "Message-Authenticator missing";
  }
  return "unknown";
}

const char* ToString(ServiceState state) {
  switch (state) {
    case ServiceState::kOff:
      return "off";
    case ServiceState::kActive:
      return "active";
    case ServiceState::kFailed:
      return "failed";
    case ServiceState::kOnTrial:
      return "on trial";
  }
  return "unknown";
}

const char* ToString(Service service) {
  return service == Service::kAuthentication ? "authentication" : "accounting";
}

const char* ToString(FailureReason reason) {
  switch (reason) {
    case FailureReason::kNoServers:
      return "no servers available";
    case FailureReason::kNoAnswer:
      return "no answer";
    case FailureReason::kOverloaded:
      return "too many requests";
    case FailureReason::kUnsendable:
      return "cannot be sent";
  }
  return "unknown";
}

}  // namespace sstpgw::cp::radius
