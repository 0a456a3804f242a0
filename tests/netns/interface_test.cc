// Interfaces between sessions: kept and used again, or gone; what a crash leaves; hundreds of
// sessions that end at once and come again.
//
//   client ──── server: sstp-gateway, sstp-controlplane; sstp0 10.0.0.1 ── peer 10.0.0.2
//               lan0 10.20.0.1 ──── inside: lan0 10.20.0.2, sends to the peer
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <regex>
#include <sstream>

#include "tests/netns/lab_suite.h"

namespace sstpgw::test {
namespace {

using client::ClientOptions;
using client::Phase;
using ::testing::HasSubstr;
using ::testing::Not;

struct Link {
  int index = 0;
  std::string name;
  bool up = false;
  bool kept = false;  // in the group of those that wait for a session
};

bool RenamingIsSlow() {
  utsname system{};
  std::smatch version;
  const std::string release = uname(&system) == 0 ? system.release : "";
  if (!std::regex_search(release, version, std::regex("^([0-9]+)[.]([0-9]+)"))) return true;
  return std::make_pair(std::stoi(version[1]), std::stoi(version[2])) < std::make_pair(6, 9);
}

// The TUN interfaces of the server as `ip link` shows them.
std::vector<Link> Links(Lab& lab) {
  static const std::regex line("^([0-9]+): ([^:]+): <([^>]*)>.* group ([^ ]+)");
  std::istringstream text(lab.server().Shell("ip -o link show type tun"));
  std::vector<Link> links;
  for (std::string each; std::getline(text, each);) {
    std::smatch match;
    if (!std::regex_search(each, match, line)) continue;
    const std::string flags = "," + match[3].str() + ",";
    links.push_back({std::stoi(match[1]), match[2], flags.find(",UP,") != std::string::npos,
                     match[4] == "21333"});
  }
  return links;
}

std::string AddressesOf(Lab& lab, int index) {
  return lab.server().Shell("ip -o addr show | grep '^" + std::to_string(index) + ": '");
}

// One kept interface and nothing else. Before Linux 6.9 it may keep its session's name.
std::optional<Link> WaitKept(Lab& lab) {
  std::vector<Link> links;
  const bool there = WaitUntil(
      [&] {
        links = Links(lab);
        return links.size() == 1 && links[0].kept &&
               (links[0].name == "ppp0" || (RenamingIsSlow() && links[0].name == "sstp0"));
      },
      kPatience);
  EXPECT_TRUE(there) << lab.server().Shell("ip link");
  return there ? std::optional(links[0]) : std::nullopt;
}

// A datagram with this text from the host behind to the first address of the pool.
void SendToPeer(Lab& lab, const std::string& text, int times) {
  lab.inside().Run([&] {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in peer{};
    peer.sin_family = AF_INET;
    peer.sin_port = htons(9);
    inet_pton(AF_INET, "10.0.0.2", &peer.sin_addr);
    for (int i = 0; i < times; ++i) {
      static_cast<void>(sendto(fd, text.data(), text.size(), 0,
                               reinterpret_cast<const sockaddr*>(&peer), sizeof peer));
    }
    close(fd);
  });
}

template <class Suite>
class CacheSuite : public LabSuite<Suite> {
 public:
  static LabConfig Config() {
    LabConfig config;
    config.users = "test: { password: test }\nother: { password: other }";
    config.pools = "SSTP-POOL: { range: [10.0.0.2] }";  // everybody has the same address
    config.ppp_options = "interface-cache: 2";
    return config;
  }

