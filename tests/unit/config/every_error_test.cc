// Several mistakes at once: each is told in one go, unless it is a mere consequence of another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/config_fixture.h"

namespace sstpgw::cp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

std::vector<std::string> Errors(FakeFiles files, const std::string& yaml) {
  return Brief(LoadConfig(yaml, "f", files).errors);
}
std::vector<std::string> Errors(const std::string& yaml) { return Errors(TestFiles(), yaml); }

// ---- ssl ----------------------------------------------------------------------------------------

class EveryTlsErrorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    files_ = TestFiles();
    files_.files["/other.key"] = TestAuthority().Issue({}).key_pem;
    files_.files["/junk"] = "junk";
    files_.files["/empty"] = "";
  }
  std::vector<std::string> Told(const std::string& ssl) {
    return Errors(files_, "sstp:\n" + kUsers + kPool + "  ssl: { " + ssl + " }\n");
  }
  const std::string ca_ = "ca-certificate: /etc/sstp/ca.pem, ";
  const std::string certificate_ = "certificate: /etc/sstp/server.pem, ";
  const std::string mismatch_ = "sstp.ssl.key: does not belong to the (first) certificate";
  FakeFiles files_;
};

TEST_F(EveryTlsErrorTest, UnreadableAuthorityAndForeignKey) {
  EXPECT_THAT(
      Told("ca-certificate: /missing, " + certificate_ + "key: /other.key"),
      UnorderedElementsAre("sstp.ssl.ca-certificate: cannot be read: No such file", mismatch_));
}

TEST_F(EveryTlsErrorTest, AbsentAuthorityAndForeignKey) {
  EXPECT_THAT(Told(certificate_ + "key: /other.key"),
              UnorderedElementsAre("sstp.ssl.ca-certificate: is missing", mismatch_));
}

TEST_F(EveryTlsErrorTest, WrongVersionAndForeignKey) {
  EXPECT_THAT(Told(ca_ + certificate_ + "key: /other.key, protocols: [ssl3]"),
              UnorderedElementsAre(StartsWith("sstp.ssl.protocols[0]: must be one of"), mismatch_));
}

TEST_F(EveryTlsErrorTest, EveryFileOnItsOwn) {
  EXPECT_THAT(Told("ca-certificate: /junk, certificate: /missing, key: /junk, dhparam: /empty"),
              UnorderedElementsAre("sstp.ssl.ca-certificate: holds no PEM certificate",
                                   "sstp.ssl.certificate: cannot be read: No such file",
                                   "sstp.ssl.key: holds no PEM private key",
                                   "sstp.ssl.dhparam: holds no PEM Diffie-Hellman parameters"));
  EXPECT_THAT(Told("ca-certificate: /junk, certificate: /junk, key: /empty, ciphers: NONE"),
              UnorderedElementsAre("sstp.ssl.ca-certificate: holds no PEM certificate",
                                   "sstp.ssl.certificate: holds no PEM certificate",
                                   "sstp.ssl.key: is an empty file",
                                   StartsWith("sstp.ssl.ciphers: names no cipher")));
}

// Without the key's file there is no telling whether the certificate's file lacks it.
TEST_F(EveryTlsErrorTest, NoFollowUpErrors) {
  EXPECT_THAT(Told(ca_ + certificate_ + "key: /missing"),
              ElementsAre("sstp.ssl.key: cannot be read: No such file"));
  EXPECT_THAT(Told(ca_ + certificate_ + "key: /dir/"),
              ElementsAre("sstp.ssl.key: must be the path of a file"));
  EXPECT_THAT(Told(ca_ + certificate_ + "kye: /etc/sstp/server.key"),
              ElementsAre("sstp.ssl.kye: is not a known key"));
  EXPECT_THAT(Told(ca_ + "certificate: /missing"),
              ElementsAre("sstp.ssl.certificate: cannot be read: No such file"));
  EXPECT_THAT(Errors("sstp:\n" + kUsers + kPool + "  ssl: 5\n"),
              ElementsAre("sstp.ssl: must be a mapping, not a single value"));
}

// ---- Users and pools ----------------------------------------------------------------------------

const std::string kUsersPath = "sstp.authentication.local-users";
const std::string kNoUser = kUsersPath + ": is missing: mode local needs at least one user";

std::string WithUsers(const std::string& authentication) {
  return "sstp:\n" + kSsl + kPool + "  authentication: " + authentication + "\n";
}

