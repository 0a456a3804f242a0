// The client against simulated servers that lose, delay, repeat, go away and come back. Whatever
// happens: every request ends once and in time, no server sees a request more often than it may,
// nobody is let in whom no server let in. A seed gives the same story every time.
#include <array>
#include <queue>
#include <set>

#include "tests/unit/radius/client_bench.h"

namespace sstpgw::cp::radius {
namespace {

struct SimulatedServer {
  std::string address;
  std::string secret;
  double loss = 0;         // of each datagram, on each way
  Duration delay_from{0};  // of an answer
  Duration delay_to{0};
  // Silent in [from, to) after the start, in turn.
  std::vector<std::pair<Duration, Duration>> outages;
  double repeats = 0;  // answers that come twice
  double forged = 0;   // a forged Access-Accept comes before the answer
};

struct Plan {
  std::vector<SimulatedServer> servers;
  std::vector<std::uint32_t> fail_times;  // seconds
  std::size_t requests = 1000;
  Duration spread{0};  // requests come within this time
  std::uint32_t request_limit = 0;
  bool status_server = false;
  double records = 0;  // share of accounting requests
};

class Simulation {
 public:
  Simulation(const Plan& plan, std::uint64_t seed)
      : plan_(plan), chance_(seed), entropy_(seed + 1) {
    ClientSettings settings;
    settings.max_requests = 100000;
    settings.max_queue = 100000;
    for (std::size_t i = 0; i < plan.servers.size(); ++i) {
      ServerSettings server = ServerAt(plan.servers[i].address, plan.servers[i].secret);
      server.fail_time = seconds(plan.fail_times[i]);
      server.request_limit = plan.request_limit;
      server.status_server = plan.status_server;
      settings.servers.push_back(std::move(server));
    }
    limit_ = settings.timeout * settings.max_try * static_cast<int>(plan.servers.size());
    ActionList actions;
    client_.Configure(std::move(settings), now_, actions);
    Carry(std::move(actions));
  }

  void Run() {
    for (std::size_t i = 0; i < plan_.requests; ++i) {
      const Duration at(
          static_cast<Duration::rep>(Chance() * static_cast<double>(plan_.spread.count())));
      Later(at, [this, i] { Ask(i); });
    }
    std::size_t steps = 0;
    while (!events_.empty() || client_.open_requests() > 0) {
      const auto deadline = client_.NextDeadline();
      const bool event_first =
          !events_.empty() && (!deadline || events_.begin()->first.first <= *deadline);
      if (event_first) {
        now_ = events_.begin()->first.first;
        const auto what = std::move(events_.begin()->second);
        events_.erase(events_.begin());
        what();
      } else {
        ASSERT_TRUE(deadline);
        now_ = std::max(now_, *deadline);
        ActionList actions;
        client_.Tick(now_, actions);
        Carry(std::move(actions));
      }
      if (++steps % 1009 == 0) {
        ASSERT_EQ(client_.Inconsistency(), "");
      }
    }
    ASSERT_EQ(client_.Inconsistency(), "");
  }

  std::size_t accepted = 0;
  std::size_t failed = 0;
  std::uint64_t digest = 1469598103934665603U;  // of everything that was done, in order
  Duration slowest{0};
  std::size_t most_open = 0;
  [[nodiscard]] ClientView View() const { return client_.View(now_); }

 private:
  double Chance() { return static_cast<double>(chance_.Next() >> 11) / 9007199254740992.0; }
  void Later(Duration after, std::function<void()> what) {
    events_.emplace(std::pair(now_ + after, ++event_number_), std::move(what));
  }
  void Mix(std::uint64_t value) { digest = (digest ^ value) * 1099511628211U; }

  void Ask(std::size_t number) {
    ActionList actions;
    const std::string name = "u" + std::to_string(number);
    const bool record = Chance() < plan_.records;
    ClientRequest request = record ? RecordOf(name, 0) : LoginOf(name);
    const RequestId id = client_.Submit(std::move(request), now_, actions);
    asked_[id] = now_;
    most_open = std::max(most_open, client_.open_requests());
    Carry(std::move(actions));
  }

  void Carry(ActionList actions) {
    for (Action& action : actions) {
      Mix(action.index());
      if (auto* send = std::get_if<SendDatagram>(&action)) {
        for (const std::uint8_t octet : send->octets) Mix(octet);
        Deliver(*send);
      } else if (auto* done = std::get_if<RequestDone>(&action)) {
        End(*done);
      }
    }
  }

