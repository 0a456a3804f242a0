#include <functional>

#include "tests/unit/contract/refusal.h"

namespace sstpgw::contract {
namespace {

using namespace std::chrono_literals;

// No field has its default, no two fields of a kind have the same value.
ShaperSettings Settings() {
  ShaperSettings settings;
  settings.down = DownLimiter::kHtb;
  settings.up = UpLimiter::kPolice;
  settings.fwmark = 2'147'483'647;
  settings.required = true;
  settings.verbose = false;
  settings.count = RateCount::kPacket;
  settings.mpu = 64;
  settings.down_burst = 250ms;
  settings.up_burst = 2500ms;
  settings.latency = 70ms;
  settings.leaf = {LeafQdisc::Kind::kFqCodel, 1000, 512, 300, 10, 5500us, 100ms, false};
  settings.r2q = 20;
  settings.quantum = 3000;
  settings.moderate_quantum = true;
  settings.cburst = 1600;
  return settings;
}

ShaperCounters Counters(std::uint64_t first) {
  return {first, first + 1, first + 2, first + 3, first + 4, first + 5, first + 6};
}

ShaperRecord Record() {
  return {DownLimiter::kEdt, UpLimiter::kPace, Counters(UINT64_MAX - 6), Counters(1)};
}

RateLimit Limit() {
  return {{BitsPerSecond{kMaxRate}, BurstOctets{kMaxBurst}}, {BitsPerSecond{1}, BurstOctets{2}}};
}

TEST(Shaper, SettingsRoundTrip) {
  for (const ShaperSettings& in : {ShaperSettings{}, Settings()}) {
    const auto out = FromProto(ToProto(in));
    ASSERT_TRUE(out.has_value()) << out.error().message;
    EXPECT_EQ(*out, in);
  }
}

TEST(Shaper, RateLimitRoundTrip) {
  const RateLimit up_only{{}, {BitsPerSecond{10'000'000'000}, {}}};
  for (const RateLimit& in : {RateLimit{}, Limit(), up_only}) {
    const auto out = FromProto(ToProto(in));
    ASSERT_TRUE(out.has_value()) << out.error().message;
    EXPECT_EQ(*out, in);
  }
}

TEST(Shaper, RecordRoundTrip) {
  for (const ShaperRecord& in : {ShaperRecord{}, Record()}) {
    const auto out = FromProto(ToProto(in));
    ASSERT_TRUE(out.has_value()) << out.error().message;
    EXPECT_EQ(*out, in);
  }
}

TEST(Shaper, PolicyCarriesTheLimitAndIsAsShortAsBeforeWithout) {
  SessionPolicy policy;
  policy.generation = Generation(1);
  EXPECT_FALSE(ToProto(policy).has_rate_limit());
  EXPECT_EQ(FromProto(ToProto(policy))->rate_limit, RateLimit{});
  policy.rate_limit = Limit();
  EXPECT_EQ(FromProto(ToProto(policy))->rate_limit, Limit());
}

TEST(Shaper, SessionRecordAndCountersCarryTheShaperRecord) {
  SessionRecord record;
  record.session = "0123456789abcdef";
  EXPECT_FALSE(ToProto(record).has_shaper());
  EXPECT_EQ(FromProto(ToProto(record))->shaper, ShaperRecord{});
  record.shaper = Record();
  EXPECT_EQ(FromProto(ToProto(record))->shaper, Record());

  CountersBatch batch;
  batch.entries.resize(2);
  for (CountersReport& entry : batch.entries) entry.session = record.session;
  batch.entries[1].shaper = Record();
  const pb::FromGateway message = ToProto(FromGatewayMessage(batch));
  EXPECT_FALSE(message.counters().entries(0).has_shaper());
  const auto out = FromProto(message);
  ASSERT_TRUE(out.has_value()) << out.error().message;
  const auto& entries = std::get<CountersBatch>(*out).entries;
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].shaper, ShaperRecord{});
  EXPECT_EQ(entries[1].shaper, Record());
}

TEST(Shaper, EveryEnumValueRoundTrips) {
  for (const auto down : {DownLimiter::kAuto, DownLimiter::kTbf, DownLimiter::kHtb,
                          DownLimiter::kClsact, DownLimiter::kEdt, DownLimiter::kPace}) {
    EXPECT_EQ(*FromProto(ToProto(down)), down);
  }
  for (const auto up : {UpLimiter::kAuto, UpLimiter::kPolice, UpLimiter::kPace}) {
    EXPECT_EQ(*FromProto(ToProto(up)), up);
  }
  for (const auto count : {RateCount::kPayload, RateCount::kPacket}) {
    EXPECT_EQ(*FromProto(ToProto(count)), count);
  }
  for (const auto kind : {LeafQdisc::Kind::kAuto, LeafQdisc::Kind::kFifo, LeafQdisc::Kind::kSfq,
                          LeafQdisc::Kind::kFqCodel}) {
    EXPECT_EQ(*FromProto(ToProto(kind)), kind);
  }
}

template <class Message>
struct BadField {
  const char* field;
  std::function<void(Message&)> spoil;
};

template <class Message>
void ExpectEachRefused(const Message& good, const std::vector<BadField<Message>>& cases) {
  ExpectAccepted(good);
  for (const BadField<Message>& bad : cases) {
    Message message = good;
    bad.spoil(message);
    ExpectRefused(message, bad.field);
  }
}

TEST(Shaper, EachInvalidSettingIsRefused) {
  ExpectEachRefused<pb::ShaperSettings>(
      ToProto(Settings()),
      {
          {"DownLimiter", [](auto& m) { m.clear_down_limiter(); }},
          {"DownLimiter", [](auto& m) { m.set_down_limiter(static_cast<pb::DownLimiter>(7)); }},
          {"UpLimiter", [](auto& m) { m.clear_up_limiter(); }},
          {"UpLimiter", [](auto& m) { m.set_up_limiter(static_cast<pb::UpLimiter>(4)); }},
          {"RateCount", [](auto& m) { m.clear_count(); }},
          {"RateCount", [](auto& m) { m.set_count(static_cast<pb::RateCount>(3)); }},
          {"fwmark", [](auto& m) { m.set_fwmark(2'147'483'648); }},
          {"mpu_octets", [](auto& m) { m.set_mpu_octets(65'536); }},
          {"down_burst_milliseconds", [](auto& m) { m.set_down_burst_milliseconds(1'000'001); }},
          {"up_burst_milliseconds", [](auto& m) { m.set_up_burst_milliseconds(1'000'001); }},
          {"latency_milliseconds", [](auto& m) { m.set_latency_milliseconds(0); }},
          {"latency_milliseconds", [](auto& m) { m.set_latency_milliseconds(10'001); }},
          {"r2q", [](auto& m) { m.set_r2q(0); }},
          {"LeafQdisc::Kind", [](auto& m) { m.clear_leaf(); }},
          {"LeafQdisc::Kind",
           [](auto& m) { m.mutable_leaf()->set_kind(static_cast<pb::LeafQdisc::Kind>(5)); }},
          {"target_microseconds",
           [](auto& m) { m.mutable_leaf()->set_target_microseconds(60'000'001); }},
          {"interval_microseconds",
           [](auto& m) { m.mutable_leaf()->set_interval_microseconds(60'000'001); }},
      });
}

TEST(Shaper, EachInvalidLimitIsRefused) {
  SessionPolicy policy;
  policy.rate_limit = Limit();
  const auto down = [](pb::SessionPolicy& m) { return m.mutable_rate_limit()->mutable_down(); };
  const auto up = [](pb::SessionPolicy& m) { return m.mutable_rate_limit()->mutable_up(); };
  ExpectEachRefused<pb::SessionPolicy>(
      ToProto(policy),
      {
          {"rate_bits_per_second",
           [&](auto& m) { down(m)->set_rate_bits_per_second(kMaxRate.value() + 1); }},
          {"rate_bits_per_second",
           [&](auto& m) { up(m)->set_rate_bits_per_second(kMaxRate.value() + 1); }},
          {"burst_octets", [&](auto& m) { down(m)->set_burst_octets(kMaxBurst.value() + 1); }},
          {"burst_octets", [&](auto& m) { up(m)->set_burst_octets(kMaxBurst.value() + 1); }},
      });
}

TEST(Shaper, EachInvalidRecordIsRefused) {
  SessionRecord record;
  record.session = "0123456789abcdef";
  record.shaper = Record();
  ExpectEachRefused<pb::SessionRecord>(
      ToProto(record),
      {
          {"DownLimiter", [](auto& m) { m.mutable_shaper()->clear_down_limiter(); }},
          {"UpLimiter", [](auto& m) { m.mutable_shaper()->clear_up_limiter(); }},
      });
  CountersBatch batch;
  batch.entries.push_back({.session = record.session, .counters = {}, .shaper = Record()});
  ExpectEachRefused<pb::FromGateway>(
      ToProto(FromGatewayMessage(batch)),
      {
          {"UpLimiter",
           [](auto& m) {
             m.mutable_counters()->mutable_entries(0)->mutable_shaper()->clear_up_limiter();
           }},
      });
}

}  // namespace
}  // namespace sstpgw::contract
