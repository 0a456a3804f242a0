// One client on a worker: its TLS stream, its brain (fsm::Session), its interface and timers.
// Feeds the brain with what happens and carries out what it decides, in order; forwards IP packets
// itself once the brain has opened the data path.
//
// Back-pressure: while the socket does not take everything, the interface is not read; a client
// that sends control packets but does not read our answers is not read either (kMaxPending). One
// turn takes kControlBudget control packets; what is left waits until the others had theirs.
// Kernel TLS: the client's records stay with OpenSSL until the data path opens, that is until the
// client has logged in. From then on a client whose records carry next to nothing is cut, and a
// turn that brings little for its time ends after kTurnTime.
// Secrets: as long as the data path is not open, decrypted input is wiped once it is used.
// Lifetime: puts its id into WorkerShared::gone when it is over; the worker deletes it later, never
// while one of its methods runs.
// Threads: its worker's.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gateway/data_sources.h"
#include "gateway/datapath/coalescer.h"
#include "gateway/datapath/downlink.h"
#include "gateway/datapath/frame_batch.h"
#include "gateway/datapath/left_over.h"
#include "gateway/datapath/mppe_cipher.h"
#include "gateway/datapath/read_room.h"
#include "gateway/datapath/record_yield.h"
#include "gateway/datapath/uplink.h"
#include "gateway/edge/control_client.h"
#include "gateway/edge/event_loop.h"
#include "gateway/edge/kernel.h"
#include "gateway/edge/netlink.h"
#include "gateway/edge/socket_diag.h"
#include "gateway/edge/tls_stream.h"
#include "gateway/fsm/session.h"
#include "gateway/interface_cache.h"
#include "gateway/session_interface.h"
#include "gateway/session_shaper.h"
#include "gateway/thread_messages.h"

