// The managed queue with senders at its other end: greedy ones that slow down when told, as TCP
// does, and a flood that never does. Judged as users would: how much came through, and how long
// packets waited.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "ebpf/queue.h"

namespace sstpgw {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kSecond = 1'000 * kMillisecond;
constexpr std::uint64_t kStart = 1'000'000 * kSecond;
constexpr std::uint64_t kFrom = kStart + 3 * kSecond;  // what is looked at
constexpr std::uint64_t kUntil = kStart + 13 * kSecond;
constexpr std::uint32_t kPacket = 1400;

struct Path {
  std::uint64_t rate;
  std::uint64_t rtt_ns;  // without the queue
  int senders;
  int ecn;
  bool managed = true;
};

struct Outcome {
  double goodput;  // of the rate
  double mean_ms;  // wait of a packet
  double most_ms;
  int signalled;
  int dropped;
};

class Queue {
 public:
  explicit Queue(const Path& path)
      : path_(path),
        limit_(sg_limit_make(SG_KIND_EDT, path.rate, path.rate / 80, 50 * kMillisecond, kPacket)) {
    if (path.managed) sg_limit_manage(&limit_, 10 * kMillisecond, 100 * kMillisecond);
  }
  // When a packet that comes now leaves, or would have left; and whether it does.
  struct Fate {
    std::uint64_t when;
    std::uint32_t verdict;
  };
  Fate Add(std::uint64_t now) {
    const sg_admission admission =
        sg_queue_admit(&bucket_, &codel_, &limit_, kPacket, path_.ecn, now);
    const Fate fate{sg_departure_ns(&admission, &limit_, now), admission.verdict};
    if (now < kFrom) return fate;
    signalled_ += fate.verdict == SG_VERDICT_SIGNAL;
    dropped_ += fate.verdict == SG_VERDICT_DROP;
    if (fate.verdict == SG_VERDICT_DROP) return fate;
    ++passed_;
    waited_ += fate.when - now;
    most_ = std::max(most_, fate.when - now);
    return fate;
  }
  [[nodiscard]] Outcome outcome() const {
    const double fair = static_cast<double>(path_.rate) / 8 * (kUntil - kFrom) / kSecond;
    return {passed_ * double{kPacket} / fair,
            static_cast<double>(waited_) / kMillisecond / std::max(passed_, 1),
            static_cast<double>(most_) / kMillisecond, signalled_, dropped_};
  }
  [[nodiscard]] const sg_limit& limit() const { return limit_; }

 private:
  Path path_;
  sg_limit limit_;
  sg_bucket bucket_{};
  sg_codel codel_{};
  int passed_ = 0;
  int signalled_ = 0;
  int dropped_ = 0;
  std::uint64_t waited_ = 0;
  std::uint64_t most_ = 0;
};

// What a sender hears of a packet, a round trip after it was sent.
struct Answer {
  std::uint64_t at;
  std::uint64_t sent;
  std::size_t sender;
  bool told;  // lost, or marked
  friend bool operator>(const Answer& a, const Answer& b) { return a.at > b.at; }
};

// Slow start, one packet more per round trip, half as many when told, once per round trip.
struct Sender {
  double window = 10;
  double threshold = 1e9;
  int flying = 0;
  std::uint64_t halved = 0;

