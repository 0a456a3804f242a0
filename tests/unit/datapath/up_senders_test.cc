// The whole way up with greedy senders inside the tunnel: the queue stands in the client, and is
// judged by what can be seen of it. How much comes through, and how long packets wait.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <queue>
#include <vector>

#include "gateway/datapath/pace_limit.h"
#include "gateway/datapath/up_pacer.h"
#include "tests/unit/datapath/packets.h"

namespace sstpgw::datapath {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kSecond = 1'000 * kMillisecond;
constexpr std::uint64_t kStart = 1'000'000 * kSecond;
constexpr std::uint64_t kFrom = kStart + 3 * kSecond;  // what is looked at
constexpr std::uint64_t kUntil = kStart + 13 * kSecond;
constexpr std::size_t kPacket = 1400;
constexpr std::uint64_t kRoundTrip = 20 * kMillisecond;  // without the queue
constexpr std::size_t kClientQueue = 2'000;              // packets; what is more is lost

constexpr std::size_t kNobody = 1'000'000;  // a sender who hears nothing

TimePoint At(std::uint64_t ns) { return TimePoint(Duration(ns)); }

struct Path {
  std::uint64_t rate;
  std::size_t senders;
  std::uint8_t tos;
  bool told = true;
  double deaf = 0;  // instead of senders: so many times the rate, whatever happens
};

struct Outcome {
  double goodput;  // of the rate
  double mean_ms;  // wait of a packet
};

// Slow start, one packet more per round trip, half as many when told, once per round trip.
struct Sender {
  double window = 10;
  double threshold = 1e9;
  int flying = 0;
  std::uint64_t halved = 0;

  void Hear(std::uint64_t sent, bool told, std::uint64_t now) {
    --flying;
    if (!told) {
      window += window < threshold ? 1 : 1 / window;
    } else if (sent >= halved) {
      halved = now;
      threshold = window = std::max(window / 2, 2.0);
    }
  }
};

class Tunnel {
 public:
  explicit Tunnel(const Path& path)
      : path_(path),
        packet_(test::Build({.protocol = 17, .tos = path.tos, .payload = Bytes(kPacket - 28)})),
        pacer_(PaceLimit({.rate = BitsPerSecond{path.rate}}), {.flags = SG_COUNT_PACKET, .mpu = 0}),
        senders_(path.senders) {}

  Outcome Run() {
    for (std::size_t i = 0; i < senders_.size(); ++i) Send(i, kStart);
    std::uint64_t wake = kStart;
    double offered = 0;
    for (std::uint64_t now = kStart; now < kUntil; now += kMillisecond / 10) {
      for (; !answers_.empty() && answers_.top().at <= now; answers_.pop()) {
        const Answer answer = answers_.top();
        senders_[answer.sender].Hear(answer.sent, answer.told, now);
        Send(answer.sender, now);
      }
      offered += path_.deaf * static_cast<double>(path_.rate) / 8 / 10'000;
      for (; offered >= kPacket; offered -= kPacket) {
        if (queue_.size() < kClientQueue) queue_.push_back({now, kNobody});
      }
      if (now >= wake && !queue_.empty()) wake = Wake(now);
    }
    const double fair = static_cast<double>(path_.rate) / 8 * (kUntil - kFrom) / kSecond;
    return {passed_ * double{kPacket} / fair,
            static_cast<double>(waited_) / kMillisecond / std::max(passed_, 1)};
  }

 private:
  struct Waiting {
    std::uint64_t sent;
    std::size_t sender;
  };
  struct Answer {
    std::uint64_t at;
    std::uint64_t sent;
    std::size_t sender;
    bool told;
    friend bool operator>(const Answer& a, const Answer& b) { return a.at > b.at; }
  };

