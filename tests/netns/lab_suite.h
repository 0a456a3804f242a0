// A GoogleTest suite around one Lab: the daemons start once per suite, and when a case fails, what
// they wrote is printed. Skipped without root, with the reason; nothing else skips.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "tests/support/dialer.h"
#include "tests/support/lab.h"
#include "tests/support/wait_until.h"

namespace sstpgw::test {

// `Suite` has a static function `LabConfig Config()`.
template <class Suite>
class LabSuite : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!CanUseNamespaces()) return;
    lab_ = std::make_unique<Lab>(Suite::Config());
    started_ = lab_->Start();
  }
  static void TearDownTestSuite() { lab_.reset(); }

  void SetUp() override {
    if (!CanUseNamespaces()) GTEST_SKIP() << SkipReason();
    ASSERT_TRUE(started_);
    gateway_line_ = lab().gateway().LineCount();
  }
  void TearDown() override {
    if (!CanUseNamespaces() || !started_) return;
    EXPECT_TRUE(lab().gateway().running()) << "the gateway died";
    EXPECT_TRUE(lab().control_plane().running()) << "the control plane died";
    ExpectEmptyHouse();
    if (HasFailure()) {
      std::printf("---- gateway's log of this case\n%s",
                  lab().gateway().Output(gateway_line_).c_str());
      std::printf("---- end of the control plane's log\n");
      const std::size_t lines = lab().control_plane().LineCount();
      std::printf("%s", lab().control_plane().Output(lines > 60 ? lines - 60 : 0).c_str());
    }
  }

  static Lab& lab() { return *lab_; }
  // A client of user test/test in the client namespace.
  static Dialer Dial(client::ClientOptions options = TestUser()) {
    return Dialer(lab().client(), lab().address(), std::move(options));
  }
  // Hangs up and waits until the table says so.
  static void HangUp(Dialer& dialer, std::size_t left = 0) {
    dialer.session().Disconnect(client::Now());
    EXPECT_TRUE(dialer.DriveUntilFinished());
    EXPECT_TRUE(lab().WaitSessions(left));
  }

  static bool WaitActive(const std::string& user = "test") { return lab().WaitActive(user); }

  static inline std::unique_ptr<Lab> lab_;
  static inline bool started_ = false;
  static inline std::size_t residents_ = 0;  // sessions that live as long as the suite
  std::size_t gateway_line_ = 0;             // where this case's log begins

 private:
  // What a case left behind has ended, and its interfaces are gone, before the next case begins.
  static void ExpectEmptyHouse() {
    EXPECT_TRUE(lab().WaitSessions(residents_)) << "sessions stay";
    // But for those that are kept for new sessions.
    const auto interfaces = [] {
      return lab().server().Shell("ip -o link show type tun | grep -v 'group 21333'");
    };
    const auto count = [&interfaces] {
      const std::string lines = interfaces();
      return static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n'));
    };
    EXPECT_TRUE(WaitUntil([&] { return count() == residents_; }, kPatience)) << interfaces();
  }
};

}  // namespace sstpgw::test
