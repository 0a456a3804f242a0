#include "gateway/edge/tcp_path.h"

#include <gtest/gtest.h>
#include <linux/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "gateway/edge/unique_fd.h"
#include "proto/base/types.h"
#include "tests/support/wait_until.h"
#include "tests/unit/edge/fake_kernel.h"
#include "tests/unit/edge/tcp_pair.h"

namespace sstpgw::edge {
namespace {

TEST(TcpPath, TellsWhatWasDeliveredOnARealConnection) {
  const auto [sender, receiver] = ConnectTcpPair();
  EXPECT_EQ(DeliveryRate(LinuxKernel(), sender.get()), 0U) << "nothing was sent yet";
  const Bytes octets(64 * 1024, 1);
  Bytes taken(octets.size());
  ASSERT_EQ(::send(sender.get(), octets.data(), octets.size(), 0),
            static_cast<ssize_t>(octets.size()));
  ASSERT_EQ(::recv(receiver.get(), taken.data(), taken.size(), MSG_WAITALL),
            static_cast<ssize_t>(taken.size()));
  // Known with the acknowledgement, which may come a moment later than the octets.
  EXPECT_TRUE(test::WaitUntil([&] { return DeliveryRate(LinuxKernel(), sender.get()) > 0; },
                              test::kPatience));
}

// Nothing arrives meanwhile.
std::uint64_t Taken(const UniqueFd& socket) {
  const auto taken = OctetsTaken(LinuxKernel(), socket.get());
  EXPECT_TRUE(taken.has_value() && taken->at_least == taken->at_most);
  return taken ? taken->at_least : ~std::uint64_t{0};
}

TEST(TcpPath, TellsWhatTheReaderHasTaken) {
  const auto [sender, receiver] = ConnectTcpPair();
  EXPECT_FALSE(OctetsTaken(LinuxKernel(), receiver.get()).has_value()) << "nothing came yet";
  const Bytes octets(10'000, 1);
  Bytes taken(octets.size());
  ASSERT_EQ(::send(sender.get(), octets.data(), octets.size(), 0), 10'000);
  ASSERT_EQ(::recv(receiver.get(), taken.data(), 1000, MSG_WAITALL), 1000);
  EXPECT_EQ(Taken(receiver), 1000U);
  ASSERT_EQ(::recv(receiver.get(), taken.data(), 9000, MSG_WAITALL), 9000);
  EXPECT_EQ(Taken(receiver), 10'000U);
}

TEST(TcpPath, IsUnknownWhereThereIsNoTcp) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  const UniqueFd one(pair[0]);
  const UniqueFd other(pair[1]);
  EXPECT_EQ(DeliveryRate(LinuxKernel(), one.get()), 0U);
  EXPECT_FALSE(OctetsTaken(LinuxKernel(), one.get()).has_value());
}

// Of kernels: before 4.9 tcp_info ended before the rate, later ones have more behind it.
TEST(TcpPath, IsUnknownWhereTheKernelDoesNotTell) {
  constexpr std::size_t kBegin = offsetof(tcp_info, tcpi_delivery_rate);
  constexpr std::uint64_t kRate = 0x0123456789;
  FakeKernel kernel;
  kernel.option = Bytes(kBegin + sizeof(kRate));
  std::memcpy(&kernel.option[kBegin], &kRate, sizeof(kRate));
  EXPECT_EQ(DeliveryRate(kernel, 0), kRate);
  kernel.option.pop_back();
  EXPECT_EQ(DeliveryRate(kernel, 0), 0U);
  kernel.option.push_back(0);
  kernel.FailCall(kernel.calls().size() + 1, EOPNOTSUPP);
  EXPECT_EQ(DeliveryRate(kernel, 0), 0U);
}

}  // namespace
}  // namespace sstpgw::edge
