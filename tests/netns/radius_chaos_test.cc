// Three hundred sessions come and go while the control plane is killed ten times at moments that
// nobody chose, and RADIUS servers as well. The judge is what FreeRADIUS wrote down: every session
// has its Start and its Stop, what comes twice is the same record, and the Stop's counters are what
// the client saw.
//
//   client: 300 subscribers ──── server: both daemons ──── inside: first, second
#include <poll.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <random>
#include <thread>
#include <tuple>

#include "tests/netns/radius_suite.h"

namespace sstpgw::test {
namespace {

using client::Phase;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kSubscribers = 300;
constexpr int kKills = 10;
constexpr int kLastRound = kKills + 1;  // everything is in order again
constexpr std::size_t kPingSize = 28;   // octets of an echo request without data
constexpr std::size_t kDiallingAtOnce = 24;
constexpr Duration kDialAgain = milliseconds(300);
constexpr Duration kPingAgain = milliseconds(500);

// As EchoRequestFrom, with a number that the reply brings back.
Bytes NumberedPing(Ipv4Address source, std::uint16_t number) {
  Bytes packet = EchoRequestFrom(source);
  const auto checksum = static_cast<std::uint16_t>(~(0x0801U + number));
  packet[22] = static_cast<std::uint8_t>(checksum >> 8);
  packet[23] = static_cast<std::uint8_t>(checksum);
  packet[26] = static_cast<std::uint8_t>(number >> 8);
  packet[27] = static_cast<std::uint8_t>(number);
  return packet;
}

// A session that carried packets, as its client knows it: user, address, packets each way.
using Booked = std::tuple<std::string, std::string, std::uint64_t>;

// One customer: dials until it is served, pings, and hangs up in one way or another.
class Subscriber {
 public:
  enum class State { kWaiting, kDialling, kServed, kEnding, kDone };
  struct Ways {
    int begin = 0;  // the round in which it dials first
    int end = 0;    // and the one in which it hangs up
    int farewell = 0;
  };

  Subscriber(std::size_t number, Ways ways) : ways_(ways) {
    options_.user = "user" + std::to_string(number);
    options_.password = "test";
    options_.keep_trace = false;
  }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] client::Connection* connection() { return connection_.get(); }
  [[nodiscard]] bool WantsToDial(int round, TimePoint now) const {
    return state_ == State::kWaiting && round >= ways_.begin && now >= again_;
  }
  void Dial(const client::TlsClientContext& context, Entropy& entropy, int fd) {
    state_ = State::kDialling;
    answered_ = 0;
    connection_ = std::make_unique<client::Connection>(context, fd, options_, entropy);
    connection_->on_ip_packet = [this](ByteView packet) {
      if (packet.size() >= kPingSize) {
        answered_ = static_cast<std::uint16_t>((packet[26] << 8) | packet[27]);
      }
    };
  }

  // Does what is due. True if something happened.
  bool Step(int round, TimePoint now, std::vector<Booked>& book, std::size_t& refused) {
    if (connection_ == nullptr) return false;
    connection_->Run();
    client::ClientSession* session = connection_->session();
    if (connection_->finished()) return Finished(now, refused);
    if (session == nullptr || session->phase() != Phase::kUp) return false;
    const bool first = state_ == State::kDialling && session->facts().ip_packets_received > 0;
    if (first) state_ = State::kServed;
    if (state_ == State::kServed && round >= ways_.end && farewell_ != 0 &&
        answered_ == farewell_) {
      HangUp(*session, now, book);
      return true;
    }
    if ((state_ == State::kDialling || state_ == State::kServed) && now >= again_) {
      again_ = now + kPingAgain;
      // Its reply comes behind all others, so all have been counted then.
      if (round >= ways_.end && farewell_ == 0 && state_ == State::kServed) {
        farewell_ = ++pings_;
        session->SendIpPacket(NumberedPing(session->facts().address, farewell_));
      } else if (farewell_ == 0) {
        session->SendIpPacket(NumberedPing(session->facts().address, ++pings_));
      }
      connection_->Run();
    }
    return first;
  }

