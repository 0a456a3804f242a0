// A worker: one thread, one event loop, the sessions given to it for all their life, and the
// buffers they share. Everything it is told comes through its mailbox; nothing of it is seen by
// others.
//
// Threads: Create, Start, Join and the destructor by the owner; Post by any thread between Create
// and Join.
#pragma once

#include <list>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "gateway/edge/control_client.h"
#include "gateway/edge/event_loop.h"
#include "gateway/edge/kernel_entropy.h"
#include "gateway/edge/mailbox.h"
#include "gateway/edge/netlink.h"
#include "gateway/interface_cache.h"
#include "gateway/session_id.h"
#include "gateway/subscriber.h"
#include "gateway/thread_messages.h"

namespace sstpgw::gateway {

using AppInbox = edge::Mailbox<AppMessage>;

class Worker {
 public:
  struct Options {
    std::size_t index = 0;
    SessionIdSource::Options ids;
    const crypto::Rc4Provider* rc4 = nullptr;  // as in WorkerShared
  };
  // The references must outlive it.
  static Result<std::unique_ptr<Worker>> Create(const Options& options,
                                                edge::ControlClient& control,
                                                InterfaceCache& interfaces,
                                                const ShaperBase& shaper, LoadBoard& load,
                                                AppInbox& app);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void Start();
  void Post(WorkerMessage message) { mailbox_->Post(std::move(message)); }
  // After StopThread was posted. Sessions still there are dropped without a word to the client.
  void Join();

 private:
  // Settings stay as long as a session uses them.
  struct KeptSettings {
    WorkerSettings settings;
    std::size_t users = 0;
  };
  struct Entry {
    std::unique_ptr<Subscriber> subscriber;
    KeptSettings* settings = nullptr;
  };

  Worker(const Options& options, std::unique_ptr<edge::EventLoop> loop, edge::Netlink netlink,
         edge::ControlClient& control, InterfaceCache& interfaces, const ShaperBase& shaper,
         LoadBoard& load, AppInbox& app);

  void Handle(NewConnection connection);
  void Handle(WorkerSettings settings);
  void Handle(AuthorizeDone done);
  void Handle(DisconnectOrder order);
  void Handle(PolicyOrder order);
  void Handle(TerminateAll order);
  void Handle(SnapshotRequest request);
  void Handle(FiguresRequest request);
  void Handle(StopThread stop);

  KeptSettings* SettingsFor(Generation generation);
  void DropUnusedSettings();
  [[nodiscard]] Subscriber* Find(const SessionId& id);
  void RemoveGone();
  void RememberEnded(const Subscriber& subscriber);

  const std::size_t index_;
  SessionIdSource ids_;
  std::unique_ptr<edge::EventLoop> loop_;
  edge::Netlink netlink_;
  edge::ControlClient& control_;
  LoadBoard& load_;
  AppInbox& app_;
  edge::KernelEntropy entropy_;
  WorkerShared shared_;
  std::list<KeptSettings> settings_;  // newest last
  std::unordered_map<SessionId, Entry> sessions_;
  datapath::UplinkCounters ended_up_;      // of sessions that ended
  datapath::DownlinkCounters ended_down_;  // likewise
  bool tell_when_empty_ = false;
  std::unique_ptr<edge::Mailbox<WorkerMessage>> mailbox_;
  std::thread thread_;
};

}  // namespace sstpgw::gateway
