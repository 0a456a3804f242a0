// The pacers over schedules that nobody thought of: what passes in any window of time, that it is
// the rate, and that changes of the limit give nothing away and stop nobody.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <random>

#include "ebpf/queue.h"
#include "gateway/datapath/down_pacer.h"
#include "gateway/datapath/pace_limit.h"
#include "gateway/datapath/up_pacer.h"
#include "tests/unit/datapath/packets.h"
#include "tests/unit/ebpf/window.h"

namespace sstpgw::datapath {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kSecond = 1'000 * kMillisecond;
constexpr std::uint64_t kStart = 1'000'000 * kSecond;
constexpr std::uint64_t kRates[] = {256'000,     1'000'000,     10'000'000,
                                    100'000'000, 1'000'000'000, 10'000'000'000};
constexpr ChargeRule kWhole{.flags = SG_COUNT_PACKET, .mpu = 0};

TimePoint At(std::uint64_t ns) { return TimePoint(Duration(ns)); }
std::uint64_t Count(Duration duration) { return static_cast<std::uint64_t>(duration.count()); }
sg_limit Limit(std::uint64_t rate) { return PaceLimit({.rate = BitsPerSecond{rate}}); }
std::uint64_t Octets(std::uint64_t rate, std::uint64_t ns) {
  return static_cast<std::uint64_t>(Wide{rate} * Wide{ns} / 8'000'000'000);
}
std::int64_t Signed(std::uint64_t octets) { return static_cast<std::int64_t>(octets); }

// Packets and super-packets, as sizes.
struct Sizes {
  std::uint64_t largest;
  std::uint64_t operator()(std::mt19937_64& random) const { return random() % largest + 40; }
};

// ---- To the client

// How late a worker may be when a wait is over, and how often it is not there for far longer.
struct Worker {
  std::uint64_t late_ns;
  bool absent = false;
};

struct Read {
  std::uint64_t octets = 0;
  std::uint64_t wakes = 0;
  std::uint64_t took_ns = 0;
};

// A TUN that is never empty, for about `ns`.
Read ReadAll(std::uint64_t rate, const Sizes& sizes, const Worker& worker, std::uint64_t ns) {
  std::mt19937_64 random(rate + sizes.largest);
  const sg_limit limit = Limit(rate);
  DownPacer pacer(limit);
  Window window(rate);
  const std::uint64_t most = limit.burst + sizes.largest + 40 + (worker.absent ? limit.queue : 0);
  Read read;
  std::uint64_t now = kStart;
  while (now < kStart + ns && !::testing::Test::HasFailure()) {
    ++read.wakes;
    for (std::uint64_t allowed = pacer.Allowance(At(now)); allowed > 0;
         allowed = pacer.Allowance()) {
      const std::uint64_t size = sizes(random);
      pacer.Charge(size);
      EXPECT_LE(window.Pass(size, now), Signed(most)) << rate;
    }
    const std::uint64_t wait = Count(pacer.Wait(At(now)));
    EXPECT_GT(wait, 0U);
    now += wait + random() % (worker.late_ns + 1);
    if (worker.absent && random() % 20 == 0) now += random() % (200 * kMillisecond);
  }
  read.octets = window.octets();
  read.took_ns = now - kStart;
  return read;
}

TEST(PacerProperty, DownNoWindowHoldsMoreThanRateBurstAndAPacket) {
  for (const std::uint64_t rate : kRates) {
    for (const Sizes sizes : {Sizes{1360}, Sizes{65'000}}) {
      if (sizes.largest < 2000 && rate > 1'000'000'000) continue;
      for (const std::uint64_t late_ns : {std::uint64_t{0}, 10 * kMillisecond}) {
        const Read read = ReadAll(rate, sizes, {.late_ns = late_ns}, 10 * kSecond / 3);
        // Who is late by less than the burst loses nothing.
        const std::uint64_t fair = Octets(rate, read.took_ns);
        const std::uint64_t owed = Octets(rate, late_ns) + PaceQuantum(Limit(rate)) + sizes.largest;
        EXPECT_GE(read.octets + owed, fair) << rate << " " << late_ns;
      }
    }
  }
}

TEST(PacerProperty, DownWakesAreFew) {
  for (const std::uint64_t rate : kRates) {
    const Read read = ReadAll(rate, Sizes{1360}, {.late_ns = 0}, kSecond);
    EXPECT_LE(read.wakes, 510U) << rate;
    EXPECT_GE(read.wakes, std::min<std::uint64_t>(rate / 8 / 3000, 400)) << rate;
  }
}

TEST(PacerProperty, DownAbsentWorkerCatchesUpWithNoMoreThanTheQueue) {
  for (const std::uint64_t rate : kRates) {
    ReadAll(rate, Sizes{20'000}, {.late_ns = kMillisecond, .absent = true}, 5 * kSecond);
  }
}

// The whole way down: the program lets packets into the TUN, the worker reads them.
class Way {
 public:
  explicit Way(std::uint64_t rate) : limit_(Limit(rate)), pacer_(limit_) {}

  void Arrive(std::uint64_t octets, std::uint64_t now) {
    const sg_admission admission = sg_queue_admit(&bucket_, &codel_, &limit_, octets, 1, now);
    if (admission.verdict == SG_VERDICT_DROP) return;
    tun_.push_back(octets);
    stands_ += octets;
  }
  // When the worker wants to be back.
  std::uint64_t Wake(std::uint64_t now) {
    for (auto allowed = pacer_.Allowance(At(now)); allowed > 0 && !tun_.empty();
         allowed = pacer_.Allowance()) {
      pacer_.Charge(tun_.front());
      stands_ -= tun_.front();
      passed_ += tun_.front();
      tun_.pop_front();
    }
    if (tun_.empty()) pacer_.Drained();
    return now + Count(pacer_.Wait(At(now)));
  }
  void Hold(std::uint64_t now) { pacer_.Hold(At(now)); }
  void Change(std::uint64_t rate, std::uint64_t now) {
    limit_ = Limit(rate);
    pacer_.Change(limit_, At(now));
  }
  [[nodiscard]] std::uint64_t stands() const { return stands_; }
  [[nodiscard]] std::uint64_t debt() const {
    return bucket_.octets < 0 ? static_cast<std::uint64_t>(-bucket_.octets) : 0;
  }
  [[nodiscard]] std::uint64_t passed() const { return passed_; }

 private:
  sg_limit limit_;
  sg_bucket bucket_{};
  sg_codel codel_{};
  DownPacer pacer_;
  std::deque<std::uint64_t> tun_;
  std::uint64_t stands_ = 0;
  std::uint64_t passed_ = 0;
};

// The program does not see the TUN. After whatever the worker was kept from, what stands there is
// what the program thinks, but for a wake-up's worth.
TEST(PacerProperty, TunHoldsWhatTheProgramThinks) {
  for (const std::uint64_t rate : {1'000'000ULL, 10'000'000ULL, 1'000'000'000ULL}) {
    std::mt19937_64 random(rate);
    Way way(rate);
    const std::uint64_t step = sg_octets_ns(1400, rate) / 2;  // twice the rate
    std::uint64_t wake = kStart;
    std::uint64_t absent_until = 0;
    const std::uint64_t until = kStart + (rate > 100'000'000 ? 2 : 10) * kSecond;
    for (std::uint64_t now = kStart; now < until; now += step) {
      way.Arrive(1400, now);
      if (now < wake) continue;
      wake = way.Wake(now) + random() % kMillisecond;
      const std::uint64_t slack = Octets(rate, 4 * kMillisecond) + PaceQuantum(Limit(rate)) + 2800;
      ASSERT_LE(way.stands(), way.debt() + slack) << rate << " " << (now - absent_until);
      if (random() % 200 == 0) {
        wake = now + random() % (90 * kMillisecond);
        way.Hold(now);
        absent_until = wake;
      }
    }
    const std::uint64_t fair = Octets(rate, until - kStart);
    EXPECT_GE(way.passed() * 1000, fair * 990);
  }
}

// Two rates in turn, under more load than either.
TEST(PacerProperty, DownChangeGivesNothingAwayAndStopsNobody) {
  for (const auto& [slow, fast] : {std::pair{1'000'000ULL, 10'000'000ULL},
                                   {256'000ULL, 10'000'000ULL},
                                   {10'000'000ULL, 100'000'000ULL},
                                   {100'000'000ULL, 110'000'000ULL}}) {
    Way way(slow);
    const std::uint64_t step = sg_octets_ns(1400, fast) / 2;
    std::uint64_t rate = slow;
    std::uint64_t change = kStart;
    std::uint64_t wake = kStart;
    std::uint64_t fair = 0;
    std::uint64_t falls = 0;
    std::uint64_t last_pass = kStart;
    for (std::uint64_t now = kStart; now < kStart + 10 * kSecond; now += step) {
      if (now >= change) {
        falls += rate == fast;
        rate = rate == fast ? slow : fast;
        change += 200 * kMillisecond;
        way.Change(rate, now);
        wake = now;
      }
      fair += Octets(rate, step);
      way.Arrive(1400, now);
      if (now < wake) continue;
      const std::uint64_t before = way.passed();
      wake = way.Wake(now);
      if (way.passed() > before) last_pass = now;
      // Two packets' time and a wake-up's, at the slower one.
      ASSERT_LE(now - last_pass, sg_octets_ns(2 * 1400, slow) + 5 * kMillisecond) << slow;
    }
    // What stood there at each fall leaves at the rate it was let in at, and is no gift.
    const std::uint64_t stood = falls * Limit(fast).queue;
    EXPECT_LE(way.passed(), fair + stood + Limit(fast).burst + 1400) << slow;
    EXPECT_GE(way.passed() * 100, fair * 97) << slow;
  }
}

// ---- From the client

// A client that always has more, read as the pacer says.
struct UpRun {
  std::uint64_t octets = 0;
  std::uint64_t took_ns = 0;
};
UpRun ReadUp(std::uint64_t rate, std::size_t size, std::uint64_t late_ns, std::uint64_t ns,
             sg_limit* backstop = nullptr) {
  std::mt19937_64 random(rate + size);
  const Bytes packet = test::Build({.protocol = 17, .payload = Bytes(size - 28)});
  const sg_limit limit = Limit(rate);
  UpPacer pacer(limit, kWhole);
  Window window(rate);
  sg_bucket behind{};
  std::uint64_t now = kStart;
  std::size_t begun = 0;  // of a packet whose end was not read yet
  const std::uint64_t one_read = std::max<std::uint64_t>(Octets(rate, 10 * kMillisecond), 2048);
  const std::uint64_t most = limit.burst + std::min<std::uint64_t>(one_read, 256 * 1024) + size;
  while (now < kStart + ns && !::testing::Test::HasFailure()) {
    while (const std::size_t room = pacer.ReadRoom(At(now))) {
      for (begun += room; begun >= size; begun -= size) {
        static_cast<void>(pacer.Judge(packet));
        EXPECT_LE(window.Pass(size, now), Signed(most)) << rate;
        // The interface gets it a little later.
        if (backstop == nullptr) continue;
        const std::uint64_t written = now + random() % (50 * kMillisecond);
        EXPECT_EQ(sg_bucket_take(&behind, backstop, size, written), 1) << rate;
      }
    }
    now += Count(pacer.Wait(At(now))) + random() % (late_ns + 1);
  }
  return {window.octets(), now - kStart};
}

TEST(PacerProperty, UpNoWindowHoldsMoreThanRateBurstAndARead) {
  for (const std::uint64_t rate : kRates) {
    for (const std::size_t size : {200U, 1400U}) {
      for (const std::uint64_t late_ns : {std::uint64_t{0}, 10 * kMillisecond}) {
        const std::uint64_t ns = rate > 100'000'000 ? kSecond / 4 : 5 * kSecond;
        const UpRun run = ReadUp(rate, size, late_ns, ns);
        const std::uint64_t owed = Octets(rate, late_ns) + PaceQuantum(Limit(rate)) + 2 * 1400;
        EXPECT_GE(run.octets + owed, Octets(rate, run.took_ns)) << rate << " " << size;
      }
    }
  }
}

TEST(PacerProperty, UpProgramBehindDropsNothing) {
  for (const std::uint64_t rate : kRates) {
    sg_limit backstop = BackstopLimit(Limit(rate));
    const std::uint64_t ns = rate > 100'000'000 ? kSecond / 4 : 5 * kSecond;
    ReadUp(rate, 1400, 5 * kMillisecond, ns, &backstop);
  }
}

TEST(PacerProperty, UpChangeGivesNothingAwayAndStopsNobody) {
  const Bytes packet = test::Build({.protocol = 17, .payload = Bytes(1372)});
  for (const auto& [slow, fast] : {std::pair{256'000ULL, 10'000'000'000ULL},
                                   {1'000'000ULL, 100'000'000ULL},
                                   {100'000'000ULL, 110'000'000ULL}}) {
    UpPacer pacer(Limit(slow), kWhole);
    std::uint64_t rate = slow;
    std::uint64_t now = kStart;
    std::uint64_t passed = 0;
    std::uint64_t fair = 0;
    std::uint64_t changes = 0;
    for (int i = 0; i < 20; ++i) {
      const std::uint64_t until = now + 200 * kMillisecond;
      fair += Octets(rate, until - now);
      while (now < until) {
        std::size_t read = 0;
        for (const std::size_t room = pacer.ReadRoom(At(now)); read < room; read += 1400) {
          static_cast<void>(pacer.Judge(packet));
          passed += 1400;
        }
        const std::uint64_t wait = Count(pacer.Wait(At(now)));
        // A read and a packet more at the slower one.
        ASSERT_LE(wait, std::max(sg_octets_ns(2048, slow), 10ULL * kMillisecond) +
                            sg_octets_ns(1400, slow) + 2 * kMillisecond)
            << slow;
        now = std::min(now + wait, until);
      }
      rate = rate == slow ? fast : slow;
      ++changes;
      pacer.Change(Limit(rate), At(now));
    }
    EXPECT_LE(passed, fair + Limit(fast).burst + changes / 2 * (256 * 1024 + 1400)) << slow;
    EXPECT_GE(passed * 100, fair * 98) << slow;
  }
}

}  // namespace
}  // namespace sstpgw::datapath