 protected:
  using LabSuite<Suite>::lab;
  // What the case before has used is kept by now.
  void SetUp() override {
    LabSuite<Suite>::SetUp();
    if (::testing::Test::IsSkipped() || ::testing::Test::HasFatalFailure()) return;
    EXPECT_TRUE(WaitUntil(
        [] {
          const std::vector<Link> links = Links(lab());
          return std::all_of(links.begin(), links.end(),
                             [](const Link& link) { return link.kept; });
        },
        kPatience));
  }
  static std::unique_ptr<TunDial> DialUp() {
    auto dial =
        std::make_unique<TunDial>(lab(), lab().client(), "test", "test", std::vector<std::string>{},
                                  std::vector<std::string>{"--route", "10.20.0.0/24"});
    EXPECT_TRUE(dial->WaitUp()) << dial->process().Output();
    EXPECT_TRUE(LabSuite<Suite>::WaitActive());
    return dial;
  }
  static void Close(TunDial& dial) {
    EXPECT_EQ(dial.process().Stop(), 0) << dial.process().Output();
    EXPECT_TRUE(lab().WaitSessions(0));
  }
};

class InterfaceCacheTest : public CacheSuite<InterfaceCacheTest> {};

TEST_F(InterfaceCacheTest, AnEndedSessionsInterfaceStaysDownAndTheNextSessionHasIt) {
  auto dial = DialUp();
  ASSERT_EQ(Links(lab()).size(), 1u);
  const Link first = Links(lab())[0];
  EXPECT_EQ(first.name, "sstp0");
  EXPECT_TRUE(first.up);
  Close(*dial);

  const auto kept = WaitKept(lab());
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->index, first.index);
  EXPECT_FALSE(kept->up);
  EXPECT_EQ(AddressesOf(lab(), kept->index), "");
  EXPECT_EQ(lab().server().Shell("ip route show 10.0.0.2"), "");

  dial = DialUp();
  ASSERT_EQ(Links(lab()).size(), 1u);
  const Link second = Links(lab())[0];
  EXPECT_EQ(second.index, first.index);
  EXPECT_EQ(second.name, "sstp0");
  EXPECT_TRUE(second.up);
  EXPECT_FALSE(second.kept);
  EXPECT_TRUE(lab().WaitLog("rename interface to 'sstp0'", gateway_line_));
  EXPECT_EQ(lab().SessionWith("username", "test").value_or(Json{}).at("ifname").text(), "sstp0");
  for (const char* target : {"10.0.0.1", Lab::kInside}) {
    int code = 0;
    const std::string out =
        lab().client().Shell(std::string("ping -n -c 3 -i 0.2 -W 10 ") + target, &code);
    EXPECT_EQ(code, 0) << out;
  }
  EXPECT_TRUE(lab().WaitStatistic("interfaces_reused", 1));
  Close(*dial);
}

// The first client does not read, so that its packets wait inside the gateway's machine.
TEST_F(InterfaceCacheTest, WhatWaitedForAStalledClientReachesNobodyElse) {
  auto stalled = DialUp();
  const Link first = Links(lab()).at(0);
  stalled->process().Signal(SIGSTOP);
  const auto refused = [] {
    const auto shown = Json::Parse(lab().server().Shell("ip -s -j link show sstp0"));
    if (!shown || shown->list().empty()) return -1.0;
    return shown->list()[0].at("stats64").at("tx").at("dropped").number();
  };
  // Until the interface has no room for more: then it is full of them.
  ASSERT_TRUE(WaitUntil(
      [&] {
        SendToPeer(lab(), "stale" + std::string(1000, '.'), 5000);
        return refused() > 0;
      },
      3 * kPatience));
  EXPECT_EQ(lab().Ctl({"terminate", "user", "test", "--hard"}).exit_code, 0);
  EXPECT_TRUE(lab().WaitSessions(0));
  const auto kept = WaitKept(lab());
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->index, first.index);

  ClientOptions options;
  options.user = options.password = "other";
  Dialer next = Dial(options);
  std::vector<std::string> received;
  ASSERT_TRUE(next.DialUntil(Phase::kNetwork)) << next.failure().detail;
  next.session().OnIpPacket(
      [&](ByteView packet) { received.emplace_back(packet.begin(), packet.end()); });
  ASSERT_TRUE(next.DialUntil(Phase::kUp)) << next.failure().detail;
  EXPECT_EQ(next.facts().address.ToString(), "10.0.0.2");
  ASSERT_TRUE(WaitActive("other"));
  EXPECT_EQ(Links(lab()).at(0).index, first.index);
  EXPECT_TRUE(next.Drive([&](client::ClientSession&) {
    SendToPeer(lab(), "fresh", 1);
    return !received.empty();
  }));
  for (const std::string& packet : received) EXPECT_THAT(packet, HasSubstr("fresh"));
  EXPECT_EQ(next.facts().ip_packets_received, received.size()) << "some came before they were seen";
  HangUp(next);
  stalled->process().Kill();
}