TEST(EveryError, WrongProtocolAndNoUser) {
  EXPECT_THAT(Errors(WithUsers("{ protocols: [md5] }")),
              UnorderedElementsAre(StartsWith("sstp.authentication.protocols[0]: must be one of"),
                                   kNoUser));
  EXPECT_THAT(Errors(WithUsers("{ mode: local, bogus: 1 }")),
              UnorderedElementsAre("sstp.authentication.bogus: is not a known key", kNoUser));
}

TEST(EveryError, UsersAreNotMissedWhenNobodyKnowsWhatWasMeant) {
  EXPECT_THAT(Errors(WithUsers("[a]")),
              ElementsAre("sstp.authentication: must be a mapping, not a list"));
  EXPECT_THAT(Errors(WithUsers("{ mode: ldap }")),
              ElementsAre(StartsWith("sstp.authentication.mode: must be one of")));
  EXPECT_THAT(Errors(WithUsers("{ local-user: { u: { password: p } } }")),
              ElementsAre("sstp.authentication.local-user: is not a known key"));
  EXPECT_THAT(Errors(WithUsers("{ local-users: [u] }")),
              ElementsAre(kUsersPath + ": must be a mapping of names, not a list"));
  EXPECT_THAT(Errors("sstp: 5\n"), ElementsAre("sstp: must be a mapping, not a single value"));
}

TEST(EveryError, AnIllegalUserNameHidesNothing) {
  EXPECT_THAT(Errors(WithUsers("{ local-users: { \"\": { disable: maybe, static-ip: x } } }")),
              UnorderedElementsAre(kUsersPath + ".\"\": the name must have 1..253 octets",
                                   kUsersPath + ".\"\".disable: must be true or false",
                                   StartsWith(kUsersPath + ".\"\".static-ip: must be *"),
                                   kUsersPath + ".\"\".password: is missing"));
}

TEST(EveryError, AnIllegalPoolNameHidesNothing) {
  const std::string path = "sstp.client-ip-pool.\"a b\"";
  EXPECT_THAT(Errors("sstp:\n" + kSsl + kUsers +
                     "  gateway-address: 192.0.2.1\n  client-ip-pool:\n"
                     "    a b: { range: [10.0.0.9-10.0.0.2, 10.0.0.300], next: Q }\n"),
              UnorderedElementsAre(StartsWith(path + ": the name must consist of"),
                                   path + ".range[0]: the last address is below the first",
                                   StartsWith(path + ".range[1]: must be"),
                                   path + ".next: is not a known key"));
}

TEST(EveryError, PoolsAreNotMissedWhenNobodyKnowsWhatWasMeant) {
  const std::string start =
      "sstp:\n" + kSsl + kUsers + "  gateway-address: 192.0.2.1\n  default-pool: P\n  ";
  EXPECT_THAT(Errors(start + "client-ip-pool: [P]\n"),
              ElementsAre("sstp.client-ip-pool: must be a mapping of names, not a list"));
  EXPECT_THAT(Errors(start + "client-ip-pol: { P: { range: 10.0.0.2 } }\n"),
              ElementsAre("sstp.client-ip-pol: is not a known key"));
}

TEST(EveryError, EveryNameServerTooMany) {
  EXPECT_THAT(Errors(Minimal("  name-server: [10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4]\n")),
              ElementsAre("sstp.name-server[2]: is IPv4 name server number 3, there may be two",
                          "sstp.name-server[3]: is IPv4 name server number 4, there may be two"));
}

// ---- What is not supported yet ------------------------------------------------------------------

TEST(EveryError, AMistakeInsideDoesNotHideThatANodeIsNotSupported) {
  const std::string burst = "sstp.limits.burst: must be a whole number 1..4294967295";
  const std::string limits = "sstp.limits: is not supported yet (connection limits)";
  EXPECT_THAT(Errors(Minimal("  limits: { burst: 0 }\n")), UnorderedElementsAre(burst, limits));
  EXPECT_THAT(Errors(Minimal("  limits: { bogus: 0 }\n")),
              UnorderedElementsAre("sstp.limits.bogus: is not a known key", limits));
  EXPECT_THAT(Errors(Minimal("  limits: 7\n")),
              UnorderedElementsAre("sstp.limits: must be a mapping, not a single value", limits));
}

TEST(EveryError, AValueThatMayHaveMeantOffIsToldAlone) {
  EXPECT_THAT(Errors(Minimal("  snmp: { enable: maybe }\n")),
              ElementsAre("sstp.snmp.enable: must be true or false"));
  EXPECT_THAT(Errors(Minimal("  snmp: { enable: false }\n")), IsEmpty());
}

}  // namespace
}  // namespace sstpgw::cp
