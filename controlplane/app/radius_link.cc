#include "controlplane/app/radius_link.h"

#include <chrono>
#include <utility>

#include "proto/base/log.h"

namespace sstpgw::cp {
namespace {

TimePoint Now() { return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()); }

}  // namespace

RadiusLink::RadiusLink(Poller& poller, Entropy& entropy)
    : client_(entropy), sockets_(poller, entropy, *this) {}

void RadiusLink::Configure(radius::ClientSettings settings) {
  radius::ActionList actions;
  client_.Configure(std::move(settings), Now(), actions);
  Execute(std::move(actions));
}

radius::RequestId RadiusLink::Submit(radius::ClientRequest request, Done done) {
  client_.LogPackets(LogEnabled(LogLevel::kTrace));
  radius::ActionList actions;
  const radius::RequestId id = client_.Submit(std::move(request), Now(), actions);
  waiting_.emplace(id, std::move(done));
  Execute(std::move(actions));
  return id;
}

void RadiusLink::Cancel(radius::RequestId request) {
  waiting_.erase(request);
  radius::ActionList actions;
  client_.Cancel(request, Now(), actions);
  Execute(std::move(actions));
}

void RadiusLink::Tick() {
  radius::ActionList actions;
  client_.Tick(Now(), actions);
  Execute(std::move(actions));
}

radius::ClientView RadiusLink::View() const { return client_.View(Now()); }

void RadiusLink::Arrived(RadiusSockets::Key key, const IpEndpoint& from, ByteView datagram) {
  radius::ActionList actions;
  client_.DatagramArrived(radius::SocketId(key), from, datagram, Now(), actions);
  Execute(std::move(actions));
}

void RadiusLink::Trouble(RadiusSockets::Key key, std::string_view why) {
  client_.SocketTrouble(radius::SocketId(key), why);
}

void RadiusLink::Execute(radius::ActionList actions) {
  for (radius::Action& action : actions) to_do_.push_back(std::move(action));
  if (executing_) return;
  executing_ = true;
  while (!to_do_.empty()) {
    radius::Action action = std::move(to_do_.front());
    to_do_.pop_front();
    if (const auto* open = std::get_if<radius::OpenSocket>(&action)) {
      Open(*open);
    } else if (const auto* close = std::get_if<radius::CloseSocket>(&action)) {
      sockets_.Flush();
      sockets_.Close(close->socket.value());
    } else if (auto* send = std::get_if<radius::SendDatagram>(&action)) {
      sockets_.Send(send->socket.value(), send->server, std::move(send->octets));
    } else if (auto* done = std::get_if<radius::RequestDone>(&action)) {
      Conclude(*done);
    } else if (const auto* line = std::get_if<radius::WriteLog>(&action)) {
      Log(line->level, line->text);
    }
  }
  sockets_.Flush();
  executing_ = false;
}

void RadiusLink::Open(const radius::OpenSocket& open) {
  const bool v4 = IsIpv4(open.server.address);
  const IpAddress any = v4 ? IpAddress(Ipv4Address()) : IpAddress(Ipv6Address());
  const auto opened = sockets_.Open(open.socket.value(), {open.source.value_or(any), 0});
  if (opened) return;
  radius::ActionList actions;
  client_.SocketFailed(open.socket, opened.error().message, Now(), actions);
  Execute(std::move(actions));
}

void RadiusLink::Conclude(radius::RequestDone& done) {
  const auto waiting = waiting_.find(done.request);
  if (waiting == waiting_.end()) return;
  const Done tell = std::move(waiting->second);
  waiting_.erase(waiting);
  tell(std::move(done.outcome));
}

}  // namespace sstpgw::cp
