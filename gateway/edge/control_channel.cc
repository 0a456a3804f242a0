#include "gateway/edge/control_channel.h"

#include <algorithm>
#include <chrono>

#include "proto/base/link.h"
#include "proto/base/text.h"

namespace sstpgw::edge {

using std::chrono::milliseconds;

Result<bool> CheckControlAddress(const std::string& address) {
  if (address.rfind("unix:/", 0) == 0 && address.size() > 6) return true;
  if (address.rfind("unix:", 0) == 0) {
    return Fail(Error{ErrorCode::kInvalidArgument,
                      "control plane address '" + Escape(address) +
                          "': the path must begin with '/', as in unix:/run/sstpgw/link.sock"});
  }
  return Fail(Error{ErrorCode::kUnsupported,
                    "control plane address '" + Escape(address) +
                        "': only unix:/path is supported yet (TCP needs mutual TLS)"});
}

std::shared_ptr<grpc::Channel> MakeControlChannel(const std::string& address,
                                                  const ControlOptions& options) {
  grpc::ChannelArguments arguments;
  // The control plane may hang without closing anything; logins must not wait for it.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS,
                   static_cast<int>(options.keepalive_interval.count()));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                   static_cast<int>(options.keepalive_timeout.count()));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetMaxReceiveMessageSize(kMaxLinkMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxLinkMessageBytes);
  // Every attempt dials anew: pauses between attempts are this client's business.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

bool Connect(grpc::Channel& channel, const ControlOptions& options,
             const std::function<bool()>& given_up) {
  const auto deadline = std::chrono::system_clock::now() + options.connect_timeout;
  while (true) {
    const grpc_connectivity_state state = channel.GetState(true);
    if (state == GRPC_CHANNEL_READY) return true;
    const auto now = std::chrono::system_clock::now();
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE || now >= deadline || given_up()) return false;
    channel.WaitForStateChange(state, std::min(deadline, now + milliseconds(100)));
  }
}

}  // namespace sstpgw::edge
