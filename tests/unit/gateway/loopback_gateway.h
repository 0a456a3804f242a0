// The whole gateway in this process, on loopback: a fake control plane on a Unix socket, the app
// with its threads, and TLS clients. No interface is made, so no privilege is needed.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "gateway/edge/event_loop.h"
#include "gateway/edge/kernel_tls_support.h"
#include "gateway/gateway_app.h"
#include "proto/base/log.h"
#include "tests/support/pki.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/gateway/fake_control_plane.h"
#include "tests/unit/gateway/tls_peer.h"

namespace sstpgw::gateway {

using std::string_literals::operator""s;

inline constexpr std::uint16_t kPort = 4430;
inline const std::string kPath = "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/";
inline const std::string kRequest = "SSTP_DUPLEX_POST " + kPath +
                                    " HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n"
                                    "Host: vpn.example.com\r\n\r\n";
// [MS-SSTP] 2.2.9: CALL_CONNECT_REQUEST with Encapsulated Protocol ID PPP.
inline const std::string kCallConnectRequest =
    "\x10\x01\x00\x0e\x00\x01\x00\x01\x00\x01\x00\x06\x00\x01"s;

// Every process its own loopback address, so that tests can run side by side.
inline std::string OwnAddress() {
  const auto pid = static_cast<unsigned>(getpid());
  return "127." + std::to_string(1 + pid / 62500 % 250) + "." +
         std::to_string(1 + pid / 250 % 250) + "." + std::to_string(1 + pid % 250);
}

inline bool StartsAs(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

class LoopbackGateway : public ::testing::Test {
 protected:
  LoopbackGateway() : socket_(directory_.path() + "/link.sock"), control_(socket_) {
    SetLogLevel(LogLevel::kOff);
  }
  ~LoopbackGateway() override { StopGateway(); }

  GatewaySettings Settings(std::uint64_t generation) {
    GatewaySettings settings;
    settings.generation = Generation(generation);
    settings.listen_addresses = {OwnAddress()};
    settings.port = kPort;
    settings.tls.certificate_chain_pem = identity_.chain_pem;
    settings.tls.private_key_pem = Secret(std::string_view(identity_.key_pem));
    settings.ppp.auth_protocols = {AuthProtocol::kPap};
    settings.log_level = LogLevel::kOff;
    // The same on every host, whatever its kernel can do.
    settings.data_path.kernel_tls_send = false;
    settings.data_path.kernel_tls_receive = false;
    return settings;
  }
  static v1::ToGateway Order(ToGatewayMessage message) { return contract::ToProto(message); }

  void StartGateway(GatewayOptions options = {}) {
    options.name = "edge1";
    options.version = "test";
    options.control_addresses = {"unix:" + socket_};
    if (options.workers == 0) options.workers = 2;
    if (options.handshake_threads == 0) options.handshake_threads = 2;
    options.log_level = LogLevel::kOff;
    options.stop_patience = std::chrono::milliseconds(300);
    loop_ = std::move(*edge::EventLoop::Create());
    auto app = GatewayApp::Create(options, *loop_);
    ASSERT_TRUE(app) << app.error().message;
    app_ = std::move(*app);
    app_->Start();
    thread_ = std::thread([this] { loop_->Run(); });
  }
  void StopGateway() {
    if (!app_) return;
    app_->RequestStop();
    thread_.join();
    app_.reset();
  }
  // Control plane and gateway, listening.
  void StartAll() {
    control_.Start({Order(Settings(1))});
    StartGateway();
    const auto applied = control_.Take<Applied>();
    ASSERT_TRUE(applied);
    EXPECT_EQ(applied->generation, Generation(1));
  }
  // The value of a counter once it is not zero.
  std::uint64_t AwaitCounter(const std::string& name) {
    while (true) {
      const auto batch = control_.Take<CountersBatch>();
      if (!batch) return 0;
      for (const NamedCounter& counter : batch->statistics.counters) {
        if (counter.name == name && counter.value > 0) return counter.value;
      }
    }
  }
  // A client whose call is established; the session's first report.
  std::optional<NumberedReport> Call(TlsPeer& client) {
    EXPECT_TRUE(client.Send(kRequest));
    EXPECT_THAT(client.ReceiveHead(), ::testing::StartsWith("HTTP/1.1 200"));
    EXPECT_TRUE(client.Send(kCallConnectRequest));
    EXPECT_THAT(client.Receive(48), ::testing::StartsWith("\x10\x01\x00\x30\x00\x02"s));
    return control_.Take<NumberedReport>();
  }

  testing::CertificateAuthority authority_;
  testing::Identity identity_ = authority_.Issue({});
  test::TempDir directory_;
  std::string socket_;
  FakeControlPlane control_;
  std::unique_ptr<edge::EventLoop> loop_;
  std::unique_ptr<GatewayApp> app_;
  std::thread thread_;
};

}  // namespace sstpgw::gateway