 private:
  bool Finished(TimePoint now, std::size_t& refused) {
    const client::ClientSession* session = connection_->session();
    const bool served = session != nullptr && session->facts().ip_packets_received > 0;
    if (served && state_ != State::kEnding) {
      ADD_FAILURE() << options_.user << " was thrown out: " << connection_->failure().detail;
      state_ = State::kDone;
    } else if (state_ == State::kEnding) {
      state_ = State::kDone;
    } else {
      ++refused;
      state_ = State::kWaiting;
      again_ = now + kDialAgain;
    }
    connection_.reset();
    return true;
  }
  void HangUp(client::ClientSession& session, TimePoint now, std::vector<Booked>& book) {
    book.emplace_back(options_.user, session.facts().address.ToString(),
                      session.facts().ip_packets_received);
    state_ = State::kEnding;
    if (ways_.farewell == 0) {
      session.TerminateLcp(now);
    } else if (ways_.farewell == 1) {
      connection_.reset();  // gone without a word
      state_ = State::kDone;
      return;
    } else {
      session.Disconnect(now);
    }
    connection_->Run();
  }

  Ways ways_;
  client::ClientOptions options_;
  State state_ = State::kWaiting;
  std::unique_ptr<client::Connection> connection_;
  TimePoint again_;
  std::uint16_t pings_ = 0;
  std::uint16_t answered_ = 0;  // number of the newest reply
  std::uint16_t farewell_ = 0;  // of the last request; 0: not sent yet
};

class RadiusChaosTest : public RadiusSuite<RadiusChaosTest> {
 public:
  static LabConfig Config() {
    LabConfig config = RadiusConfigOf({RadiusServer(kFirst), RadiusServer(kSecond)},
                                      "max-try: 2\nacct-timeout: 0\n"
                                      "accounting-interim-interval: 2\n");
    config.pools = "SSTP-POOL: { range: [10.0.0.0/22] }";
    config.log_level = 3;
    return config;
  }
  static void Equip(FreeRadiusOptions& options) {
    options.users = "DEFAULT Cleartext-Password := \"test\"\n  Class = \"gold\"\n";
  }

 protected:
  using Random = std::mt19937;
  static std::size_t Roll(Random& random, std::size_t least, std::size_t most) {
    return std::uniform_int_distribution<std::size_t>(least, most)(random);
  }
  // Until so much more has happened; when nothing happens since nobody is served, not for long.
  void Let(std::size_t steps) {
    const std::size_t goal = progress + steps;
    static_cast<void>(WaitUntil([&] { return progress >= goal; }, seconds(3)));
  }
  static void Toggle(FreeRadius& server) {
    if (server.process().running()) {
      server.Kill();
    } else {
      Run(server);
    }
  }
  // While the clients have a thread of their own.
  void Rage(Random random) {
    for (round = 0; round < kKills; ++round) {
      Let(Roll(random, 1, 60));
      for (FreeRadius* server : {&first(), &second()}) {
        if (Roll(random, 0, 1) == 0) Toggle(*server);
      }
      Let(Roll(random, 0, 60));
      lab().control_plane().Kill();
      if (Roll(random, 0, 2) == 0) Toggle(Roll(random, 0, 1) == 0 ? first() : second());
      Let(Roll(random, 0, 3));
      if (!lab().StartControlPlane()) break;
    }
    for (FreeRadius* server : {&first(), &second()}) {
      if (!server->process().running()) Run(*server);
    }
    round = kLastRound;
  }
  // Records that no server has acknowledged; -1: not known.
  static double Waiting() {
    const Json radius = lab().CtlJson({"show", "radius"});
    const Json* accounting = radius.Find("accounting");
    const Json* records =
        accounting == nullptr ? nullptr : accounting->Find("sstp_radius_accounting_spool_records");
    return records == nullptr ? -1 : records->number();
  }
  // True once everybody has been served and is gone.
  bool Serve(std::vector<Subscriber>& all);
  static void Judge(const std::vector<AccountingLine>& records, std::vector<Booked> book);