  void End(const RequestDone& done) {
    const auto asked = asked_.find(done.request);
    ASSERT_NE(asked, asked_.end()) << "ended twice";
    slowest = std::max(slowest, now_ - asked->second);
    EXPECT_LE(now_ - asked->second, limit_);
    asked_.erase(asked);
    const auto* answer = std::get_if<Answered>(&done.outcome);
    if (answer == nullptr) {
      ++failed;
      return;
    }
    ++accepted;
    EXPECT_EQ(answer->reply.Find(kReplyMessage), nullptr) << "the forged one was believed";
  }

  [[nodiscard]] bool Silent(const SimulatedServer& server) const {
    const Duration since = now_ - start_;
    return std::any_of(server.outages.begin(), server.outages.end(), [&](const auto& outage) {
      return since >= outage.first && since < outage.second;
    });
  }

  void Deliver(const SendDatagram& send) {
    const auto found = std::find_if(
        plan_.servers.begin(), plan_.servers.end(),
        [&](const SimulatedServer& one) { return one.address == ToString(send.server.address); });
    ASSERT_NE(found, plan_.servers.end());
    const SimulatedServer& server = *found;
    const Packet packet = *Decode(send.octets);
    CountAt(server, packet);
    if (Silent(server) || Chance() < server.loss) return;
    Reply reply;
    reply.secret = server.secret;
    const bool accounting = send.server.port == 1813;
    if (accounting) {
      reply.code = Code::kAccountingResponse;
      EXPECT_EQ(
          VerifyRequest(send.octets, TextOctets(server.secret),
                        MessageAuthenticatorRule::kIfPresent),
          packet.code == Code::kStatusServer ? Verdict::kWrongAuthenticator : Verdict::kGenuine);
    } else if (const Attribute* password = packet.Find(kUserPassword)) {
      EXPECT_EQ(
          RevealUserPassword(password->value, {TextOctets(server.secret), packet.authenticator})
              ->RevealText(),
          "pw");
    }
    const Duration range = server.delay_to - server.delay_from;
    const Duration delay =
        server.delay_from +
        Duration(static_cast<Duration::rep>(Chance() * static_cast<double>(range.count())));
    if (Chance() < server.forged) {
      Reply forged{Code::kAccessAccept,
                   "not the secret",
                   WithMessageAuthenticator::kYes,
                   {{0, kReplyMessage.type, TextValue("forged")}}};
      Arrive(delay / 2, send, AnswerTo(send.octets, forged));
    }
    if (Chance() < server.loss) return;
    const Bytes answer = AnswerTo(send.octets, reply);
    Arrive(delay, send, answer);
    if (Chance() < server.repeats) Arrive(delay + milliseconds(3), send, answer);
  }

  void CountAt(const SimulatedServer& server, const Packet& packet) {
    const Attribute* name = packet.Find(kUserName);
    if (name == nullptr) name = packet.Find(kAcctSessionId);
    if (name == nullptr) return;  // Status-Server
    auto& order = seen_[name->value];
    if (order.empty() || order.back().first != server.address) order.push_back({server.address, 0});
    EXPECT_LE(++order.back().second, 3U) << "max-try";
    std::set<std::string> distinct;
    for (const auto& [address, count] : order) {
      EXPECT_TRUE(distinct.insert(address).second) << "a server twice";
    }
  }

  void Arrive(Duration after, const SendDatagram& send, Bytes octets) {
    Later(after, [this, socket = send.socket, from = send.server, octets = std::move(octets)] {
      ActionList actions;
      client_.DatagramArrived(socket, from, octets, now_, actions);
      Carry(std::move(actions));
    });
  }

