// Rate limits: show shaper, shaper change, shaper restore.
#include <ostream>

#include "controlplane/cli/actions.h"
#include "controlplane/cli/commands.h"
#include "controlplane/cli/render_shaper.h"
#include "proto/base/text.h"

namespace sstpgw::cli {
namespace {

using Stub = OperatorClient::Stub;

// Those that were listed, one per line, and how many were not.
void PrintFailures(const char* what, const ShaperFailures& failures, std::uint32_t count,
                   const Flags& flags) {
  for (const pb::ChangeShaperResponse::Failure& failure : failures) {
    *flags.err << Escape(failure.interface_name()) << ": " << what << ": "
               << Escape(failure.reason()) << "\n";
  }
  const auto listed = static_cast<std::uint32_t>(failures.size());
  if (count > listed) *flags.err << "and " << count - listed << " more\n";
}

int Order(OperatorClient& client, const Flags& flags, pb::ChangeShaperRequest request,
          const char* done) {
  if (!CheckName("interface", flags.shaped, flags)) return kExitFailed;
  if (flags.shaped == "all") {
    request.set_all(true);
  } else {
    request.set_interface_name(flags.shaped);
  }
  const auto answer = client.Call(&Stub::ChangeShaper, request);
  if (!answer) return Complain(answer.error(), flags);
  if (flags.json) {
    *flags.out << RenderShaperChangeJson(*answer);
  } else {
    PrintFailures("refused", answer->refused(), answer->refused_count(), flags);
    PrintFailures("not confirmed, takes effect when its gateway can", answer->unanswered(),
                  answer->unanswered_count(), flags);
    *flags.out << Counted(answer->changed(), "session") << " " << done << "\n";
  }
  const bool all_well = answer->refused_count() + answer->unanswered_count() == 0;
  return all_well ? kExitDone : kExitFailed;
}

}  // namespace

int ShowShaper(OperatorClient& client, const Flags& flags) {
  const auto sessions = client.ListSessions();
  if (!sessions) return Complain(sessions.error(), flags);
  *flags.out << (flags.json ? RenderShaperJson(*sessions) : RenderShaper(*sessions));
  return kExitDone;
}

int ShaperChange(OperatorClient& client, const Flags& flags) {
  // Whatever is not UTF-8 is no rate either, and cannot be sent.
  if (!CheckName("rate", flags.rate, flags)) return kExitFailed;
  pb::ChangeShaperRequest request;
  if (flags.temporary.empty()) {
    request.set_rate(flags.rate);
  } else {
    request.set_temporary_rate(flags.rate);
  }
  return Order(client, flags, std::move(request), "changed");
}

int ShaperRestore(OperatorClient& client, const Flags& flags) {
  pb::ChangeShaperRequest request;
  request.set_restore(true);
  return Order(client, flags, std::move(request), "restored");
}

}  // namespace sstpgw::cli