  void Hear(const Answer& answer) {
    --flying;
    if (!answer.told) {
      window += window < threshold ? 1 : 1 / window;
    } else if (answer.sent >= halved) {
      halved = answer.at;
      threshold = window = std::max(window / 2, 2.0);
    }
  }
};

Outcome RunGreedy(const Path& path) {
  Queue queue(path);
  std::vector<Sender> senders(static_cast<std::size_t>(path.senders));
  std::priority_queue<Answer, std::vector<Answer>, std::greater<>> answers;
  const auto send = [&](std::size_t index, std::uint64_t now) {
    Sender& sender = senders[index];
    for (; sender.flying < static_cast<int>(sender.window); ++sender.flying) {
      const Queue::Fate fate = queue.Add(now);
      answers.push({fate.when + path.rtt_ns, now, index, fate.verdict != SG_VERDICT_PASS});
    }
  };
  for (std::size_t i = 0; i < senders.size(); ++i) send(i, kStart + i * kMillisecond);
  while (answers.top().at < kUntil) {
    const Answer answer = answers.top();
    answers.pop();
    senders[answer.sender].Hear(answer);
    send(answer.sender, answer.at);
  }
  return queue.outcome();
}

// Each path that there is, named.
template <class Judge>
void OnEveryPath(Judge judge) {
  for (const std::uint64_t rate : {1'000'000ULL, 10'000'000ULL, 100'000'000ULL}) {
    for (const std::uint64_t rtt : {1 * kMillisecond, 20 * kMillisecond}) {
      for (const int senders : {1, 4}) {
        for (const int ecn : {0, 1}) {
          SCOPED_TRACE(std::to_string(rate) + " bit/s, " + std::to_string(rtt / kMillisecond) +
                       " ms, " + std::to_string(senders) + " senders, ecn " + std::to_string(ecn));
          judge(Path{rate, rtt, senders, ecn});
        }
      }
    }
  }
}

TEST(QueueSenders, GreedyOnesGetTheRateAndWaitLittle) {
  OnEveryPath([](const Path& path) {
    const Outcome outcome = RunGreedy(path);
    EXPECT_GE(outcome.goodput, 0.97);
    EXPECT_LE(outcome.goodput, 1.011);  // a hundred milliseconds of burst in ten seconds
    EXPECT_GT(outcome.signalled + outcome.dropped, 0);
    EXPECT_EQ(path.ecn != 0 ? outcome.dropped : outcome.signalled, 0);
    // Four senders with the least window there is, two packets each, fill a slow link's queue; at
    // worst they are twelve packets before they hear of it.
    const double packet_ms = 11.2e6 / static_cast<double>(path.rate);
    EXPECT_LE(outcome.mean_ms, std::max(20.0, 8 * packet_ms));
    EXPECT_LE(outcome.most_ms, std::max(35.0, 12 * packet_ms));
  });
}

// The comparison that shows what the signals are for.
TEST(QueueSenders, WithoutSignalsTheQueueStands) {
  for (const std::uint64_t rate : {10'000'000ULL, 100'000'000ULL}) {
    Path path{rate, kMillisecond, 4, 0};
    const Outcome told = RunGreedy(path);
    path.managed = false;
    const Outcome untold = RunGreedy(path);
    EXPECT_GT(untold.mean_ms, 30) << rate;
    EXPECT_LT(told.mean_ms * 2, untold.mean_ms) << rate;
  }
}

// Three times the rate, whatever it is told: the rate comes through, and the queue's end holds.
TEST(QueueSenders, FloodGetsTheRateAndNoLongerQueue) {
  for (const std::uint64_t rate : {256'000ULL, 10'000'000ULL, 1'000'000'000ULL}) {
    for (const int ecn : {0, 1}) {
      Queue queue(Path{rate, 0, 1, ecn});
      const std::uint64_t step = sg_octets_ns(kPacket, rate) / 3;
      for (std::uint64_t now = kStart; now < kUntil; now += step) queue.Add(now);
      const Outcome outcome = queue.outcome();
      const sg_limit& limit = queue.limit();
      // What stands in the queue at the beginning and at the end may differ.
      const double queue_share =
          static_cast<double>(limit.queue) * 8 / static_cast<double>(rate) / 10;
      EXPECT_GE(outcome.goodput, 0.999 - queue_share) << rate;
      EXPECT_LE(outcome.goodput, 1.001 + queue_share) << rate;
      EXPECT_LE(outcome.most_ms * kMillisecond,
                static_cast<double>(sg_octets_ns(limit.queue, rate)));
      EXPECT_GT(outcome.dropped, 0);
    }
  }
}

}  // namespace
}  // namespace sstpgw
