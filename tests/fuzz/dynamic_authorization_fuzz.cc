// Disconnect- and CoA-Requests of any octets, in any order with their outcomes and with time:
// every answer is genuine and fits its request, what is in progress is bounded and about sessions
// that exist, and each order is given once. The input is a list of steps: an octet that says which,
// then what the step needs.
#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include "controlplane/radius/dynamic_authorization.h"
// Behind dictionary.h, whose enumerators its constants would shadow.
#include "controlplane/radius/authenticators.h"
#include "controlplane/radius/md5.h"
#include "tests/fuzz/require.h"

namespace sstpgw::fuzz {
namespace {

using namespace cp::radius;
using Dynamic = DynamicAuthorization;

constexpr std::size_t kMostInProgress = 3;
constexpr int kMostSteps = 200;  // a second is enough for each input
constexpr std::string_view kSecret = "secret";

ByteView SecretOctets() {
  return {reinterpret_cast<const std::uint8_t*>(kSecret.data()), kSecret.size()};
}

DynamicAuthorizationSettings SettingsBy(std::uint8_t flags) {
  static const auto dictionary = std::make_shared<const Dictionary>(Dictionary::BuiltIn());
  DynamicAuthorizationSettings settings;
  settings.secret = Secret(kSecret);
  settings.allowed_from = {*IpPrefix::Parse("10.0.0.0/30")};
  settings.require_message_authenticator = (flags & 1) != 0;
  settings.require_event_timestamp = (flags & 2) != 0;
  settings.require_nas_identification = (flags & 4) != 0;
  settings.trace = (flags & 8) != 0;
  if ((flags & 16) != 0) settings.nas_identifier = "n";
  if ((flags & 32) != 0) settings.nas_ip_address = Ipv4Address(0x0a000001);
  settings.change.rate_limits = {{0, 11}, {14988, 8}};
  settings.change.judge = [](const RawRateLimit& limit) {
    return static_cast<RateVerdict>(limit.value[0] % 3);
  };
  settings.dictionary = dictionary;
  return settings;
}

SessionIndex Sessions() {
  SessionIndex index;
  for (std::uint8_t i = 0; i < 4; ++i) {
    SessionIdentity session;
    session.name = {"g", std::string(1, static_cast<char>('a' + i))};
    session.user = i < 2 ? "u" : "v";
    session.interface_name = "p" + std::to_string(i);
    session.nas_port = i;
    session.address = Ipv4Address(i);
    session.calling_station = "c";
    index.Put(session);
  }
  return index;
}

DynamicAuthorizationLimits Limits() {
  DynamicAuthorizationLimits limits;
  limits.in_progress = kMostInProgress;
  limits.answers.entries = 8;
  return limits;
}

class Run {
 public:
  explicit Run(std::uint8_t flags) : dynamic_(SettingsBy(flags), Limits()) {}
  void Steps(ByteView input);

 private:
  std::uint8_t Octet() {
    if (input_.empty()) return 0;
    const std::uint8_t octet = input_[0];
    input_ = input_.subspan(1);
    return octet;
  }
  ByteView Some() {
    std::size_t size = std::size_t{Octet()} << 8;
    size = std::min(size | Octet(), input_.size());
    const ByteView some = input_.first(size);
    input_ = input_.subspan(size);
    return some;
  }
  // Code, identifier and attributes of the input under a right header.
  Bytes Signed() {
    const std::uint8_t code = (Octet() & 1) != 0 ? 43 : 40;
    Bytes request{code, Octet(), 0, 0};
    request.resize(kHeaderSize);
    const ByteView attributes = Some();
    request.insert(request.end(), attributes.begin(), attributes.end());
    if (request.size() > kMaxPacketSize) request.resize(kMaxPacketSize);
    request[2] = static_cast<std::uint8_t>(request.size() >> 8);
    request[3] = static_cast<std::uint8_t>(request.size());
    const auto digest = Md5({request, SecretOctets()});
    std::copy(digest->begin(), digest->end(), request.begin() + 4);
    return request;
  }
  void Give() { Look(dynamic_.Receive(last_, peer_, {now_, unix_seconds_}, sessions_)); }
  void Look(const Dynamic::ActionList& actions);
  void CheckReply(const Dynamic::Reply& reply);
  void Begun(Dynamic::RequestId id, const SessionName& session) {
    Require(begun_.insert(id).second);
    Require(session.gateway == "g" && session.session >= "a" && session.session <= "d");
    latest_ = id;
    in_progress_.push_back({peer_.port, AuthenticatorOf(last_)});
  }