  void Send(std::size_t index, std::uint64_t now) {
    Sender& sender = senders_[index];
    for (; sender.flying < static_cast<int>(sender.window); ++sender.flying) {
      if (queue_.size() < kClientQueue) {
        queue_.push_back({now, index});
      } else {
        answers_.push({now + kRoundTrip, now, index, true});
      }
    }
  }
  // When the worker wants to be back.
  std::uint64_t Wake(std::uint64_t now) {
    // No more of the queue is in our socket than its window.
    const std::uint64_t seen =
        std::min<std::uint64_t>(queue_.size() * kPacket, pacer_.WindowClamp(Duration(kRoundTrip)));
    if (path_.told) pacer_.Resume(static_cast<std::size_t>(seen), At(now));
    while (const std::size_t room = pacer_.ReadRoom(At(now))) {
      for (begun_ += room; begun_ >= kPacket && !queue_.empty(); begun_ -= kPacket) Pass(now);
      if (!queue_.empty()) continue;
      begun_ = 0;
      pacer_.Drained(At(now));
      break;
    }
    return now + static_cast<std::uint64_t>(pacer_.Wait(At(now)).count());
  }
  void Pass(std::uint64_t now) {
    const Waiting waiting = queue_.front();
    queue_.pop_front();
    const UpPacer::Verdict verdict = pacer_.Judge(packet_);
    const bool told = verdict != UpPacer::Verdict::kPass;
    if (waiting.sender != kNobody) {
      answers_.push({now + kRoundTrip, waiting.sent, waiting.sender, told});
    }
    if (now < kFrom || verdict == UpPacer::Verdict::kDrop) return;
    ++passed_;
    waited_ += now - waiting.sent;
  }

  Path path_;
  Bytes packet_;
  UpPacer pacer_;
  std::vector<Sender> senders_;
  std::deque<Waiting> queue_;
  std::priority_queue<Answer, std::vector<Answer>, std::greater<>> answers_;
  std::size_t begun_ = 0;
  int passed_ = 0;
  std::uint64_t waited_ = 0;
};

TEST(UpSenders, GetTheRateAndWaitLittle) {
  for (const std::uint64_t rate : {1'000'000ULL, 10'000'000ULL, 100'000'000ULL}) {
    for (const std::size_t senders : {1U, 4U}) {
      for (const int ecn : {0, 2}) {
        const Outcome outcome = Tunnel({rate, senders, static_cast<std::uint8_t>(ecn)}).Run();
        EXPECT_GE(outcome.goodput, 0.97) << rate << " " << senders << " " << ecn;
        EXPECT_LE(outcome.goodput, 1.006);  // fifty milliseconds of burst in ten seconds
        // Four senders with the least window there is, two packets each, fill a slow link's queue.
        EXPECT_LE(outcome.mean_ms, std::max(30.0, 8 * 11.2e6 / static_cast<double>(rate)))
            << rate << " " << senders << " " << ecn;
      }
    }
  }
}

// The comparison that shows what the signals are for: what the client can hold, it holds.
TEST(UpSenders, WithoutSignalsTheClientsQueueGrows) {
  for (const std::uint64_t rate : {10'000'000ULL, 100'000'000ULL}) {
    const Outcome told = Tunnel({rate, 1, 0}).Run();
    const Outcome untold = Tunnel({.rate = rate, .senders = 1, .tos = 0, .told = false}).Run();
    EXPECT_GT(untold.mean_ms, 50) << rate;
    EXPECT_LT(told.mean_ms * 4, untold.mean_ms) << rate;
  }
}

// Who hears nothing fills the client's queue, which is seconds long, for a moment only.
TEST(UpSenders, DeafOnesGetTheRateAndDoNotKeepTheClientsQueueFull) {
  for (const std::uint64_t rate : {10'000'000ULL, 100'000'000ULL}) {
    for (const double load : {1.1, 1.3, 3.0}) {
      for (const int ecn : {0, 2}) {
        const Outcome outcome = Tunnel({.rate = rate,
                                        .senders = 0,
                                        .tos = static_cast<std::uint8_t>(ecn),
                                        .told = true,
                                        .deaf = load})
                                    .Run();
        EXPECT_GE(outcome.goodput, 0.97) << rate << " " << load;
        EXPECT_LE(outcome.mean_ms, load < 2 ? 50 : 150) << rate << " " << load;
      }
    }
  }
}

}  // namespace
}  // namespace sstpgw::datapath
