// The rows of features 1.2.
#include "gateway/fsm/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

constexpr std::int64_t kWhen = 1709139784;
const std::string kUri = "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/";

class HttpTest : public testing::Test {
 protected:
  [[nodiscard]] HttpDecision Decide(const std::string& head) const {
    const Bytes bytes(head.begin(), head.end());
    return DecideHttp(settings_, bytes, kWhen);
  }
  [[nodiscard]] HttpDecision Post(const std::string& uri, const std::string& rest = "") const {
    return Decide("SSTP_DUPLEX_POST " + uri + " HTTP/1.1\r\n" + rest + "\r\n");
  }
  static std::string StatusOf(const HttpDecision& decision) {
    return decision.reply.empty() ? "" : decision.reply.front();
  }

  SstpSettings settings_;
};

TEST_F(HttpTest, UnusualContentLengthIsAcceptedAndNoted) {
  EXPECT_THAT(Decide(kTraceHead).notes, IsEmpty());
  const HttpDecision unusual = Post(kUri, "Content-Length: 17\r\n");
  EXPECT_TRUE(unusual.accepted);
  EXPECT_THAT(unusual.notes, ElementsAre("sstp: unusual Content-Length 17"));
  EXPECT_THAT(Post(kUri).notes, ElementsAre("sstp: request without Content-Length"));
}

TEST_F(HttpTest, TheRightRequestIsAccepted) {
  const HttpDecision decision = Decide(kTraceHead);
  EXPECT_TRUE(decision.accepted);
  EXPECT_THAT(decision.reply, ElementsAre("HTTP/1.1 200 OK", "Date: Wed, 28 Feb 2024 17:03:04 GMT",
                                          "Content-Length: 18446744073709551615"));
}

TEST_F(HttpTest, PathIgnoresCaseAndQueryContentLengthIsFree) {
  EXPECT_TRUE(Post("/SRA_{ba195980-cd49-458b-9e23-c84ee0adcd75}/").accepted);
  EXPECT_TRUE(Post(kUri + "?tenantid=x").accepted);
  EXPECT_TRUE(Post(kUri, "Content-Length: 12\r\n").accepted);
}

TEST_F(HttpTest, BrokenRequestLineIs400) {
  for (const char* head : {"NONSENSE\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/2.0\r\n\r\n",
                           "GET / HTTP/1.1 more\r\n\r\n", "\r\n"}) {
    EXPECT_EQ(StatusOf(Decide(head)), "HTTP/1.1 400 Bad Request") << head;
    EXPECT_EQ(Decide(head).counter, Counter::kHttpBadRequest);
  }
}

// field-notes A2.6.
TEST_F(HttpTest, MethodsIgnoreCase) {
  EXPECT_TRUE(Decide("sstp_Duplex_post " + kUri + " HTTP/1.1\r\n\r\n").accepted);
  EXPECT_EQ(StatusOf(Decide("get / HTTP/1.1\r\n\r\n")), "HTTP/1.1 404 Not Found");
}

TEST_F(HttpTest, OtherMethodsAre501) {
  for (const char* method : {"HEAD", "POST", "PUT", "SSTP_DUPLEX_POSTS", "OPTIONS"}) {
    EXPECT_EQ(StatusOf(Decide(std::string(method) + " " + kUri + " HTTP/1.1\r\n\r\n")),
              "HTTP/1.1 501 Not Implemented");
  }
}

TEST_F(HttpTest, WrongUriAndGetAre404) {
  EXPECT_EQ(StatusOf(Post("/")), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(StatusOf(Decide("GET " + kUri + " HTTP/1.1\r\n\r\n")), "HTTP/1.1 404 Not Found");
  EXPECT_THAT(Post("/").reply,
              ElementsAre("HTTP/1.1 404 Not Found", "Date: Wed, 28 Feb 2024 17:03:04 GMT",
                          "Content-Length: 0", "Connection: close"));
}

TEST_F(HttpTest, RedirectAppliesToWrongUriAndGetOnly) {
  settings_.http_error = HttpErrorPolicy::kRedirect;
  settings_.http_redirect_url = "https://www.example.com";
  const HttpDecision decision = Decide("GET /shop?a=1 HTTP/1.1\r\n\r\n");
  EXPECT_THAT(decision.reply, testing::Contains("HTTP/1.1 301 Moved Permanently"));
  EXPECT_THAT(decision.reply, testing::Contains("Location: https://www.example.com/shop?a=1"));
  EXPECT_EQ(StatusOf(Decide("PUT / HTTP/1.1\r\n\r\n")), "HTTP/1.1 501 Not Implemented");
  EXPECT_EQ(StatusOf(Decide("x\r\n\r\n")), "HTTP/1.1 400 Bad Request");
}

TEST_F(HttpTest, DenyAnswersNothing) {
  settings_.http_error = HttpErrorPolicy::kDeny;
  for (const char* head : {"GET / HTTP/1.1\r\n\r\n", "PUT / HTTP/1.1\r\n\r\n", "x\r\n\r\n"}) {
    EXPECT_THAT(Decide(head).reply, IsEmpty());
    EXPECT_EQ(Decide(head).counter, Counter::kHttpRefusedSilently);
  }
  EXPECT_THAT(DecideHttpTooLong(settings_, kWhen).reply, IsEmpty());
  EXPECT_TRUE(Post(kUri).accepted);
}

TEST_F(HttpTest, HostNameMustMatchWhenConfigured) {
  settings_.host_name = "vpn.example.com";
  EXPECT_TRUE(Post(kUri, "Host: VPN.example.com:443\r\n").accepted);
  EXPECT_EQ(StatusOf(Post(kUri, "Host: other.example.com\r\n")), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(StatusOf(Post(kUri)), "HTTP/1.1 404 Not Found");
}

TEST_F(HttpTest, TooLongHeadIs431) {
  EXPECT_THAT(DecideHttpTooLong(settings_, kWhen).reply, Not(IsEmpty()));
  EXPECT_THAT(StatusOf(DecideHttpTooLong(settings_, kWhen)), testing::HasSubstr(" 431 "));
}

}  // namespace
}  // namespace sstpgw::fsm
