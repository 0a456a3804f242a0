// The RADIUS client: a story of requests, time, and datagrams of any kind. The input's first octet
// of each step says what happens. Whatever does, the parts agree, requests end once, and nobody is
// answered whom no server answered.
#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/attribute_values.h"
#include "controlplane/radius/authenticators.h"
#include "controlplane/radius/client.h"
#include "tests/fuzz/require.h"

namespace sstpgw::fuzz {
namespace {

using namespace cp::radius;

constexpr std::size_t kMaxSteps = 400;
constexpr std::size_t kMaxRemembered = 64;

class CountingEntropy final : public Entropy {
 public:
  void Fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& octet : out) octet = static_cast<std::uint8_t>(++count_ * 167 >> 3);
  }

 private:
  std::uint32_t count_ = 0;
};

class Input {
 public:
  explicit Input(ByteView bytes) : rest_(bytes) {}
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  std::uint8_t Octet() {
    if (rest_.empty()) return 0;
    const std::uint8_t octet = rest_.front();
    rest_ = rest_.subspan(1);
    return octet;
  }
  Bytes Some() {
    const std::size_t size = std::min<std::size_t>(Octet(), rest_.size());
    const Bytes out(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(size));
    rest_ = rest_.subspan(size);
    return out;
  }

 private:
  ByteView rest_;
};

class Story {
 public:
  explicit Story(ByteView bytes) : input_(bytes) { Configure(); }

  void Run() {
    for (std::size_t i = 0; i < kMaxSteps && !input_.empty(); ++i) {
      Step();
      Require(client_.Inconsistency().empty());
    }
    // Everything ends.
    for (int i = 0; i < 10000 && !open_.empty(); ++i) {
      Require(client_.NextDeadline().has_value());
      now_ = std::max(now_, *client_.NextDeadline());
      ActionList actions;
      client_.Tick(now_, actions);
      Carry(std::move(actions));
    }
    Require(open_.empty());
  }

 private:
  void Step() {
    ActionList actions;
    const std::uint8_t what = input_.Octet();
    switch (what % 10) {
      case 0:
      case 1:
        Submit(actions);
        break;
      case 2:
        now_ += std::chrono::milliseconds(input_.Octet() * 50);
        client_.Tick(now_, actions);
        break;
      case 3:  // any octets
        Deliver(actions, input_.Some());
        break;
      case 4:
      case 5:  // a genuine answer
        Answer(actions, 0);
        break;
      case 6:  // one with a few octets changed
        Answer(actions, 1 + input_.Octet() % 4);
        break;
      case 7:
        if (!open_.empty()) Cancel(actions);
        break;
      case 8:
        Configure();
        break;
      case 9:
        if (!sockets_.empty()) {
          const SocketId socket = *sockets_.begin();
          sockets_.erase(sockets_.begin());
          client_.SocketFailed(socket, "why not", now_, actions);
        }
        break;
    }
    Carry(std::move(actions));
  }

  void Configure() {
    ClientSettings settings;
    const std::uint8_t shape = input_.Octet();
    for (std::uint8_t i = 0; i < 3; ++i) {
      ServerSettings server;
      server.address = Ipv4Address(0x0a000001U + i);
      server.secret = Secret(std::string_view((shape & 1) != 0 ? "one" : "two"));
      server.fail_time = std::chrono::seconds((shape & 2) != 0 ? 5 : 0);
      server.request_limit = (shape & 4) != 0 ? 2 : 0;
      server.disabled = i == 1 && (shape & 8) != 0;
      server.status_server = i == 0 && (shape & 16) != 0;
      server.message_authenticator = static_cast<MessageAuthenticatorPolicy>((shape >> 5) % 3);
      settings.servers.push_back(std::move(server));
    }
    settings.max_requests = 300;
    settings.max_queue = 10;
    secret_ = (shape & 1) != 0 ? "one" : "two";
    ActionList actions;
    client_.Configure(std::move(settings), now_, actions);
    Carry(std::move(actions));
  }

