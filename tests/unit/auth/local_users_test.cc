#include "controlplane/auth/local_users.h"

#include "controlplane/auth/chap.h"
#include "controlplane/auth/ms_chap.h"
#include "proto/base/text.h"

namespace sstpgw::cp {
namespace {

LocalUsers Users() {
  LocalUsers::UserMap users;
  users["test"].password = Secret("test");
  users["User"].password = Secret("clientPass");
  users["CORP\\User"].password = Secret("clientPass");
  users["gone"].password = Secret("gone");
  users["gone"].disabled = true;
  users["fixed"].password = Secret("fixed");
  users["fixed"].static_ip = Ipv4Address::Parse("10.0.0.77");
  users["a \"b\" \xff"].password = Secret("p");
  return LocalUsers(users);
}

PapEvidence Pap(const std::string& user, const std::string& password) {
  return {user, Secret(password)};
}

const AuthGranted* Granted(const AuthOutcome& outcome) {
  return std::get_if<AuthGranted>(&outcome);
}

void ExpectRefused(const AuthOutcome& outcome) {
  const auto* reject = std::get_if<AuthorizeReject>(&outcome);
  ASSERT_NE(reject, nullptr);
  EXPECT_EQ(reject->mschap_error, 691U);
  EXPECT_EQ(reject->message, "") << "the gateway has the words of each protocol";
  EXPECT_EQ(reject->log_reason, "unknown user or wrong password");
}

template <std::size_t N>
std::array<std::uint8_t, N> Unhex(const std::string& hex) {
  std::array<std::uint8_t, N> out{};
  for (std::size_t i = 0; i < N; ++i) {
    out[i] = static_cast<std::uint8_t>(std::stoul(hex.substr(2 * i, 2), nullptr, 16));
  }
  return out;
}

MsChapV2Evidence Rfc2759(const std::string& user) {
  return {user,
          1,
          Unhex<16>("5B5D7C7D7B3F2F3E3C2C602132262628"),
          Unhex<16>("21402324255E262A28295F2B3A337C7E"),
          Unhex<24>("82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df"),
          0};
}

TEST(LocalUsers, PapAcceptsOnlyTheRightPassword) {
  const LocalUsers users = Users();
  const AuthOutcome right = users.Verify(Pap("test", "test"));
  ASSERT_NE(Granted(right), nullptr);
  EXPECT_EQ(Granted(right)->success_message, "Authentication succeeded");
  EXPECT_EQ(Bytes(Granted(right)->hlak.Reveal().begin(), Granted(right)->hlak.Reveal().end()),
            Bytes(32, 0));
  EXPECT_FALSE(Granted(right)->static_ip.has_value());
  ExpectRefused(users.Verify(Pap("test", "Test")));
  ExpectRefused(users.Verify(Pap("test", "")));
  ExpectRefused(users.Verify(Pap("test", "testtest")));
}

TEST(LocalUsers, UnknownAndDisabledUsersAreRefusedLikeAWrongPassword) {
  const LocalUsers users = Users();
  ExpectRefused(users.Verify(Pap("nobody", "test")));
  ExpectRefused(users.Verify(Pap("", "")));
  ExpectRefused(users.Verify(Pap("gone", "gone")));
  ExpectRefused(users.Verify(Pap("nobody", "no such account")));  // the stand-in's own password
}

TEST(LocalUsers, NamesAreOctetsAndCaseMatters) {
  const LocalUsers users = Users();
  EXPECT_NE(Granted(users.Verify(Pap("a \"b\" \xff", "p"))), nullptr);
  ExpectRefused(users.Verify(Pap("Test", "test")));
  ExpectRefused(users.Verify(Pap(std::string("test\0", 5), "test")));
}

TEST(LocalUsers, StaticAddressComesWithTheVerdict) {
  const LocalUsers users = Users();
  const AuthOutcome outcome = users.Verify(Pap("fixed", "fixed"));
  ASSERT_NE(Granted(outcome), nullptr);
  EXPECT_EQ(Granted(outcome)->static_ip, Ipv4Address::Parse("10.0.0.77"));
}

TEST(LocalUsers, ChapMd5) {
  const LocalUsers users = Users();
  ChapMd5Evidence evidence{"test", 1, Unhex<16>("000102030405060708090a0b0c0d0e0f"),
                           Unhex<16>("636a39117089481b7b2b6da2b33d9a1a")};
  EXPECT_NE(Granted(users.Verify(evidence)), nullptr);
  evidence.identifier = 2;
  ExpectRefused(users.Verify(evidence));
  evidence.identifier = 1;
  evidence.user = "nobody";
  ExpectRefused(users.Verify(evidence));
  // The stand-in's password opens nothing here either.
  const Bytes stand_in{'n', 'o', ' ', 's', 'u', 'c', 'h', ' ', 'a', 'c', 'c', 'o', 'u', 'n', 't'};
  const Bytes response = ChapMd5Response(1, stand_in, evidence.challenge);
  ASSERT_EQ(response.size(), evidence.response.size());
  std::copy(response.begin(), response.end(), evidence.response.begin());
  ExpectRefused(users.Verify(evidence));
}

TEST(LocalUsers, MsChapV1NeedsTheNtResponseFlag) {
  LocalUsers::UserMap map;
  map["u"].password = Secret("MyPw");
  const LocalUsers users(map);
  MsChapV1Evidence evidence{"u",
                            1,
                            Unhex<8>("102DB5DF085D3041"),
                            {},
                            Unhex<24>("4e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d61"),
                            1};
  const AuthOutcome outcome = users.Verify(evidence);
  ASSERT_NE(Granted(outcome), nullptr);
  const ByteView hlak = Granted(outcome)->hlak.Reveal();
  ASSERT_EQ(hlak.size(), 32U);  // the start key twice
  EXPECT_TRUE(std::equal(hlak.begin(), hlak.begin() + 16, hlak.begin() + 16));
  evidence.flags = 0;
  ExpectRefused(users.Verify(evidence));
  evidence.flags = 1;
  evidence.nt_response[23] ^= 1;
  ExpectRefused(users.Verify(evidence));
}

TEST(LocalUsers, MsChapV2WithTheVectorOfRfc2759) {
  const LocalUsers users = Users();
  const AuthOutcome outcome = users.Verify(Rfc2759("User"));
  ASSERT_NE(Granted(outcome), nullptr);
  EXPECT_EQ(Granted(outcome)->success_message,
            "S=407A5589115FD0D6209F510FE9C04566932CDA56 M=Authentication succeeded");
  EXPECT_EQ(ToHex(Granted(outcome)->hlak.Reveal()),
            "d5f0e9521e3ea9589645e86051c822268b7cdc149b993a1ba118cb153f56dccb");
  MsChapV2Evidence wrong = Rfc2759("User");
  wrong.nt_response[0] ^= 1;
  ExpectRefused(users.Verify(wrong));
  ExpectRefused(users.Verify(Rfc2759("Nobody")));
}

TEST(LocalUsers, MsChapV2DropsTheDomainInItsArithmeticOnly) {
  const LocalUsers users = Users();
  EXPECT_NE(Granted(users.Verify(Rfc2759("CORP\\User"))), nullptr);
  ExpectRefused(users.Verify(Rfc2759("OTHER\\User")));  // no such name
}

TEST(LocalUsers, AuthenticateAnswersAtOnce) {
  LocalUsers users = Users();
  AuthorizeQuestion question;
  question.evidence = Pap("test", "test");
  int answers = 0;
  users.Authenticate(question, [&](AuthOutcome outcome) {
    ++answers;
    EXPECT_NE(Granted(outcome), nullptr);
  });
  EXPECT_EQ(answers, 1);
}

TEST(LocalUsers, EapIsRefusedWithItsReason) {
  const LocalUsers users = Users();
  const AuthOutcome outcome = users.Verify(
      EapEvidence{"test", Secret(ByteView(Bytes{2, 1, 0, 9, 1, 't', 'e', 's', 't'})), {}});
  const auto* reject = std::get_if<AuthorizeReject>(&outcome);
  ASSERT_NE(reject, nullptr);
  EXPECT_EQ(reject->log_reason, "local users cannot log in with EAP");
}

std::string Hex(const Secret& secret) { return ToHex(secret.Reveal()); }

// RFC 3079 3.5.3, from the server's side; features 3.4.5.
TEST(LocalUsers, MsChapV2MakesKeysForMppe) {
  const AuthOutcome outcome = Users().Verify(Rfc2759("User"));
  ASSERT_NE(Granted(outcome), nullptr);
  EXPECT_EQ(Hex(Granted(outcome)->mppe.send), "8b7cdc149b993a1ba118cb153f56dccb");
  EXPECT_EQ(Hex(Granted(outcome)->mppe.receive), "d5f0e9521e3ea9589645e86051c82226");
  EXPECT_TRUE(Granted(outcome)->mppe.lan_manager.empty());
}

AuthOutcome LoginByMsChapV1(const std::string& password) {
  LocalUsers::UserMap map;
  map["u"].password = Secret(password);
  const auto challenge = Unhex<8>("102db5df085d3041");
  MsChapV1Evidence evidence;
  evidence.user = "u";
  evidence.challenge = challenge;
  evidence.nt_response = MsChapV1NtResponse(challenge, NtPasswordHash(password));
  evidence.flags = 1;
  return LocalUsers(map).Verify(evidence);
}

TEST(LocalUsers, MsChapV1MakesOneKeyForBothWays) {
  const AuthOutcome outcome = LoginByMsChapV1("password");
  ASSERT_NE(Granted(outcome), nullptr);
  const MppeKeys& keys = Granted(outcome)->mppe;
  EXPECT_EQ(Hex(keys.send),
            ToHex(MsChapV1StartKey(NtPasswordHash("password"), Unhex<8>("102db5df085d3041"))));
  EXPECT_EQ(Hex(keys.receive), Hex(keys.send));
  EXPECT_EQ(Hex(keys.lan_manager), "e52cac67419a9a22");
  const AuthOutcome longer = LoginByMsChapV1("a password of more than 14");
  ASSERT_NE(Granted(longer), nullptr);
  EXPECT_EQ(Granted(longer)->mppe.send.size(), 16U);
  EXPECT_TRUE(Granted(longer)->mppe.lan_manager.empty());
}

TEST(LocalUsers, MethodsWithoutKeysGiveNone) {
  const AuthOutcome outcome = Users().Verify(Pap("test", "test"));
  ASSERT_NE(Granted(outcome), nullptr);
  EXPECT_TRUE(Granted(outcome)->mppe.send.empty());
  EXPECT_TRUE(Granted(outcome)->mppe.receive.empty());
}

}  // namespace
}  // namespace sstpgw::cp