TEST_F(InterfaceCacheTest, ReloadWithASmallerCacheFreesTheSurplus) {
  auto dial = DialUp();
  Close(*dial);
  ASSERT_TRUE(WaitKept(lab()));
  LabConfig none = Config();
  none.ppp_options = "interface-cache: 0";
  ASSERT_TRUE(lab().Reload(none));
  EXPECT_TRUE(WaitUntil([] { return Links(lab()).empty(); }, kPatience));
  dial = DialUp();
  Close(*dial);
  EXPECT_TRUE(WaitUntil([] { return Links(lab()).empty(); }, kPatience)) << "it disappears";
  ASSERT_TRUE(lab().Reload(Config()));
}

TEST_F(InterfaceCacheTest, OtherUseOfInterfacesStartsWithNewOnes) {
  auto dial = DialUp();
  Close(*dial);
  const auto kept = WaitKept(lab());
  ASSERT_TRUE(kept);
  LabConfig plain = Config();
  plain.extra = "data-path: { super-packets: false }";
  ASSERT_TRUE(lab().Reload(plain));
  EXPECT_TRUE(WaitUntil([] { return Links(lab()).empty(); }, kPatience));
  dial = DialUp();
  EXPECT_NE(Links(lab()).at(0).index, kept->index);
  int code = 0;
  const std::string out = lab().client().Shell("ping -n -c 3 -i 0.2 -W 10 10.20.0.2", &code);
  EXPECT_EQ(code, 0) << out;
  Close(*dial);
  ASSERT_TRUE(WaitKept(lab()));
  ASSERT_TRUE(lab().Reload(Config()));
  EXPECT_TRUE(WaitUntil([] { return Links(lab()).empty(); }, kPatience));
}

// Interfaces that outlive their process: in these groups they are nobody's but a dead gateway's.
TEST_F(InterfaceCacheTest, WhatADeadGatewayLeftIsRemovedAtTheNextStart) {
  auto dial = DialUp();
  lab().gateway().Kill();
  for (const char* group : {"21331", "21332", "21333"}) {
    const std::string name = std::string("left") + group;
    lab().server().Ip("tuntap add mode tun name " + name);
    lab().server().Ip("link set " + name + " group " + group);
  }
  lab().server().Ip("tuntap add mode tun name stranger");
  ASSERT_TRUE(lab().StartGateway());
  gateway_line_ = 0;
  EXPECT_TRUE(WaitUntil([] { return Links(lab()).size() == 1; }, kPatience));
  EXPECT_EQ(Links(lab()).at(0).name, "stranger");
  lab().server().Ip("tuntap del mode tun name stranger");
  dial->process().Kill();
  ASSERT_TRUE(lab().WaitSessions(0));
  dial = DialUp();
  EXPECT_EQ(Links(lab()).at(0).name, "sstp0");
  Close(*dial);
}

// An operator's settings of one session's interface are not the next session's.
TEST_F(InterfaceCacheTest, WhatSomebodyElseHasChangedIsNotKept) {
  for (const char* change :
       {"ip link set sstp0 alias customer-4711", "ip link set sstp0 promisc on",
        "ip link property add dev sstp0 altname uplink", "tc qdisc add dev sstp0 root pfifo",
        "tc qdisc add dev sstp0 clsact"}) {
    auto dial = DialUp();
    const Link changed = Links(lab()).at(0);
    int code = 0;
    const std::string out = lab().server().Shell(change, &code);
    ASSERT_EQ(code, 0) << change << ": " << out;
    Close(*dial);
    EXPECT_TRUE(WaitUntil([] { return Links(lab()).empty(); }, kPatience)) << change;
    dial = DialUp();
    EXPECT_NE(Links(lab()).at(0).index, changed.index) << change;
    const std::string now = lab().server().Shell("ip link show sstp0; tc qdisc show dev sstp0");
    for (const char* left : {"customer-4711", "PROMISC", "uplink", "pfifo 8", "clsact"}) {
      EXPECT_THAT(now, Not(HasSubstr(left))) << change;
    }
    Close(*dial);
    EXPECT_TRUE(WaitKept(lab())) << change;
    // The next round has this one, which is as it was.
  }
}

// A suite of its own, since the gateway remembers for a minute that a name is somebody else's.
class ForeignName : public CacheSuite<ForeignName> {};

