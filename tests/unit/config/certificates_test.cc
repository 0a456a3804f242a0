#include "controlplane/config/certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "tests/support/pki.h"
#include "tests/unit/config/config_fixture.h"

namespace sstpgw::cp {
namespace {

using testing::CertificateAuthority;
using ::testing::ElementsAre;
using testing::Identity;
using ::testing::IsEmpty;

IdentityFiles Files(const std::string& certificate, const std::string& key, const std::string& ca) {
  IdentityFiles files;
  files.certificate_pem = certificate;
  files.key_pem = Secret(std::string_view(key));
  files.ca_pem = ca;
  return files;
}

// "part: reason" of each issue; parts are c, k and a.
std::vector<std::string> Parts(const std::vector<IdentityIssue>& issues) {
  std::vector<std::string> brief;
  for (const IdentityIssue& issue : issues) {
    const char part = issue.part == IdentityPart::kCertificate ? 'c'
                      : issue.part == IdentityPart::kKey       ? 'k'
                                                               : 'a';
    brief.push_back(std::string(1, part) + ": " + issue.reason);
  }
  return brief;
}

class ServerIdentityTest : public ::testing::Test {
 protected:
  CertificateAuthority root_{"Root"};
  CertificateAuthority upper_ = root_.MakeIntermediate("Upper");
  CertificateAuthority lower_ = upper_.MakeIntermediate("Lower");
};

TEST_F(ServerIdentityTest, ALeafOfTheRootIsSentAlone) {
  const Identity leaf = root_.Issue({});
  const auto identity =
      BuildServerIdentity(Files(leaf.certificate_pem, leaf.key_pem, root_.certificate_pem()), "");
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->chain_pem, leaf.certificate_pem);
  EXPECT_EQ(identity->private_key_pem.RevealText(), leaf.key_pem);
  EXPECT_THAT(Parts(identity->warnings), IsEmpty());
}

// features 2.1: the chain is completed from the CA file, in any order there, the root left out.
TEST_F(ServerIdentityTest, ALeafIsCompletedFromTheAuthorities) {
  const Identity leaf = lower_.Issue({});
  const std::string authorities =
      root_.certificate_pem() + upper_.certificate_pem() + lower_.certificate_pem();
  const auto identity =
      BuildServerIdentity(Files(leaf.certificate_pem, leaf.key_pem, authorities), "");
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->chain_pem,
            leaf.certificate_pem + lower_.certificate_pem() + upper_.certificate_pem());
  EXPECT_THAT(Parts(identity->warnings), IsEmpty());
}

TEST_F(ServerIdentityTest, AChainOfItsOwnIsSentAsItIs) {
  const Identity leaf = lower_.Issue({});
  const auto identity =
      BuildServerIdentity(Files(leaf.chain_pem, leaf.key_pem, root_.certificate_pem()), "");
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->chain_pem, leaf.chain_pem);
  EXPECT_THAT(Parts(identity->warnings), IsEmpty());
}

TEST_F(ServerIdentityTest, WarnsOfAForeignAuthorityAndOfDisorder) {
  const Identity leaf = lower_.Issue({});
  const CertificateAuthority other("Root");  // the same name, another key
  const auto foreign =
      BuildServerIdentity(Files(leaf.certificate_pem, leaf.key_pem, other.certificate_pem()), "");
  ASSERT_TRUE(foreign);
  EXPECT_THAT(Parts(foreign->warnings), ElementsAre("a: did not sign the server certificate"));
  const auto disorder = BuildServerIdentity(
      Files(leaf.certificate_pem + upper_.certificate_pem() + lower_.certificate_pem(),
            leaf.key_pem, root_.certificate_pem() + upper_.certificate_pem()),
      "");
  ASSERT_TRUE(disorder);
  EXPECT_THAT(Parts(disorder->warnings),
              ElementsAre("c: is not in order: certificate 2 did not sign the one before it"));
}

TEST_F(ServerIdentityTest, TheLeafComesFirst) {
  const Identity leaf = lower_.Issue({});
  const auto identity = BuildServerIdentity(
      Files(lower_.certificate_pem() + leaf.certificate_pem, leaf.key_pem, root_.certificate_pem()),
      "");
  ASSERT_FALSE(identity);
  EXPECT_THAT(Parts(identity.error()),
              ElementsAre("k: does not belong to the (first) certificate"));
}

TEST_F(ServerIdentityTest, HostNamesAreComparedAsClientsDo) {
  testing::CertificateRequest request;
  request.dns_names = {"*.example.org"};
  const Identity leaf = root_.Issue(request);
  const auto warnings = [&](const char* host_name) {
    const auto identity = BuildServerIdentity(
        Files(leaf.certificate_pem, leaf.key_pem, root_.certificate_pem()), host_name);
    return Parts(identity->warnings);
  };
  EXPECT_THAT(warnings("VPN.example.org"), IsEmpty());
  EXPECT_THAT(warnings("example.org"), ElementsAre("c: is not for host-name example.org"));
}