  std::atomic<std::size_t> progress{0};
  std::atomic<int> round{0};
  std::vector<Booked> book;
  std::size_t refused = 0;
};

bool RadiusChaosTest::Serve(std::vector<Subscriber>& all) {
  client::SystemEntropy entropy;
  auto context = client::TlsClientContext::Make(NotVerified());
  if (!context) return false;
  const TimePoint end = client::Now() + seconds(300);
  for (;;) {
    std::vector<pollfd> waiting;
    std::size_t dialling = 0;
    std::size_t done = 0;
    for (Subscriber& one : all) {
      if (one.Step(round, client::Now(), book, refused)) ++progress;
      if (one.state() == Subscriber::State::kDone) ++done;
      if (one.state() == Subscriber::State::kDialling) ++dialling;
      if (one.connection() != nullptr) {
        waiting.push_back({one.connection()->fd(), one.connection()->wanted_events(), 0});
      }
    }
    if (done == all.size()) return true;
    if (client::Now() >= end) return false;
    for (Subscriber& one : all) {
      if (dialling >= kDiallingAtOnce || !one.WantsToDial(round, client::Now())) continue;
      std::optional<Result<int>> fd;
      lab().client().Run(
          [&] { fd = client::StartConnect(lab().address().address, lab().address().port); });
      if (!fd || !*fd) return false;
      one.Dial(*context, entropy, **fd);
      ++dialling;
    }
    ::poll(waiting.data(), waiting.size(), 20);
  }
}

// What must be the same in a record that comes again: all but how late it is.
std::string Essence(const AccountingLine& record) {
  std::string text;
  for (const char* name :
       {"Acct-Status-Type", "Event-Timestamp", "User-Name", "Framed-IP-Address", "Class",
        "NAS-Port-Id", "Acct-Session-Time", "Acct-Input-Octets", "Acct-Output-Octets",
        "Acct-Input-Packets", "Acct-Output-Packets", "Acct-Terminate-Cause"}) {
    text += std::string(name) + "=" + record.Get(name) + " ";
  }
  return text;
}

void RadiusChaosTest::Judge(const std::vector<AccountingLine>& records, std::vector<Booked> book) {
  // By session and status; the texts are those of different records.
  std::map<std::string, std::map<std::string, std::set<std::string>>> sessions;
  std::map<std::string, AccountingLine> stops;
  std::size_t repeated = 0;
  for (const AccountingLine& record : records) {
    const std::string session = record.Get("Acct-Session-Id");
    const std::string status = record.Get("Acct-Status-Type");
    if (session.empty() || status.rfind("Accounting-O", 0) == 0) continue;
    if (!sessions[session][status].insert(Essence(record)).second) ++repeated;
    if (status == "Stop") stops.emplace(session, record);
  }
  std::vector<Booked> found;
  for (auto& [session, by_status] : sessions) {
    EXPECT_EQ(by_status["Start"].size(), 1U) << session << ": Starts";
    EXPECT_EQ(by_status["Stop"].size(), 1U) << session << ": Stops";
    const auto stop = stops.find(session);
    if (stop == stops.end()) continue;
    const std::string packets = stop->second.Get("Acct-Input-Packets");
    EXPECT_EQ(stop->second.Get("Acct-Output-Packets"), packets) << session;
    EXPECT_EQ(stop->second.Get("Acct-Input-Octets"),
              std::to_string(std::stoul("0" + packets) * kPingSize))
        << session;
    EXPECT_EQ(stop->second.Get("Class"), "0x676f6c64") << session;
    if (packets == "0") continue;  // never served
    found.emplace_back(stop->second.Get("User-Name"), stop->second.Get("Framed-IP-Address"),
                       std::stoul("0" + packets));
  }
  std::sort(found.begin(), found.end());
  std::sort(book.begin(), book.end());
  EXPECT_EQ(found, book) << "what FreeRADIUS knows, and what the clients saw";
  std::printf("[          ] %zu sessions in %zu records, %zu of them repeated\n", sessions.size(),
              records.size(), repeated);
}

TEST_F(RadiusChaosTest, NoRecordIsLostAndNoneIsInvented) {
  const char* given = std::getenv("SG_CHAOS_SEED");
  const auto seed = given == nullptr ? std::random_device()()
                                     : static_cast<unsigned>(std::strtoul(given, nullptr, 10));
  std::printf("[          ] SG_CHAOS_SEED=%u\n", seed);
  Random random(seed);
  std::vector<Subscriber> all;
  for (std::size_t i = 0; i < kSubscribers; ++i) {
    Subscriber::Ways ways;
    ways.begin = static_cast<int>(i * kKills / kSubscribers);
    ways.end = std::min<int>(ways.begin + static_cast<int>(Roll(random, 0, 4)), kLastRound);
    ways.farewell = static_cast<int>(Roll(random, 0, 3));
    all.emplace_back(i, ways);
  }
  // Daemons end with the thread that started them, so it is the clients that have one of their own.
  bool served = false;
  std::thread clients([&] { served = Serve(all); });
  Rage(random);
  clients.join();
  ASSERT_TRUE(served) << "not everybody was served";
  EXPECT_EQ(book.size(), kSubscribers);
  ASSERT_TRUE(lab().WaitApplied());
  EXPECT_TRUE(lab().WaitSessions(0));
  // What no server acknowledged waits a minute at most before it is sent again.
  EXPECT_TRUE(WaitUntil([] { return Waiting() == 0; }, seconds(60) + kPatience)) << Waiting();
  EXPECT_TRUE(WaitBooksClosed());
  std::printf("[          ] %zu dials were in vain\n", refused);
  Judge(Records(), book);
}

}  // namespace
}  // namespace sstpgw::test
