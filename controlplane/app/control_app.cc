#include "controlplane/app/control_app.h"

#include <future>
#include <memory>
#include <utility>

namespace sstpgw::cp {
namespace {

// Of a text that somebody sent.
std::string NameOf(const std::string& file_name) {
  return file_name.empty() ? "configuration" : file_name;
}

}  // namespace

ControlApp::ControlApp(AppOptions options, LoadedFile file)
    : state_(std::move(options), std::move(file), poller_,
             [this](std::function<void()> task) { loop_.Post(std::move(task)); }),
      desk_(state_),
      loop_({[this] { return state_.NextDeadline(); }, [this] { state_.Tick(); }}, poller_) {}

Result<void> ControlApp::Start() {
  std::promise<Result<void>> started;
  loop_.Post([&] { started.set_value(state_.Start()); });
  return started.get_future().get();
}

void ControlApp::Stop() {
  if (std::exchange(stopped_, true)) return;
  // Shared: servers that do not answer are not waited for any longer.
  const auto concluded = std::make_shared<std::promise<void>>();
  auto over = concluded->get_future();
  loop_.Post([this, concluded] { state_.Conclude([concluded] { concluded->set_value(); }); });
  over.wait_for(kConcludePatience);
  loop_.Stop();
  state_.Stop();
}

// Tasks are std::function, which must be copyable; what can only be moved travels in a shared box.
AskId ControlApp::Authorize(AuthorizeCall call, AuthorizeDone done) {
  const AskId ask(next_ask_.fetch_add(1));
  auto box = std::make_shared<AuthorizeCall>(std::move(call));
  loop_.Post([this, ask, box = std::move(box), done = std::move(done)]() mutable {
    state_.Ask(ask, std::move(*box), std::move(done));
  });
  return ask;
}

void ControlApp::CancelAuthorize(AskId ask) {
  loop_.Post([this, ask] { state_.CancelAsk(ask); });
}

void ControlApp::Opened(std::shared_ptr<LinkStream> stream, Hello hello) {
  auto box = std::make_shared<Hello>(std::move(hello));
  loop_.Post([this, stream = std::move(stream), box = std::move(box)] {
    state_.Open(stream, std::move(*box));
  });
}

void ControlApp::Received(std::shared_ptr<LinkStream> stream, FromGatewayMessage message) {
  auto box = std::make_shared<FromGatewayMessage>(std::move(message));
  loop_.Post([this, stream = std::move(stream), box = std::move(box)] {
    state_.Receive(stream, std::move(*box));
  });
}

void ControlApp::Closed(std::shared_ptr<LinkStream> stream) {
  loop_.Post([this, stream = std::move(stream)] { state_.Close(stream); });
}

void ControlApp::Run(std::function<void(OperatorApi&)> what) {
  loop_.Post([this, what = std::move(what)] { what(desk_); });
}

ControlApp::Validation ControlApp::Validate(const std::string& yaml, const std::string& file_name) {
  LoadResult result = LoadConfigText(yaml, NameOf(file_name)).result;
  return {std::move(result.errors), std::move(result.warnings)};
}

void ControlApp::Compare(const std::optional<std::string>& yaml, const std::string& file_name,
                         Compared done) {
  const std::string name = yaml ? NameOf(file_name) : state_.options().config_file;
  Result<LoadedFile> file = yaml ? LoadConfigText(*yaml, name) : LoadConfigFile(name);
  if (!file) {
    done(Fail(file.error()));
    return;
  }
  const auto other = std::make_shared<LoadedFile>(std::move(*file));
  loop_.Post([this, name, other, done = std::move(done)] {
    const LoadResult& result = other->result;
    Comparison comparison{name, {result.errors, result.warnings}, {}};
    if (result.config) {
      comparison.differences = DiffConfigs({state_.masked_yaml(), state_.config()},
                                           {other->masked_yaml, *result.config});
    }
    done(comparison);
  });
}

}  // namespace sstpgw::cp
