#include "controlplane/radius/session_directory.h"

#include <random>

#include "tests/unit/radius/dynamic_fixture.h"

namespace sstpgw::cp::radius {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

SessionKeys OfUser(const std::string& user) {
  SessionKeys keys;
  keys.user = user;
  return keys;
}

TEST(SessionIndex, NoKeysFindNothing) {
  SessionIndex index;
  index.Put(Ann());
  EXPECT_THAT(index.Find({}, 10), IsEmpty());
  SessionKeys narrow;
  narrow.called_station = Ann().called_station;
  EXPECT_THAT(index.Find(narrow, 10), IsEmpty());
}

TEST(SessionIndex, PutReplacesAndRemoveRemoves) {
  SessionIndex index;
  index.Put(Ann());
  SessionIdentity renamed = Ann();
  renamed.user = "anna";
  renamed.accounting_user.clear();
  index.Put(renamed);
  EXPECT_EQ(index.size(), 1U);
  EXPECT_THAT(index.Find(OfUser("ann"), 10), IsEmpty());
  EXPECT_THAT(index.Find(OfUser("ann@isp"), 10), IsEmpty());
  EXPECT_THAT(index.Find(OfUser("anna"), 10), SizeIs(1));
  EXPECT_THAT(index.Find(OfUser(""), 10), IsEmpty());
  index.Remove(kBob);
  EXPECT_EQ(index.size(), 1U);
  index.Remove(kAnn);
  EXPECT_EQ(index.size(), 0U);
  EXPECT_EQ(index.key_count(), 0U);
  EXPECT_THAT(index.Find(OfUser("anna"), 10), IsEmpty());
}

TEST(SessionIndex, SessionsOfTwoGatewaysMayHaveTheSameId) {
  SessionIndex index;
  index.Put(Ann());
  SessionIdentity twin = Ann();
  twin.name.gateway = "gw2";
  index.Put(twin);
  SessionKeys keys;
  keys.session = kAnn.session;
  EXPECT_THAT(index.Find(keys, 10), SizeIs(2));
  EXPECT_THAT(index.Find(keys, 1), SizeIs(1));
  index.Remove(kAnn);
  ASSERT_THAT(index.Find(keys, 10), SizeIs(1));
  EXPECT_EQ(index.Find(keys, 10)[0].name.gateway, "gw2");
}

TEST(SessionIndex, AUserWhoseTwoNamesAreTheSameIsFoundOnce) {
  SessionIndex index;
  SessionIdentity ann = Ann();
  ann.accounting_user = ann.user;
  index.Put(ann);
  EXPECT_THAT(index.Find(OfUser("ann"), 10), SizeIs(1));
}

// Against a plain walk through all sessions, while they come, change and go.
TEST(SessionIndex, FindsWhatAWalkFinds) {
  std::mt19937 random(7);
  const auto pick = [&](unsigned most) { return static_cast<unsigned>(random() % most); };
  SessionIndex index;
  std::map<SessionName, SessionIdentity> all;
  const auto make = [&] {
    SessionIdentity session;
    session.name = {"gw" + std::to_string(pick(2)), "s" + std::to_string(pick(40))};
    session.user = "u" + std::to_string(pick(10));
    if (pick(3) == 0) session.accounting_user = "u" + std::to_string(pick(10));
    session.interface_name = "sstp" + std::to_string(pick(20));
    if (pick(2) == 0) session.nas_port = pick(20);
    if (pick(2) == 0) session.address = Ipv4Address(pick(20));
    session.calling_station = "c" + std::to_string(pick(5));
    if (pick(2) == 0) session.interface_id = InterfaceId{static_cast<std::uint8_t>(pick(4))};
    for (unsigned i = pick(3); i > 0; --i) {
      const Bytes prefix{0, 16, static_cast<std::uint8_t>(pick(4)), 0};
      session.ipv6_prefixes.push_back(*ReadIpv6Prefix(prefix));
    }
    return session;
  };
  std::size_t found_any = 0;
  for (int step = 0; step < 5000; ++step) {
    const SessionIdentity session = make();
    if (pick(3) == 0) {
      index.Remove(session.name);
      all.erase(session.name);
    } else {
      index.Put(session);
      all[session.name] = session;
    }
    const SessionIdentity like = make();
    SessionKeys keys;
    if (pick(4) == 0) keys.session = like.name.session;
    if (pick(3) == 0) keys.user = like.user;
    if (pick(4) == 0) keys.interface_name = like.interface_name;
    if (pick(4) == 0) keys.nas_port = like.nas_port;
    if (pick(4) == 0) keys.address = like.address;
    if (pick(3) == 0) keys.calling_station = like.calling_station;
    if (pick(4) == 0) keys.ipv6_prefixes = like.ipv6_prefixes;
    if (pick(4) == 0) keys.interface_id = like.interface_id;
    std::size_t expected = 0;
    for (const auto& [unused, one] : all) expected += !keys.empty() && keys.Fit(one) ? 1 : 0;
    ASSERT_EQ(index.Find(keys, 1000).size(), expected) << keys.ToString();
    found_any += expected > 0 ? 1 : 0;
  }
  EXPECT_GT(found_any, 500U);
  EXPECT_EQ(index.size(), all.size());
}

}  // namespace
}  // namespace sstpgw::cp::radius
