#include "gateway/datapath/vnet_header.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>

namespace sstpgw::datapath {
namespace {

using Octets = std::array<std::uint8_t, kVnetHeaderSize>;

TEST(VnetHeader, RoundTripOfEveryField) {
  const VnetHeader header{1, 5, 0x0203, 0x0405, 0x0607, 0x0809};
  Octets bytes{};
  SerializeVnetHeader(header, bytes);
  EXPECT_EQ(ParseVnetHeader(bytes), header);
  EXPECT_EQ(ParseVnetHeader(Octets{}), VnetHeader{});
}

TEST(VnetHeader, FieldsLieWhereTheKernelHasThem) {
  if constexpr (std::endian::native == std::endian::little) {
    Octets bytes{};
    SerializeVnetHeader({1, 5, 0x0203, 0x0405, 0x0607, 0x0809}, bytes);
    EXPECT_EQ(bytes, (Octets{1, 5, 3, 2, 5, 4, 7, 6, 9, 8}));
  }
}

}  // namespace
}  // namespace sstpgw::datapath