  Plan plan_;
  SeededEntropy chance_;
  SeededEntropy entropy_;
  Client client_{entropy_};
  const TimePoint start_{std::chrono::hours(1)};
  TimePoint now_ = start_;
  Duration limit_{0};
  std::map<std::pair<TimePoint, std::uint64_t>, std::function<void()>> events_;
  std::uint64_t event_number_ = 0;
  std::map<RequestId, TimePoint> asked_;
  std::map<Bytes, std::vector<std::pair<std::string, std::uint32_t>>> seen_;
};

SimulatedServer Good(const std::string& address, const std::string& secret) {
  SimulatedServer server;
  server.address = address;
  server.secret = secret;
  server.delay_from = milliseconds(1);
  server.delay_to = milliseconds(50);
  return server;
}

TEST(ClientSimulation, ManySeedsOfEverythingAtOnce) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededEntropy dice(seed * 7919);
    Plan plan;
    const std::size_t servers = 1 + dice.Next() % 4;
    for (std::size_t i = 0; i < servers; ++i) {
      SimulatedServer server =
          Good("10.0.0." + std::to_string(i + 1), "secret" + std::to_string(i));
      server.loss = static_cast<double>(dice.Next() % 40) / 100;
      server.delay_to = milliseconds(dice.Next() % 5000 + 2);
      server.repeats = 0.1;
      server.forged = 0.2;
      const Duration down(seconds(dice.Next() % 200));
      server.outages = {{down, down + seconds(dice.Next() % 100)}};
      plan.servers.push_back(server);
      plan.fail_times.push_back(static_cast<std::uint32_t>(dice.Next() % 3) * 15);
    }
    plan.requests = 500;
    plan.spread = seconds(300);
    plan.request_limit = static_cast<std::uint32_t>(dice.Next() % 3) * 4;
    plan.status_server = dice.Next() % 2 == 0;
    plan.records = 0.3;
    Simulation simulation(plan, seed);
    simulation.Run();
    EXPECT_EQ(simulation.accepted + simulation.failed, plan.requests);
    EXPECT_GT(simulation.accepted, 0U);
  }
}

TEST(ClientSimulation, TheSameSeedIsTheSameStory) {
  Plan plan;
  plan.servers = {Good("10.0.0.1", "a"), Good("10.0.0.2", "b")};
  plan.servers[0].loss = 0.3;
  plan.fail_times = {30, 0};
  plan.requests = 500;
  plan.spread = seconds(60);
  std::array<std::uint64_t, 3> digests{};
  for (std::size_t i = 0; i < 3; ++i) {
    Simulation simulation(plan, i == 2 ? 8 : 7);
    simulation.Run();
    digests[i] = simulation.digest;
  }
  EXPECT_EQ(digests[0], digests[1]);
  EXPECT_NE(digests[0], digests[2]);
}

TEST(ClientSimulation, TenThousandAtOnceWithALossyFirstServer) {
  Plan plan;
  plan.servers = {Good("10.0.0.1", "a"), Good("10.0.0.2", "b")};
  plan.servers[0].loss = 0.2;
  plan.servers[0].delay_from = milliseconds(500);
  plan.servers[0].delay_to = milliseconds(900);
  plan.fail_times = {0, 0};
  plan.requests = 10000;
  Simulation simulation(plan, 3);
  simulation.Run();
  EXPECT_EQ(simulation.most_open, 10000U);
  EXPECT_EQ(simulation.accepted, 10000U);
}

// First server gone for an hour; five logins a minute go on all the time.
TEST(ClientSimulation, AnHourWithoutTheFirstServer) {
  for (const bool status_server : {false, true}) {
    Plan plan;
    plan.servers = {Good("10.0.0.1", "a"), Good("10.0.0.2", "b")};
    plan.servers[0].outages = {{seconds(600), seconds(4200)}};
    plan.fail_times = {30, 30};
    plan.requests = 450;
    plan.spread = seconds(5400);
    plan.status_server = status_server;
    Simulation simulation(plan, 5);
    simulation.Run();
    EXPECT_EQ(simulation.accepted, plan.requests);
    const ServiceView first = simulation.View().servers[0].service(Service::kAuthentication);
    EXPECT_EQ(first.state, ServiceState::kActive) << "back";
    // Whoever was there when it died waited; then one per fail-time half a second, or nobody.
    EXPECT_LE(first.requests.total.lost, status_server ? 6U : 6U + 120U);
    EXPECT_LE(simulation.slowest, seconds(9) + milliseconds(100));
  }
}

TEST(ClientSimulation, AllDeadForAWhileEndsInTimeForEverybody) {
  Plan plan;
  for (const char* address : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) {
    plan.servers.push_back(Good(address, address));
    plan.servers.back().outages = {{seconds(0), seconds(120)}};
    plan.fail_times.push_back(30);
  }
  plan.requests = 2000;
  plan.spread = seconds(240);
  Simulation simulation(plan, 11);
  simulation.Run();
  EXPECT_EQ(simulation.accepted + simulation.failed, plan.requests);
  EXPECT_GT(simulation.failed, 0U);
  EXPECT_GT(simulation.accepted, plan.requests / 3);
}

}  // namespace
}  // namespace sstpgw::cp::radius
