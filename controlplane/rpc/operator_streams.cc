#include "controlplane/rpc/operator_streams.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "controlplane/rpc/operator_convert.h"

namespace sstpgw::cp {
namespace {

constexpr std::size_t kDefaultBatch = 256;
constexpr std::size_t kMaxBatch = 1000;

// Takes a snapshot in the app's thread, then sends it batch by batch at the caller's speed.
class ListReactor final : public grpc::ServerWriteReactor<pb::ListSessionsResponse> {
 public:
  explicit ListReactor(std::size_t batch) : batch_(batch) {}

  // In the app's thread, once.
  void Take(Result<std::vector<SessionView>> sessions) {
    if (!sessions) {
      Finish(Failure(sessions.error(), pb::REASON_BAD_SELECTOR));
      return;
    }
    sessions_ = std::move(*sessions);
    Next();
  }
  void OnWriteDone(bool ok) override {
    if (ok) {
      Next();
    } else {
      Finish(grpc::Status::CANCELLED);
    }
  }
  void OnDone() override { delete this; }

 private:
  void Next() {
    if (next_ == sessions_.size()) {
      Finish(grpc::Status::OK);
      return;
    }
    response_.Clear();
    const std::size_t end = std::min(sessions_.size(), next_ + batch_);
    for (; next_ < end; ++next_) *response_.add_sessions() = ToMessage(sessions_[next_]);
    StartWrite(&response_);
  }

  std::size_t batch_;
  std::vector<SessionView> sessions_;
  std::size_t next_ = 0;
  pb::ListSessionsResponse response_;
};

class WatchReactor final : public grpc::ServerWriteReactor<pb::SessionChange>,
                           public SessionWatcher,
                           public std::enable_shared_from_this<WatchReactor> {
 public:
  WatchReactor(grpc::CallbackServerContext* context, SessionFilter filter)
      : context_(context), filter_(std::move(filter)) {}

  void KeepUntilDone() { self_ = shared_from_this(); }
  [[nodiscard]] const SessionFilter& filter() const { return filter_; }

  void Present(const std::vector<SessionView>& sessions) override {
    const std::lock_guard lock(mutex_);
    for (const SessionView& view : sessions) {
      pb::SessionChange change;
      change.set_kind(pb::SESSION_CHANGE_KIND_PRESENT);
      *change.mutable_session() = ToMessage(view);
      queue_.push_back(std::move(change));
    }
    pb::SessionChange synced;
    synced.set_kind(pb::SESSION_CHANGE_KIND_SYNCED);
    queue_.push_back(std::move(synced));
    room_ = queue_.size() + kMaxWaitingChanges;
    WriteNextLocked();
  }
  void Changed(const SessionUpdate& update, const SessionView& view) override {
    if (!filter_.Matches(view.entry)) return;
    const std::lock_guard lock(mutex_);
    if (finished_ || ending_) return;
    if (queue_.size() >= room_) {
      FinishLocked(Failure(Error{ErrorCode::kResourceExhausted, "changes are not read in time"},
                           pb::REASON_TOO_SLOW));
      context_->TryCancel();
      return;
    }
    queue_.push_back(ToMessage(update, view));
    WriteNextLocked();
  }
  void Fail(const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    FinishLocked(status);
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (!queue_.empty()) queue_.pop_front();
    if (ending_ || !ok) {
      const grpc::Status status = ending_.value_or(grpc::Status::CANCELLED);
      ending_.reset();
      FinishLocked(status);
      return;
    }
    WriteNextLocked();
  }
  void OnCancel() override {
    const std::lock_guard lock(mutex_);
    FinishLocked(grpc::Status::CANCELLED);
  }
  // The app holds only a weak reference, so it stops telling us.
  void OnDone() override { self_.reset(); }

 private:
  void WriteNextLocked() {
    if (writing_ || finished_ || ending_ || queue_.empty()) return;
    writing_ = true;
    StartWrite(&queue_.front());
  }
  void FinishLocked(const grpc::Status& status) {
    if (finished_ || ending_) return;
    if (writing_) {
      ending_ = status;
      return;
    }
    finished_ = true;
    Finish(status);
  }

  grpc::CallbackServerContext* context_;
  const SessionFilter filter_;
  std::shared_ptr<WatchReactor> self_;
  std::mutex mutex_;
  std::deque<pb::SessionChange> queue_;
  std::size_t room_ = kMaxWaitingChanges;
  bool writing_ = false;
  bool finished_ = false;
  std::optional<grpc::Status> ending_;
};

}  // namespace

grpc::ServerWriteReactor<pb::ListSessionsResponse>* StartListSessions(
    OperatorBackend& backend, const pb::ListSessionsRequest& request) {
  const std::size_t batch = request.batch_size() == 0
                                ? kDefaultBatch
                                : std::min<std::size_t>(request.batch_size(), kMaxBatch);
  auto* reactor = new ListReactor(batch);
  auto filter = ToFilter(request.filter());
  backend.Run([reactor, filter = std::move(filter)](OperatorApi& api) {
    if (filter) {
      reactor->Take(api.Sessions(*filter));
    } else {
      reactor->Take(sstpgw::Fail(filter.error()));
    }
  });
  return reactor;
}

grpc::ServerWriteReactor<pb::SessionChange>* StartWatchSessions(
    OperatorBackend& backend, grpc::CallbackServerContext* context,
    const pb::WatchSessionsRequest& request) {
  auto filter = ToFilter(request.filter());
  auto reactor =
      std::make_shared<WatchReactor>(context, filter ? std::move(*filter) : SessionFilter());
  reactor->KeepUntilDone();
  WatchReactor* raw = reactor.get();
  if (!filter) {
    raw->Fail(Failure(filter.error(), pb::REASON_BAD_SELECTOR));
    return raw;
  }
  backend.Run([reactor](OperatorApi& api) {
    reactor->Present(api.Sessions(reactor->filter()));
    api.Watch(reactor);
  });
  return raw;
}

}  // namespace sstpgw::cp
