#include "tests/support/raw_peer.h"

#include <poll.h>

#include <algorithm>
#include <array>

namespace sstpgw::test {
namespace {

using Clock = std::chrono::steady_clock;
using client::TlsConnection;

constexpr std::size_t kMaxKept = 4 << 20;

}  // namespace

client::TlsOptions NotVerified() {
  client::TlsOptions options;
  options.verify = false;
  return options;
}

RawPeer::RawPeer(const Namespace& where, const ServerAddress& server,
                 const client::TlsOptions& tls) {
  auto context = client::TlsClientContext::Make(tls);
  if (!context) {
    error_ = context.error().message;
    return;
  }
  context_.emplace(std::move(*context));
  std::optional<Result<int>> fd;
  where.Run([&] { fd = client::StartConnect(server.address, server.port); });
  if (!fd || !*fd) {
    error_ = fd ? fd->error().message : "no namespace";
    return;
  }
  tls_.emplace(*context_, **fd);
  connected_ = Handshake();
}

bool RawPeer::Handshake() {
  const auto end = Clock::now() + kPatience;
  while (Clock::now() < end) {
    const auto progress = tls_->Handshake();
    if (!progress) {
      error_ = progress.error().message;
      return false;
    }
    if (*progress == TlsConnection::Progress::kDone) return true;
    WaitFor(*progress == TlsConnection::Progress::kWantWrite ? POLLOUT : POLLIN, end);
  }
  error_ = "TLS handshake took too long";
  return false;
}

void RawPeer::WaitFor(short events, Clock::time_point end) const {
  pollfd waiting{tls_->fd(), events, 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
  poll(&waiting, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 60000)));
}

bool RawPeer::Send(ByteView bytes) {
  const auto end = Clock::now() + kPatience;
  while (!bytes.empty() && connected_) {
    const auto size = tls_->Write(bytes);
    if (!size) {
      error_ = size.error().message;
      return false;
    }
    bytes = bytes.subspan(*size);
    if (*size == 0) WaitFor(POLLOUT, end);
    if (Clock::now() >= end) return false;
  }
  return connected_;
}

bool RawPeer::Send(std::string_view text) { return Send(client::ToBytes(text)); }

bool RawPeer::Fill(Clock::time_point end) {
  std::array<std::uint8_t, 16384> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  while (connected_ && !closed_) {
    const auto size = tls_->Read(buffer);
    if (!size) {
      closed_ = true;
      error_ = size.error().message;
      return false;
    }
    if (*size > 0) {
      if (received_.size() < kMaxKept) {
        received_.insert(received_.end(), buffer.begin(),
                         buffer.begin() + static_cast<std::ptrdiff_t>(*size));
      }
      return true;
    }
    if (Clock::now() >= end) return false;
    WaitFor(POLLIN, end);
  }
  return false;
}

std::string RawPeer::ReadHttpReply(std::chrono::milliseconds timeout) {
  const auto end = Clock::now() + timeout;
  while (true) {
    const std::string text(received_.begin(), received_.end());
    const std::size_t blank = text.find("\r\n\r\n");
    if (blank != std::string::npos) {
      received_.erase(received_.begin(),
                      received_.begin() + static_cast<std::ptrdiff_t>(blank) + 4);
      return text.substr(0, blank + 4);
    }
    if (!Fill(end)) return {};
  }
}

std::optional<client::SstpPacket> RawPeer::ReadPacket(std::chrono::milliseconds timeout) {
  const auto end = Clock::now() + timeout;
  while (true) {
    splitter_.Append(std::exchange(received_, {}));
    if (auto packet = splitter_.Next()) return packet;
    if (!Fill(end)) return std::nullopt;
  }
}

std::optional<client::SstpPacket> RawPeer::ReadPacketIf(
    const std::function<bool(const client::SstpPacket&)>& wanted,
    std::chrono::milliseconds timeout) {
  const auto end = Clock::now() + timeout;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    auto packet = ReadPacket(std::max(left, std::chrono::milliseconds(0)));
    if (!packet || wanted(*packet)) return packet;
  }
}

std::optional<client::SstpPacket> RawPeer::ReadMessage(std::uint16_t type,
                                                       std::chrono::milliseconds timeout) {
  return ReadPacketIf(
      [type](const client::SstpPacket& packet) { return packet.message_type() == type; }, timeout);
}

std::optional<client::PppControl> RawPeer::ReadPpp(std::uint16_t protocol, std::uint8_t code,
                                                   std::chrono::milliseconds timeout) {
  std::optional<client::PppControl> found;
  ReadPacketIf(
      [&](const client::SstpPacket& packet) {
        const auto frame = packet.frame();
        if (!frame || frame->protocol != protocol) return false;
        found = client::ParsePppControl(frame->information);
        if (found && found->code != code) found.reset();
        return found.has_value();
      },
      timeout);
  return found;
}

std::optional<Bytes> RawPeer::ReadUntilClosed(std::chrono::milliseconds timeout) {
  const auto end = Clock::now() + timeout;
  while (Fill(end)) {
  }
  if (!closed_) return std::nullopt;
  return std::exchange(received_, {});
}

bool RawPeer::OpenCall() {
  if (!Send(client::HttpRequest("vpn.example.com", "{48B82435-099A-4158-A987-052E7570CFAA}"))) {
    return false;
  }
  if (ReadHttpReply().find(" 200 ") == std::string::npos) return false;
  Send(client::CallConnectRequest());
  const auto ack = ReadMessage(client::kCallConnectAck);
  if (!ack) return false;
  for (const client::SstpAttribute& attribute : ack->attributes()) {
    if (attribute.id == client::kCryptoBindingRequest && attribute.value.size() == 36) {
      nonce_.assign(attribute.value.begin() + 4, attribute.value.end());
    }
  }
  return nonce_.size() == 32;
}

bool RawPeer::OpenLcp() {
  if (!OpenCall()) return false;
  const auto request = ReadPpp(client::kLcp, client::kConfReq);
  if (!request) return false;
  server_lcp_ = *request;
  Send(client::SstpPpp(client::kLcp, {client::kConfReq, 1, client::EncodeOptions({})}));
  if (!ReadPpp(client::kLcp, client::kConfAck)) return false;
  return Send(client::SstpPpp(client::kLcp, {client::kConfAck, request->id, request->data}));
}

}  // namespace sstpgw::test
