// The accounting desk and a disk that is not as it should be.
#include <sys/stat.h>

#include "tests/unit/app/accounting_desk_bench.h"

namespace sstpgw::cp {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(AccountingDeskTest, AFolderThatCannotBeMadeIsToldWithPathReasonAndRemedy) {
  const std::string file = folder.Write("file", "x");
  const auto refusal = [&](const std::string& where) {
    life = std::make_unique<DeskLife>(events);
    const Result<void> started = life->Start(where);
    return started ? std::string() : started.error().message;
  };
  EXPECT_THAT(refusal(file), AllOf(HasSubstr("accounting needs its store"), HasSubstr(file),
                                   HasSubstr("Not a directory"), HasSubstr("--state-directory")));
  EXPECT_THAT(refusal("/proc/no/such"),
              AllOf(HasSubstr("/proc/no"), HasSubstr("--state-directory")));
  EXPECT_THAT(refusal("relative"), HasSubstr("must be absolute"));
  ASSERT_EQ(::mkdir(directory.c_str(), 0700), 0);
  ASSERT_EQ(::mkdir((directory + "/control.db").c_str(), 0700), 0);
  EXPECT_THAT(refusal(directory), AllOf(HasSubstr(directory + "/control.db"),
                                        HasSubstr("is not a file"), HasSubstr("move it away")));
  // Local users need no store, so the same folder does not keep the daemon from starting.
  EXPECT_TRUE(life->Start(directory, AuthMode::kLocal));
}

TEST_F(AccountingDeskTest, ASecondControlPlaneOnTheSameFolderIsRefused) {
  Live();
  DeskLife other(events);
  const Result<void> started = other.Start(directory);
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, AllOf(HasSubstr("another process has it open"),
                                             HasSubstr("--state-directory of its own")));
}

TEST_F(AccountingDeskTest, ADamagedStoreIsPutAsideAndSessionsAreTakenOver) {
  ASSERT_EQ(::mkdir(directory.c_str(), 0700), 0);
  folder.Write("state/control.db", std::string(8192, 'x'));
  acct_on = true;
  Live();
  Attach({Record("1", SessionState::kActive, {5, 5, 1, 1})});
  EXPECT_EQ(Look().sessions, 1U);
  Down("1", {50, 60, 7, 8});
  EXPECT_THAT(Summaries(server.answered.Wait(1)), ElementsAre("Stop 1")) << "no On, no Start";
  EXPECT_TRUE(UntilDelivered());
}

}  // namespace
}  // namespace sstpgw::cp
