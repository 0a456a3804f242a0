#include "controlplane/rpc/operator_service.h"

#include <optional>
#include <utility>

#include "controlplane/rpc/operator_convert.h"
#include "controlplane/rpc/operator_streams.h"
#include "controlplane/rpc/radius_convert.h"

namespace sstpgw::cp {

// The default reactor finishes only by our Finish, so request and response live until then, also
// when the caller is gone.
grpc::ServerUnaryReactor* OperatorService::InApp(grpc::CallbackServerContext* context,
                                                 std::function<grpc::Status(OperatorApi&)> what) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  backend_.Run([reactor, what = std::move(what)](OperatorApi& api) { reactor->Finish(what(api)); });
  return reactor;
}

grpc::ServerWriteReactor<pb::ListSessionsResponse>* OperatorService::ListSessions(
    grpc::CallbackServerContext* /*context*/, const pb::ListSessionsRequest* request) {
  return StartListSessions(backend_, *request);
}

grpc::ServerWriteReactor<pb::SessionChange>* OperatorService::WatchSessions(
    grpc::CallbackServerContext* context, const pb::WatchSessionsRequest* request) {
  return StartWatchSessions(backend_, context, *request);
}

grpc::ServerUnaryReactor* OperatorService::GetStatistics(
    grpc::CallbackServerContext* context, const pb::GetStatisticsRequest* /*request*/,
    pb::GetStatisticsResponse* response) {
  return InApp(context, [response](OperatorApi& api) {
    *response = ToMessage(api.Statistics());
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* OperatorService::GetRadius(grpc::CallbackServerContext* context,
                                                     const pb::GetRadiusRequest* /*request*/,
                                                     pb::GetRadiusResponse* response) {
  return InApp(context, [response](OperatorApi& api) {
    *response = ToMessage(api.Radius());
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* OperatorService::Terminate(grpc::CallbackServerContext* context,
                                                     const pb::TerminateRequest* request,
                                                     pb::TerminateResponse* response) {
  return InApp(context, [request, response](OperatorApi& api) {
    const auto filter = ToFilter(*request);
    if (!filter) return Failure(filter.error(), pb::REASON_BAD_SELECTOR);
    const std::uint32_t count =
        api.Terminate(*filter, request->hard() ? Termination::kHard : Termination::kSoft);
    if (count == 0) {
      return Failure(Error{ErrorCode::kNotFound, "no such session"}, pb::REASON_NO_SUCH_SESSION);
    }
    response->set_sessions(count);
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* OperatorService::ChangeShaper(grpc::CallbackServerContext* context,
                                                        const pb::ChangeShaperRequest* request,
                                                        pb::ChangeShaperResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto order = ToRateOrder(*request);
  if (!order) {
    reactor->Finish(Failure(order.error().error, order.error().reason));
    return reactor;
  }
  backend_.Run([reactor, response, order = *order](OperatorApi& api) {
    api.OrderRates(order, [reactor, response](const PolicyOutcome& outcome) {
      if (!outcome.found) {
        reactor->Finish(
            Failure(Error{ErrorCode::kNotFound, "no such session"}, pb::REASON_NO_SUCH_SESSION));
        return;
      }
      *response = ToMessage(outcome);
      reactor->Finish(grpc::Status::OK);
    });
  });
  return reactor;
}

grpc::ServerUnaryReactor* OperatorService::ListPools(grpc::CallbackServerContext* context,
                                                     const pb::ListPoolsRequest* /*request*/,
                                                     pb::ListPoolsResponse* response) {
  return InApp(context, [response](OperatorApi& api) {
    const std::string default_pool = api.DefaultPool();
    for (const PoolUsage& pool : api.Pools()) {
      *response->add_pools() = ToMessage(pool, pool.name == default_pool);
    }
    const std::string default_ipv6_pool = api.DefaultIpv6Pool();
    for (const PrefixUsage& pool : api.Ipv6Pools()) {
      *response->add_pools() = ToMessage(pool, pool.name == default_ipv6_pool);
    }
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* OperatorService::GetConfig(grpc::CallbackServerContext* context,
                                                     const pb::GetConfigRequest* /*request*/,
                                                     pb::GetConfigResponse* response) {
  return InApp(context, [response](OperatorApi& api) {
    ConfigView view = api.Config();
    response->set_yaml(std::move(view.yaml));
    response->set_file_name(std::move(view.file_name));
    response->set_generation(view.generation.value());
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* OperatorService::ValidateConfig(grpc::CallbackServerContext* context,
                                                          const pb::ValidateConfigRequest* request,
                                                          pb::ValidateConfigResponse* response) {
  // No state of the app is needed, and the app's thread has better things to do.
  const auto validation = backend_.Validate(request->yaml(), request->file_name());
  AddProblems(validation.errors, validation.warnings, *response);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerUnaryReactor* OperatorService::DiffConfig(grpc::CallbackServerContext* context,
                                                      const pb::DiffConfigRequest* request,
                                                      pb::DiffConfigResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  std::optional<std::string> yaml;
  if (request->has_yaml()) yaml = request->yaml();
  backend_.Compare(yaml, request->file_name(),
                   [reactor, response](const Result<OperatorBackend::Comparison>& result) {
                     reactor->Finish(AnswerDiff(result, *response));
                   });
  return reactor;
}

grpc::ServerUnaryReactor* OperatorService::Reload(grpc::CallbackServerContext* context,
                                                  const pb::ReloadRequest* /*request*/,
                                                  pb::ReloadResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  backend_.Run([reactor, response](OperatorApi& api) {
    response->set_file_name(api.Version().config_file);
    api.Reload([reactor, response](const OperatorApi::ReloadResult& result) {
      reactor->Finish(AnswerReload(result, *response));
    });
  });
  return reactor;
}

grpc::ServerUnaryReactor* OperatorService::ListGateways(grpc::CallbackServerContext* context,
                                                        const pb::ListGatewaysRequest* /*request*/,
                                                        pb::ListGatewaysResponse* response) {
  return InApp(context, [response](OperatorApi& api) {
    for (const GatewayView& view : api.Gateways()) *response->add_gateways() = ToMessage(view);
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* OperatorService::Drain(grpc::CallbackServerContext* context,
                                                 const pb::DrainRequest* request,
                                                 pb::DrainResponse* response) {
  return InApp(context, [request, response](OperatorApi& api) {
    const auto told = api.Drain(request->gateway_id(), request->enabled());
    if (!told) return Failure(told.error(), pb::REASON_NO_SUCH_GATEWAY);
    response->set_gateways(*told);
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* OperatorService::SetLogLevel(grpc::CallbackServerContext* context,
                                                       const pb::SetLogLevelRequest* request,
                                                       pb::SetLogLevelResponse* /*response*/) {
  return InApp(context, [request](OperatorApi& api) {
    if (request->level() > static_cast<std::uint32_t>(LogLevel::kDebug)) {
      return Failure(Error{ErrorCode::kInvalidArgument, "the log level must be 0..5"},
                     pb::REASON_BAD_LOG_LEVEL);
    }
    api.ChangeLogLevel(static_cast<LogLevel>(request->level()));
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* OperatorService::GetVersion(grpc::CallbackServerContext* context,
                                                      const pb::GetVersionRequest* /*request*/,
                                                      pb::GetVersionResponse* response) {
  return InApp(context, [response](OperatorApi& api) {
    VersionView view = api.Version();
    response->set_version(std::move(view.version));
    response->set_config_file(std::move(view.config_file));
    response->set_started_unix_seconds(view.started_unix_seconds);
    return grpc::Status::OK;
  });
}

}  // namespace sstpgw::cp