TEST_F(ServerIdentityTest, TakesRsaKeys) {
  testing::CertificateRequest request;
  request.key_type = testing::KeyType::kRsa2048;
  const Identity leaf = root_.Issue(request);
  const auto identity =
      BuildServerIdentity(Files(leaf.certificate_pem, leaf.key_pem, root_.certificate_pem()), "");
  ASSERT_TRUE(identity);
  EXPECT_THAT(Parts(identity->warnings), IsEmpty());
}

std::string ProtectedKey() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_256_cbc(), "secret", 6, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string pem(text, static_cast<std::size_t>(size));
  BIO_free(bio);
  EVP_PKEY_free(key);
  return pem;
}

TEST_F(ServerIdentityTest, NobodyIsAskedForAPassphrase) {
  const Identity leaf = root_.Issue({});
  const auto identity =
      BuildServerIdentity(Files(leaf.certificate_pem, ProtectedKey(), root_.certificate_pem()), "");
  ASSERT_FALSE(identity);
  EXPECT_THAT(Parts(identity.error()), ElementsAre("k: is protected by a passphrase"));
}

TEST_F(ServerIdentityTest, TellsEverythingThatIsWrong) {
  const auto identity = BuildServerIdentity(Files("", "x", "y"), "");
  ASSERT_FALSE(identity);
  EXPECT_THAT(Parts(identity.error()),
              ElementsAre("c: holds no PEM certificate", "a: holds no PEM certificate",
                          "k: holds no PEM private key"));
}

// What is absent stands in nobody's way.
TEST_F(ServerIdentityTest, ExaminesWhatIsThere) {
  const Identity leaf = root_.Issue({});
  const Identity other = root_.Issue({});
  const auto issues = [](IdentityFiles files) {
    const auto identity = BuildServerIdentity(files, "");
    return identity ? std::vector<std::string>{"accepted"} : Parts(identity.error());
  };
  IdentityFiles files = Files(leaf.certificate_pem, other.key_pem, "");
  files.ca_pem.reset();
  EXPECT_THAT(issues(std::move(files)),
              ElementsAre("k: does not belong to the (first) certificate"));
  files = Files("", "x", "y");
  files.certificate_pem.reset();
  EXPECT_THAT(issues(std::move(files)),
              ElementsAre("a: holds no PEM certificate", "k: holds no PEM private key"));
  files = Files(leaf.certificate_pem, "", root_.certificate_pem());
  files.key_pem.reset();
  EXPECT_THAT(issues(std::move(files)), IsEmpty());
  files = Files("", "", root_.certificate_pem());
  files.certificate_pem.reset();
  EXPECT_THAT(issues(std::move(files)), IsEmpty());
}

// A certificate cut off or changed anywhere is refused; nothing crashes.
TEST_F(ServerIdentityTest, DamagedFilesAreRefused) {
  const Identity leaf = root_.Issue({});
  const std::string& good = leaf.certificate_pem;
  for (std::size_t cut = 0; cut + 1 < good.size(); cut += 7) {
    EXPECT_FALSE(
        BuildServerIdentity(Files(good.substr(0, cut), leaf.key_pem, root_.certificate_pem()), ""))
        << cut;
  }
  std::string damaged = good + good;
  damaged[good.size() + 60] = '!';
  const auto identity =
      BuildServerIdentity(Files(damaged, leaf.key_pem, root_.certificate_pem()), "");
  ASSERT_FALSE(identity);
  EXPECT_THAT(Parts(identity.error()),
              ElementsAre("c: has a certificate that cannot be read (number 2)"));
}

TEST(TlsChecks, KnowTheLibrarysVocabulary) {
  EXPECT_EQ(CheckCiphers("ECDHE+AESGCM:AES128-SHA"), "");
  EXPECT_EQ(CheckCiphers("ALL:@SECLEVEL=0"), "");
  EXPECT_NE(CheckCiphers("NONSENSE"), "");
  EXPECT_EQ(CheckCiphersuites("TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256"), "");
  EXPECT_NE(CheckCiphersuites("AES128-SHA"), "");
  EXPECT_EQ(CheckCurves("X25519:P-256"), "");
  EXPECT_NE(CheckCurves("P-1"), "");
}

TEST(TlsChecks, DhParametersArePemOfTheRightKind) {
  EXPECT_EQ(CheckDhParameters(kDhParameters), "");
  EXPECT_NE(CheckDhParameters(""), "");
  EXPECT_NE(CheckDhParameters(std::string_view(kDhParameters).substr(0, 60)), "");
  EXPECT_NE(CheckDhParameters(CertificateAuthority("x").certificate_pem()), "");
}

}  // namespace
}  // namespace sstpgw::cp
