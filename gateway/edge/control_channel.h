// Reaching a control plane: addresses, gRPC channels. Part of control_client.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>

#include "gateway/edge/control_client.h"
#include "proto/base/result.h"

namespace sstpgw::edge {

// kUnsupported, kInvalidArgument: not an address that can be dialled, with the reason.
Result<bool> CheckControlAddress(const std::string& address);
// A channel of its own, not connected yet.
std::shared_ptr<grpc::Channel> MakeControlChannel(const std::string& address,
                                                  const ControlOptions& options);
// Waits until it is connected; false: refused, not within options.connect_timeout, or given up.
bool Connect(grpc::Channel& channel, const ControlOptions& options,
             const std::function<bool()>& given_up);

}  // namespace sstpgw::edge
