#include "tests/client/target.h"

#include <gtest/gtest.h>

namespace sstpgw::client {
namespace {

TEST(Target, ServerFormsAreUnderstood) {
  Target plain;
  ASSERT_TRUE(SetServer(plain, "192.0.2.1"));
  EXPECT_EQ(plain.address, "192.0.2.1");
  EXPECT_EQ(plain.port, 443);
  EXPECT_EQ(plain.tls.verify_name, "192.0.2.1");
  Target port;
  ASSERT_TRUE(SetServer(port, "192.0.2.1:8443"));
  EXPECT_EQ(port.port, 8443);
  Target six;
  ASSERT_TRUE(SetServer(six, "[::1]:8443"));
  EXPECT_EQ(six.address, "::1");
  EXPECT_EQ(six.port, 8443);
}

TEST(Target, BadPortsAreRefused) {
  Target target;
  EXPECT_FALSE(SetServer(target, "192.0.2.1:0"));
  EXPECT_FALSE(SetServer(target, "192.0.2.1:65536"));
  EXPECT_FALSE(SetServer(target, "192.0.2.1:4x"));
}

TEST(Target, AuthListKeepsItsOrder) {
  const auto list = ParseAuthList("chap,mschap-v2");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->protocols,
            (std::vector<AuthProtocol>{AuthProtocol::kChapMd5, AuthProtocol::kMsChapV2}));
  EXPECT_FALSE(ParseAuthList("eap"));
  EXPECT_FALSE(ParseAuthList(""));
}

TEST(Target, AuthListHasOneEapMethod) {
  const auto md5 = ParseAuthList("eap-md5,pap");
  ASSERT_TRUE(md5);
  EXPECT_EQ(md5->protocols, (std::vector<AuthProtocol>{AuthProtocol::kEap, AuthProtocol::kPap}));
  EXPECT_EQ(md5->eap, EapMethod::kMd5);
  const auto ms_chap = ParseAuthList("eap-mschapv2");
  ASSERT_TRUE(ms_chap);
  EXPECT_EQ(ms_chap->eap, EapMethod::kMsChapV2);
  EXPECT_FALSE(ParseAuthList("eap-md5,eap-mschapv2"));
}

TEST(Target, InterfaceIdentifiers) {
  EXPECT_EQ(ParseInterfaceId("0:0:0:2").value(), (InterfaceId{0, 0, 0, 0, 0, 0, 0, 2}));
  EXPECT_EQ(ParseInterfaceId("fe12:345:a:ffff").value(),
            (InterfaceId{0xfe, 0x12, 0x03, 0x45, 0, 0x0a, 0xff, 0xff}));
  for (const char* text :
       {"", "1:2:3", "1:2:3:4:5", "1:2:3:12345", "1:2:3:g", "1::3:4", "1:2:3:4 "}) {
    EXPECT_FALSE(ParseInterfaceId(text)) << text;
  }
}

}  // namespace
}  // namespace sstpgw::client