  ByteView input_;
  SessionIndex sessions_ = Sessions();
  Dynamic dynamic_;
  TimePoint now_{std::chrono::hours(1)};
  std::int64_t unix_seconds_ = 1000;
  Bytes last_;
  Dynamic::RequestId latest_;
  std::set<Dynamic::RequestId> begun_;
  Dynamic::Peer peer_{Ipv4Address(0x0a000001), 4000};
  // The same datagram from another port is another request.
  struct Asked {
    std::uint16_t port = 0;
    Authenticator authenticator{};
  };
  std::vector<Asked> in_progress_;
};

// It is the answer to what has just come, or else to one in progress, which is then over.
void Run::CheckReply(const Dynamic::Reply& reply) {
  Require(reply.octets.size() >= kHeaderSize && reply.octets.size() <= kMaxPacketSize);
  const auto answers = [&](const Authenticator& request) {
    return VerifyReply(reply.octets, request, SecretOctets(),
                       MessageAuthenticatorRule::kIfPresent) == Verdict::kGenuine;
  };
  const auto request =
      std::find_if(in_progress_.begin(), in_progress_.end(), [&](const Asked& asked) {
        return asked.port == reply.to.port && answers(asked.authenticator);
      });
  if (request != in_progress_.end()) {
    in_progress_.erase(request);
  } else {
    Require(last_.size() >= kHeaderSize && answers(AuthenticatorOf(last_)));
  }
  const auto packet = Decode(reply.octets);
  Require(packet.has_value());
  const bool refused = packet->code == Code::kDisconnectNak || packet->code == Code::kCoaNak;
  Require(refused || packet->code == Code::kDisconnectAck || packet->code == Code::kCoaAck);
  Require(refused == (packet->Find({0, 101}) != nullptr));
}

void Run::Look(const Dynamic::ActionList& actions) {
  for (const auto& action : actions) {
    if (const auto* reply = std::get_if<Dynamic::Reply>(&action)) CheckReply(*reply);
    if (const auto* order = std::get_if<Dynamic::Disconnect>(&action)) {
      Begun(order->id, order->session);
    }
    if (const auto* order = std::get_if<Dynamic::Change>(&action)) {
      Require(!order->change.empty());
      Begun(order->id, order->session);
    }
    if (const auto* line = std::get_if<Dynamic::WriteLog>(&action)) {
      Require(line->text.find('\n') == std::string::npos && line->text.size() < 5000);
    }
  }
  Require(dynamic_.in_progress() == in_progress_.size() && in_progress_.size() <= kMostInProgress);
  Require(dynamic_.NextDeadline().has_value() == (dynamic_.in_progress() > 0));
}

void Run::Steps(ByteView input) {
  input_ = input;
  for (int step = 0; step < kMostSteps && !input_.empty(); ++step) {
    switch (Octet() % 6) {
      case 0: {
        const ByteView raw = Some();
        last_.assign(raw.begin(), raw.end());
        Give();
        break;
      }
      case 1:
        last_ = Signed();
        Give();
        break;
      case 2:
        Give();
        break;
      case 3: {
        const std::uint8_t by = Octet();
        now_ += std::chrono::seconds(by);
        unix_seconds_ += by;
        Look(dynamic_.Tick(now_));
        break;
      }
      case 4:
        if (const std::uint8_t cause = Octet(); cause % 2 == 0) {
          Look(dynamic_.Conclude(latest_, {}, now_));
        } else {
          Look(dynamic_.Conclude(latest_, Refuse(ErrorCause::kUnsupportedAttribute, "no"), now_));
        }
        break;
      default:
        peer_.port = Octet();
        break;
    }
  }
}

}  // namespace
}  // namespace sstpgw::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  sstpgw::fuzz::Run(data[0]).Steps(sstpgw::ByteView(data, size).subspan(1));
  return 0;
}