  void Submit(ActionList& actions) {
    ClientRequest request;
    const std::uint8_t kind = input_.Octet();
    if ((kind & 1) != 0) request.body.code = Code::kAccountingRequest;
    if ((kind & 2) != 0)
      request.body.attributes.push_back({0, kAcctDelayTime.type, IntegerValue(0)});
    if ((kind & 4) != 0) request.body.password = Secret(std::string_view("pw"));
    if ((kind & 8) != 0) request.priority = Priority::kBackground;
    const RequestId id = client_.Submit(std::move(request), now_, actions);
    open_.insert(id);
  }

  void Cancel(ActionList& actions) {
    const auto which = std::next(open_.begin(), input_.Octet() % static_cast<int>(open_.size()));
    client_.Cancel(*which, now_, actions);
    open_.erase(which);
  }

  void Deliver(ActionList& actions, const Bytes& octets) {
    if (sent_.empty()) return;
    const SendDatagram& to = sent_[input_.Octet() % sent_.size()];
    client_.DatagramArrived(to.socket, to.server, octets, now_, actions);
    for (const Action& action : actions) {
      const auto* done = std::get_if<RequestDone>(&action);
      Require(done == nullptr || !std::holds_alternative<Answered>(done->outcome));
    }
  }

  void Answer(ActionList& actions, int changes) {
    if (sent_.empty()) return;
    const SendDatagram to = sent_[input_.Octet() % sent_.size()];
    constexpr Code kCodes[] = {Code::kAccessAccept, Code::kAccessReject, Code::kAccessChallenge,
                               Code::kAccountingResponse};
    Packet packet;
    packet.code = kCodes[input_.Octet() % 4];
    packet.identifier = to.octets[1];
    const ByteView secret(reinterpret_cast<const std::uint8_t*>(secret_.data()), secret_.size());
    const auto with =
        (changes & 1) == 0 ? WithMessageAuthenticator::kYes : WithMessageAuthenticator::kNo;
    Bytes octets = *SignReply(packet, AuthenticatorOf(to.octets), secret, with);
    bool changed = false;
    for (int i = 0; i < changes; ++i) {
      std::uint8_t& octet = octets[input_.Octet() % octets.size()];
      const std::uint8_t mask = input_.Octet();
      octet ^= mask;
      changed = changed || mask != 0;
    }
    if (changed) {
      const Bytes genuine = *SignReply(packet, AuthenticatorOf(to.octets), secret, with);
      changed = genuine != octets;
    }
    client_.DatagramArrived(to.socket, to.server, octets, now_, actions);
    for (const Action& action : actions) {
      const auto* done = std::get_if<RequestDone>(&action);
      Require(!changed || done == nullptr || !std::holds_alternative<Answered>(done->outcome));
    }
  }

  void Carry(ActionList actions) {
    for (Action& action : actions) {
      if (auto* send = std::get_if<SendDatagram>(&action)) {
        Require(sockets_.contains(send->socket));
        Require(PacketOctets(send->octets).has_value());
        if (sent_.size() >= kMaxRemembered) sent_.erase(sent_.begin());
        sent_.push_back(std::move(*send));
      } else if (const auto* done = std::get_if<RequestDone>(&action)) {
        Require(open_.erase(done->request) == 1);
      } else if (const auto* open = std::get_if<OpenSocket>(&action)) {
        Require(sockets_.insert(open->socket).second);
      } else if (const auto* close = std::get_if<CloseSocket>(&action)) {
        Require(sockets_.erase(close->socket) == 1);
      }
    }
  }

  Input input_;
  CountingEntropy entropy_;
  Client client_{entropy_};
  TimePoint now_{std::chrono::hours(1)};
  std::string secret_;
  std::vector<SendDatagram> sent_;
  std::set<RequestId> open_;
  std::set<SocketId> sockets_;
};

}  // namespace
}  // namespace sstpgw::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sstpgw::fuzz::Story(sstpgw::ByteView(data, size)).Run();
  return 0;
}