TEST_F(ForeignName, IsPassedOverByNewAndByKeptInterfaces) {
  lab().server().Ip("tuntap add mode tun name sstp0");
  std::vector<int> indices;
  for (int round = 0; round < 4; ++round) {
    const auto dial = DialUp();
    for (const Link& link : Links(lab())) {
      if (link.name == "sstp1" && link.up) indices.push_back(link.index);
    }
    EXPECT_EQ(indices.size(), static_cast<std::size_t>(round + 1)) << lab().server().Shell("ip l");
    Close(*dial);
    const auto kept = [] {
      const std::vector<Link> links = Links(lab());
      return std::any_of(links.begin(), links.end(), [](const Link& each) { return each.kept; });
    };
    EXPECT_TRUE(WaitUntil(kept, kPatience));
  }
  EXPECT_EQ(indices, std::vector<int>(4, indices.at(0))) << "the same one again and again";
  EXPECT_TRUE(WaitUntil([] { return lab().Statistic("interfaces_reused") == 3; }, kPatience));
  EXPECT_EQ(lab().Statistic("interfaces_created"), 1U);
  EXPECT_THAT(lab().gateway().Output(gateway_line_), Not(HasSubstr("keeps its name")));
  lab().server().Ip("tuntap del mode tun name sstp0");
}

// What a whole office does that loses its line and dials again. (scale_test.cc has two thousand
// without a cache.)
class ManyInterfaces : public LabSuite<ManyInterfaces> {
 public:
  static constexpr std::size_t kSessions = 400;
  static constexpr std::size_t kCache = 100;
  static LabConfig Config() {
    LabConfig config;
    for (std::size_t i = 0; i < kSessions; ++i) {
      config.users += "\nuser" + std::to_string(i) + ": { password: many }";
    }
    config.pools = "SSTP-POOL: { range: [10.1.0.0/20] }";
    config.ppp_options = "interface-cache: " + std::to_string(kCache);
    config.log_level = 3;
    return config;
  }

 protected:
  static std::unique_ptr<Process> DialMany() {
    auto many = std::make_unique<Process>(
        std::vector<std::string>{Program("sstp-test-client"), "--server", Lab::kServer, "--ca",
                                 lab().ca_file(), "--user", "user%d", "--password", "many", "many",
                                 "--sessions", std::to_string(kSessions), "--hold-until-signal"},
        ProcessOptions{&lab().client(), {}, "sstp-test-client"});
    EXPECT_TRUE(many->WaitForLine("^holding: 400 up, 0 failed", 6 * kPatience)) << many->Output();
    return many;
  }
  // Two sorts of them: of sessions, and kept.
  static std::pair<std::size_t, std::size_t> Count() {
    const std::vector<Link> links = Links(lab());
    const auto kept = static_cast<std::size_t>(
        std::count_if(links.begin(), links.end(), [](const Link& link) { return link.kept; }));
    return {links.size() - kept, kept};
  }
};

TEST_F(ManyInterfaces, EndAtOnceAndComeBackAndNobodyElseNotices) {
  Witness witness(lab());
  for (int round = 0; round < 2; ++round) {
    const auto many = DialMany();
    EXPECT_EQ(Count(), std::make_pair(kSessions + 1, std::size_t{0}));
    many->Kill();  // without a word: their connections are reset
    EXPECT_TRUE(lab().WaitSessions(1, 3 * kPatience));
    EXPECT_TRUE(
        WaitUntil([] { return Count() == std::make_pair(std::size_t{1}, kCache); }, 3 * kPatience))
        << Count().first << " and " << Count().second;
    // What is left is the witness's.
    EXPECT_EQ(lab().server().Shell("ip route | grep -c 'dev sstp'"), "1\n");
    EXPECT_EQ(lab().server().Shell("ip -o addr show | grep -c 'inet 10[.]0[.]0[.]1 '"), "1\n");
  }
  EXPECT_TRUE(WaitUntil([] { return lab().Statistic("interfaces_reused") == kCache; }, kPatience))
      << lab().Statistic("interfaces_reused");
  EXPECT_TRUE(witness.StillServed());
  EXPECT_EQ(witness.Loss(), "");
  EXPECT_EQ(lab().Ctl({"terminate", "user", "witness"}).exit_code, 0);
}

}  // namespace
}  // namespace sstpgw::test
