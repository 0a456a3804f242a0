#include "gateway/datapath/left_over.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sstpgw::datapath {
namespace {

TEST(LeftOver, IsUsedUpInPiecesAndWipedAsItGoes) {
  LeftOver left_over;
  EXPECT_TRUE(left_over.empty());
  EXPECT_TRUE(left_over.view().empty());
  Bytes octets(1000);
  for (std::size_t i = 0; i < octets.size(); ++i)
    octets[i] = static_cast<std::uint8_t>(1 + i % 200);
  left_over.Keep(octets);
  const ByteView all = left_over.view();
  std::size_t used = 0;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{0}, std::size_t{600}}) {
    left_over.Use(piece);
    used += piece;
    EXPECT_FALSE(left_over.empty());
    EXPECT_EQ(left_over.view().data(), all.data() + used) << "nothing is moved";
    EXPECT_TRUE(std::ranges::equal(left_over.view(), ByteView(octets).subspan(used)));
    EXPECT_TRUE(
        std::ranges::all_of(all.first(used), [](std::uint8_t octet) { return octet == 0; }));
  }
  left_over.Use(left_over.view().size());
  EXPECT_TRUE(left_over.empty());
  left_over.Keep(ByteView(octets).first(5));
  EXPECT_TRUE(std::ranges::equal(left_over.view(), ByteView(octets).first(5)));
}

}  // namespace
}  // namespace sstpgw::datapath