namespace sstpgw::gateway {

// What all subscribers of one worker share. Buffers are free between callbacks.
struct WorkerShared {
  std::size_t index;
  edge::EventLoop& loop;
  edge::Kernel& kernel;
  edge::Netlink& netlink;
  InterfaceCache& interfaces;
  const ShaperBase& shaper;
  edge::ControlClient& control;
  Entropy& entropy;
  std::vector<std::uint8_t> plaintext;
  std::vector<std::uint8_t> tun_buffer;
  datapath::FrameBatch frames;
  std::vector<std::size_t> record_sizes;
  datapath::Coalescer coalescer;
  std::array<std::uint64_t, fsm::kCounterCount> counters{};
  std::array<std::uint64_t, edge::kTlsFailures> tls_failures{};  // of connections that ended
  std::uint64_t limits_failed = 0;    // that could not be put on a session at its beginning
  std::uint64_t kernel_receives = 0;  // connections whose receiving went to the kernel
  std::array<std::uint64_t, edge::kKernelTlsFallbacks> kernel_receive_fallbacks{};
  std::vector<SessionId> gone;  // to be deleted when no handler is on the stack
  // For MPPE; nullptr: this system has none.
  const crypto::Rc4Provider* rc4 = nullptr;
  std::vector<std::uint8_t> decrypted{};  // packets from one client; empty until somebody uses MPPE
};

class Subscriber final : private edge::IoHandler,
                         private edge::TimerHandler,
                         private datapath::UplinkHandler {
 public:
  // Kept ciphertext at which the client is not read any more.
  static constexpr std::size_t kMaxPending = 256 * 1024;
  // How long the end of a connection may take: what is pending, close_notify, the client's own end.
  static constexpr Duration kLinger = std::chrono::seconds(1);
  // Control packets, each with its answer, that a client may have done in one turn: some hundred
  // microseconds of work.
  static constexpr std::size_t kControlBudget = 32;
  // IP packets after which there is no further read in a turn, and less to read in the next one:
  // the smallest ones cost as much as large ones.
  static constexpr std::uint64_t kPacketBudget = 1024;
  // Decrypted input that one read takes in before the data path is open.
  static constexpr std::size_t kRoomBeforeData = 16 * 1024;
  // After so long there is no further read in a turn whose octets take far more time than honest
  // ones. For those, time would be the wrong bound: on a slow processor it ends turns early,
  // answers leave in smaller pieces, and the next turns bring less.
  static constexpr Duration kTurnTime = std::chrono::milliseconds(1);

  // `shared` and `settings` must outlive it.
  Subscriber(WorkerShared& shared, const WorkerSettings& settings, NewConnection connection,
             SessionId id);
  ~Subscriber() override;
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  void Start();
  // Something the worker was told about this session.
  void Deliver(const fsm::Event& event);
  // Desired state. When it returns its limits are in force; after an error the old policy is.
  Result<void> ReplacePolicy(SessionPolicy policy);

  // It takes its leave: nothing can be asked of it any more.
  [[nodiscard]] bool ending() const { return phase_ != Phase::kOpen || session_.finishing(); }
  [[nodiscard]] bool call_established() const { return session_.call_established(); }
  // The control plane was told that it began and not yet that it ended.
  [[nodiscard]] bool carried() const { return began_reported_ && !end_reported_; }
  [[nodiscard]] SessionRecord Record();
  // What changed since the last call: traffic, or who does the TLS records.
  [[nodiscard]] std::optional<CountersReport> TakeChanges();
  [[nodiscard]] const datapath::UplinkCounters& uplink_counters() const {
    return uplink_.counters();
  }
  [[nodiscard]] const datapath::DownlinkCounters& downlink_counters() const {
    return downlink_.counters();
  }

 private:
  enum class Phase : std::uint8_t { kOpen, kLingering, kGone };
  static constexpr std::uint64_t kReadAgain = fsm::kTimerCount;
  static constexpr std::uint64_t kLingerOver = fsm::kTimerCount + 1;
  static constexpr std::uint64_t kPaceUp = fsm::kTimerCount + 2;  // while it runs, nothing is read
  static constexpr std::uint64_t kPaceDown = fsm::kTimerCount + 3;  // likewise, of the interface
  // The interface's half of the event loop's calls.
  struct TunSide final : edge::IoHandler {
    explicit TunSide(Subscriber& subscriber) : owner(subscriber) {}
    void OnIo(edge::IoEvents events) override { owner.OnTun(events); }
    Subscriber& owner;
  };

  // The coalescer's end of it.
  struct UpSide final : datapath::PacketSink {
    explicit UpSide(Subscriber& subscriber) : owner(subscriber) {}
    void OnPacket(std::span<const ByteView> parts, std::size_t packets,
                  std::size_t bytes) override {
      owner.ToTun(parts, packets, bytes);
    }
    Subscriber& owner;
  };

  // While it is on.
  struct Mppe {
    Mppe(crypto::MppeSender sender, crypto::MppeReceiver receiver)
        : sealer(std::move(sender)), opener(std::move(receiver)) {}
    datapath::MppeSealer sealer;
    datapath::MppeOpener opener;
  };

  void OnIo(edge::IoEvents events) override;
  void OnTimer(std::uint64_t cookie) override;
  bool OnHttpHead(ByteView head) override;
  bool OnHttpHeadTooLong() override;
  bool OnSstpPacket(ByteView packet) override;
  bool OnUndelineated() override;
  bool OnIpv6Control(ByteView packet) override;
  bool OnMppeOutOfStep() override;
  void OnIpPacket(ByteView packet) override;
  void OnIpPacketsEnd() override;

  void OnTun(edge::IoEvents events);
  // One packet as the interface gave it, into shared_.frames.
  void FromTun(ByteView octets);
  void ToTun(std::span<const ByteView> parts, std::size_t packets, std::size_t bytes);
  // How long a record may be now, see datapath::RecordLimit.
  std::size_t RecordLimit();
  void ReadSocket();
  // Lets the kernel decrypt from now on, if that waits for it and nothing is in between.
  void HandOverReceiving();
  // True: it has sent much for next to nothing; the stream has failed.
  bool Floods();
  bool TakeLeftOver(std::size_t& budget);
  ByteView Consume(ByteView plaintext, std::size_t& budget);
  void SendFrames();
  // What is in shared_.frames, and clears it. False: the stream has failed.
  [[nodiscard]] bool WriteFrames();
  void ReadAgain();

  // Limits, see session_shaper.h.
  // On the interface; after an error the old ones stay.
  [[nodiscard]] RateLimit KeptLimit() const;
  Result<void> LimitTo(const RateLimit& limit, const ShapedLink& link);
  // Before the interface is up. False: it must not come up.
  bool LimitAtActivation(const fsm::ActivateInterface& action);
  [[nodiscard]] bool Runs(std::uint64_t timer) const {
    return timers_[timer] != edge::TimerHandle{};
  }
  // Octets that the next read of the socket may take; 0: not before kPaceUp.
  std::size_t UpRoom();
  // How much waits unread, for the pacer.
  void ResumeUp();
  void UpDrained();
  // Octets of the limit that may be read of the interface now; 0: not before kPaceDown.
  std::uint64_t DownAllowance();
  // After a read: what is left of them.
  std::uint64_t ChargeDown(ByteView read, std::uint64_t allowance);
  void DownDrained();
  // The client does not take what there is.
  void HoldDown();
  void WaitDown(datapath::DownPacer& pacer);
  void UpdateInterest();
  void LoseTransport(std::string reason);
  // The same while actions are carried out: the brain hears of it behind them.
  void FailWrite();
  void TellTlsFailure();

  void Perform(fsm::ActionList actions);
  void DoCreateInterface(const fsm::CreateInterface& action);
  void DoActivateInterface(const fsm::ActivateInterface& action);
  void DoChangeLink(const fsm::ChangeLink& action);
  void DoSetInterfaceMtu(const fsm::SetInterfaceMtu& action);
  void DoReleaseInterface();
  void DoStartTimer(const fsm::StartTimer& action);
  void DoSendIpv6Packet(const fsm::SendIpv6Packet& action);
  void DoStartMppe(const fsm::StartMppe& action);
  Result<void> StartMppe(const fsm::StartMppe& action);
  void DoStopMppe();
  void DoFlushMppe();
  void OpenData(const DataSources& sources);
  void ChangeSources(DataSources sources);
  void DoReport(const fsm::Report& action);
  void DoLog(const fsm::WriteLog& action);
  void DoClose();
  void Linger();
  void Finish();
  [[nodiscard]] TrafficCounters Counters() const;
  // Asks the kernel, unless it was asked not long ago (half a minute at most).
  edge::TlsModes TlsModesNow();

  WorkerShared& shared_;
  const WorkerSettings& settings_;
  const SessionId id_;
  const TimePoint accepted_at_;
  std::unique_ptr<edge::TlsStream> stream_;
  fsm::Session session_;
  datapath::Uplink uplink_;
  datapath::Downlink downlink_;
  std::unique_ptr<Mppe> mppe_;
  std::optional<SessionInterface> interface_;
  std::unique_ptr<SessionShaper> shaper_;  // once there was a limit; goes with the interface
  ShaperRecord shaped_;                    // what it did, once it is gone
  std::optional<ShapedLink> link_;         // of the interface in use
  TunSide tun_side_;
  UpSide up_side_;
  edge::IoHandle socket_handle_;
  edge::IoHandle tun_handle_;
  bool tun_watched_ = false;
  std::array<edge::TimerHandle, fsm::kTimerCount + 4> timers_;
  std::deque<fsm::Event> follow_ups_;  // results of actions, fed after the list that caused them
  // Reading stopped for back-pressure or for others' sake, with input in the stream or left over.
  bool unread_inside_ = false;
  bool consuming_ = false;
  bool collecting_ = false;       // packets of ours are in the coalescer
  datapath::LeftOver left_over_;  // what the last turn's budget did not allow for
  std::string log_prefix_ = ":: ";
  TimePoint last_receive_{};
  datapath::ReadRoom read_room_;
  datapath::RecordYield record_yield_;
  TimePoint path_checked_{};
  std::size_t record_limit_ = datapath::kMaxRecord;
  edge::TlsModes tls_modes_;  // newest answer of the kernel
  TimePoint tls_modes_asked_{};
  CountersReport reported_;
  Phase phase_ = Phase::kOpen;
  bool transport_lost_ = false;
  bool starting_ = false;
  bool began_reported_ = false;
  bool end_reported_ = false;
};

}  // namespace sstpgw::gateway
