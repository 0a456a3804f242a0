#include "gateway/codec/byte_reader.h"
#include "gateway/codec/byte_writer.h"
#include "tests/support/hex.h"

namespace sstpgw::codec {
namespace {

TEST(ByteReader, ReadsBigEndian) {
  const Bytes bytes = test::FromHex("01 0203 04050607 0809 0a0b0c");
  ByteReader reader(bytes);
  EXPECT_EQ(reader.U8(), 0x01);
  EXPECT_EQ(reader.U16(), 0x0203);
  EXPECT_EQ(reader.U32(), 0x04050607U);
  EXPECT_EQ(reader.Array<2>(), (std::array<std::uint8_t, 2>{8, 9}));
  EXPECT_EQ(reader.position(), 9U);
  EXPECT_EQ(reader.Rest().size(), 3U);
  EXPECT_EQ(reader.remaining(), 0U);
  EXPECT_TRUE(reader.ok());
}

TEST(ByteReader, FailureIsSticky) {
  const Bytes bytes = test::FromHex("010203");
  ByteReader reader(bytes);
  EXPECT_EQ(reader.U32(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.U8(), 0);  // although it is there
  EXPECT_TRUE(reader.Rest().empty());
  EXPECT_EQ(reader.Array<2>(), (std::array<std::uint8_t, 2>{}));
}

TEST(ByteReader, EmptyRestIsNoFailure) {
  ByteReader reader({});
  EXPECT_TRUE(reader.Rest().empty());
  EXPECT_TRUE(reader.Take(0).empty());
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.U8(), 0);
  EXPECT_FALSE(reader.ok());
}

TEST(ByteWriter, WritesBigEndianBehindWhatIsThere) {
  Bytes out{0xff};
  ByteWriter writer(out);
  writer.U8(1);
  writer.U16(0x0203);
  writer.U32(0x04050607);
  writer.Zeros(2);
  writer.Text("ab");
  writer.Raw(test::FromHex("0809"));
  writer.PatchU16(1, 0xbeef);
  EXPECT_EQ(out, test::FromHex("ff 01 beef 04050607 0000 6162 0809"));
  EXPECT_TRUE(writer.ok());
  EXPECT_EQ(writer.written(), 13U);
}

TEST(ByteWriter, LimitIsSticky) {
  Bytes out;
  ByteWriter writer(out, 3);
  writer.U16(1);
  writer.U16(2);  // would pass the limit
  EXPECT_FALSE(writer.ok());
  writer.U8(3);  // would fit, but something is missing before it
  EXPECT_EQ(out, test::FromHex("0001"));
}

TEST(ByteWriter, PatchOutsideIsFailure) {
  Bytes out{1, 2, 3};
  ByteWriter writer(out);
  writer.U8(4);
  writer.PatchU16(0, 0xffff);
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(out, (Bytes{1, 2, 3, 4}));
}

TEST(ParseError, OffsetSaturates) {
  EXPECT_EQ(FailAt(ParseErrc::kTruncated, 70000).value().offset, 65535);
  EXPECT_EQ(FailAt(ParseErrc::kTruncated, 7).value().offset, 7);
  EXPECT_LE(sizeof(ParseError), sizeof(void*));
}

}  // namespace
}  // namespace sstpgw::codec
