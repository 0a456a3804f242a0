#include "gateway/codec/http_preamble.h"

#include "tests/support/hex.h"

namespace sstpgw::codec {
namespace {

using test::AsText;
using test::FromText;
using ::testing::Each;
using ::testing::ElementsAre;

const std::string kRequest =
    "SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n"
    "SSTPCORRELATIONID: {48B82435-099A-4158-A987-052E7570CFAA}\r\n"
    "Content-Length: 18446744073709551615\r\n"
    "Host: vyos.io\r\n"
    "\r\n";

Parsed<HttpRequest> Parse(const std::string& head) { return ParseHttpRequest(FromText(head)); }

ParseErrc ErrorOf(const std::string& head) {
  const auto request = Parse(head);
  EXPECT_FALSE(request.has_value()) << head;
  return request ? ParseErrc::kWrongType : request.error().code;
}

std::string WithHeader(const std::string& header) {
  return "GET / HTTP/1.1\r\n" + header + "\r\n\r\n";
}

TEST(HttpRequest, ReferenceTrace) {
  const auto request = Parse(kRequest);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, kSstpMethod);
  EXPECT_TRUE(IsSstpPath(request->path));
  EXPECT_EQ(request->version, "HTTP/1.1");
  EXPECT_EQ(request->host, "vyos.io");
  EXPECT_EQ(request->content_length, kSstpContentLength);
  EXPECT_EQ(request->correlation_id, "{48B82435-099A-4158-A987-052E7570CFAA}");
}

TEST(HttpRequest, EveryLineEnd) {
  for (const std::string end : {"\n", "\r\n"}) {
    for (const std::string blank : {"\n", "\r\n"}) {
      const std::string head = "GET /a HTTP/1.1" + end + "Host: x" + blank + end;
      EXPECT_EQ(FindHttpHeadEnd(FromText(head + "rest")), head.size());
      ASSERT_TRUE(Parse(head));
      EXPECT_EQ(Parse(head)->host, "x");
    }
  }
}

TEST(HttpRequest, HeadEndIsFoundWhereverTheSearchWasInterrupted) {
  const Bytes bytes = FromText(kRequest + "\x10\x01");
  for (std::size_t seen = 0; seen < kRequest.size(); ++seen) {
    EXPECT_EQ(FindHttpHeadEnd(ByteView(bytes).first(seen)), 0U);
    EXPECT_EQ(FindHttpHeadEnd(bytes, seen), kRequest.size()) << seen;
  }
}

TEST(HttpRequest, NamesAreCaseInsensitiveAndValuesTrimmed) {
  const auto request = Parse("GET / HTTP/1.1\nhOsT:  \t VPN.Example.COM \t\nCONTENT-LENGTH:5\n\n");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->host, "vpn.example.com");
  EXPECT_EQ(request->content_length, "5");
}

TEST(HttpRequest, HostWithoutPort) {
  EXPECT_EQ(Parse(WithHeader("Host: a.b:443"))->host, "a.b");
  EXPECT_EQ(Parse(WithHeader("Host: 192.0.2.1:8443"))->host, "192.0.2.1");
  EXPECT_EQ(Parse(WithHeader("Host: [2001:DB8::1]:443"))->host, "2001:db8::1");
  EXPECT_EQ(Parse(WithHeader("Host: [2001:db8::1]"))->host, "2001:db8::1");
  EXPECT_EQ(Parse(WithHeader("Host: 2001:db8::1"))->host, "2001:db8::1");
  EXPECT_EQ(Parse(WithHeader("Host:"))->host, "");
  EXPECT_EQ(Parse(WithHeader("Hostess: a"))->host, std::nullopt);
}

TEST(HttpRequest, PathWithoutQueryFragmentSchemeAndAuthority) {
  const auto path = [](const std::string& target) {
    return Parse("GET " + target + " HTTP/1.1\r\n\r\n")->path;
  };
  EXPECT_EQ(path("/a?tenantid=x"), "/a");
  EXPECT_EQ(path("/a#b?c"), "/a");
  EXPECT_EQ(path("https://host:443/a/b?c"), "/a/b");
  EXPECT_EQ(path("HTTP://host"), "/");
  EXPECT_EQ(path("*"), "*");
  EXPECT_TRUE(IsSstpPath(path("/SRA_{ba195980-cd49-458b-9e23-c84ee0adcd75}/?tenantid=x")));
  EXPECT_FALSE(IsSstpPath("/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}"));
  EXPECT_FALSE(IsSstpPath("/"));
}

TEST(HttpRequest, FirstLineOfOtherThanThreeTokens) {
  for (const char* line : {"", " ", "GET", "GET /", "GET / HTTP/1.1 x", "GET / /  HTTP/1.1"}) {
    EXPECT_EQ(ErrorOf(std::string(line) + "\r\n\r\n"), ParseErrc::kBadValue) << line;
  }
  EXPECT_TRUE(Parse("GET   /  \tHTTP/1.0 \r\n\r\n"));
}

TEST(HttpRequest, OtherVersions) {
  for (const char* version : {"HTTP/2", "HTTP/0.9", "http/1.1", "HTTP/", "SIP/2.0"}) {
    EXPECT_EQ(ErrorOf("GET / " + std::string(version) + "\r\n\r\n"), ParseErrc::kBadVersion);
  }
}

TEST(HttpRequest, ControlCharacters) {
  using namespace std::string_literals;
  EXPECT_EQ(ErrorOf("GET /\0 HTTP/1.1\r\n\r\n"s), ParseErrc::kBadCharacter);
  EXPECT_EQ(ErrorOf("GET /\rX: HTTP/1.1\r\n\r\n"s), ParseErrc::kBadCharacter);
  EXPECT_EQ(ErrorOf(WithHeader("Host: a\0b"s)), ParseErrc::kBadCharacter);
  EXPECT_EQ(ErrorOf(WithHeader("X: \x1b[31m")), ParseErrc::kBadCharacter);
  EXPECT_EQ(ErrorOf(WithHeader("X: \x7f")), ParseErrc::kBadCharacter);
  EXPECT_TRUE(Parse(WithHeader("X: \xc3\xbc\t")));
}

TEST(HttpRequest, TwoHosts) {
  EXPECT_EQ(ErrorOf(WithHeader("Host: a\r\nHost: b")), ParseErrc::kBadValue);
  EXPECT_TRUE(Parse(WithHeader("Host: a\r\nHOST: A")));
}

TEST(HttpRequest, LinesWithoutColonAreIgnored) {
  EXPECT_EQ(Parse(WithHeader("rubbish\r\nHost: a"))->host, "a");
}

TEST(HttpRequest, CorrelationIdIsBoundedAndPrintable) {
  const std::string longest(64, 'x');
  EXPECT_EQ(Parse(WithHeader("SSTPCORRELATIONID: " + longest))->correlation_id, longest);
  EXPECT_EQ(Parse(WithHeader("SSTPCORRELATIONID: " + longest + "x"))->correlation_id, "");
  EXPECT_EQ(Parse(WithHeader("SSTPCORRELATIONID: a b"))->correlation_id, "");
  EXPECT_EQ(Parse(WithHeader("SSTPCORRELATIONID: \xc3\xbc"))->correlation_id, "");
}

TEST(HttpRequest, EveryTruncationParsesOrFailsCleanly) {
  for (std::size_t size = 0; size <= kRequest.size(); ++size) {
    const auto request = Parse(kRequest.substr(0, size));
    EXPECT_EQ(request.has_value(), size >= kRequest.find('\n') + 1) << size;
  }
}

TEST(HttpLogLines, ReferenceTrace) {
  EXPECT_THAT(HttpLogLines(FromText(kRequest)),
              ElementsAre("SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1",
                          "SSTPCORRELATIONID: {48B82435-099A-4158-A987-052E7570CFAA}",
                          "Content-Length: 18446744073709551615", "Host: vyos.io"));
}

TEST(HttpLogLines, HideCredentials) {
  EXPECT_THAT(HttpLogLines(FromText("GET / HTTP/1.1\r\nauthorization: Basic dGVzdA==\r\n"
                                    "Proxy-Authorization : x\r\nCookie: a=b\r\nHost: h\r\n\r\n")),
              ElementsAre("GET / HTTP/1.1", "authorization: ***", "Proxy-Authorization: ***",
                          "Cookie: ***", "Host: h"));
}

TEST(HttpLogLines, AreEscapedAndBounded) {
  EXPECT_THAT(HttpLogLines(FromText("GET /\x1b[2J HTTP/1.1\r\n\r\n")),
              ElementsAre("GET /\\x1b[2J HTTP/1.1"));
  std::string many;
  for (int i = 0; i < 100; ++i) many += std::string(300, 'a') + "\n";
  const auto lines = HttpLogLines(FromText(many));
  EXPECT_EQ(lines.size(), 64U);
  EXPECT_THAT(lines, Each(std::string(256, 'a')));
}

TEST(HttpReply, SuccessIsExact) {
  EXPECT_EQ(AsText(EncodeHttpLines(HttpReplyLines(HttpStatus::kOk, 1709139784))),
            "HTTP/1.1 200 OK\r\n"
            "Date: Wed, 28 Feb 2024 17:03:04 GMT\r\n"
            "Content-Length: 18446744073709551615\r\n"
            "\r\n");
}

TEST(HttpReply, Refusals) {
  EXPECT_EQ(AsText(EncodeHttpLines(HttpReplyLines(HttpStatus::kNotFound, 0))),
            "HTTP/1.1 404 Not Found\r\n"
            "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
            "Content-Length: 0\r\n"
            "Connection: close\r\n"
            "\r\n");
  const auto first = [](HttpStatus status) { return HttpReplyLines(status, 0).front(); };
  EXPECT_EQ(first(HttpStatus::kBadRequest), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(first(HttpStatus::kNotImplemented), "HTTP/1.1 501 Not Implemented");
  EXPECT_EQ(first(HttpStatus::kHeaderTooLarge), "HTTP/1.1 431 Request Header Fields Too Large");
  EXPECT_THAT(HttpReplyLines(HttpStatus::kMovedPermanently, 0, "https://x/"),
              ElementsAre("HTTP/1.1 301 Moved Permanently", "Date: Thu, 01 Jan 1970 00:00:00 GMT",
                          "Location: https://x/", "Content-Length: 0", "Connection: close"));
}

TEST(RedirectLocation, AppendsTheTargetOnlyToAUrlWithoutPath) {
  EXPECT_EQ(RedirectLocation("https://x.example", "/a?b"), "https://x.example/a?b");
  EXPECT_EQ(RedirectLocation("https://x.example/", "/a"), "https://x.example/");
  EXPECT_EQ(RedirectLocation("http://x.example/p", "/a"), "http://x.example/p");
}

TEST(RedirectLocation, TargetCannotChangeTheHostOrTheHeader) {
  EXPECT_EQ(RedirectLocation("https://x", "@evil.example/"), "https://x/@evil.example/");
  EXPECT_EQ(RedirectLocation("https://x", ".evil.example"), "https://x/.evil.example");
  EXPECT_EQ(RedirectLocation("https://x", "http://evil.example/a"), "https://x/a");
  EXPECT_EQ(RedirectLocation("https://x", "/a\r\nSet-Cookie:\xff"), "https://x/aSet-Cookie:");
}

TEST(HttpDate, Calendar) {
  EXPECT_EQ(HttpDate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(HttpDate(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(HttpDate(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 7231 7.1.1.1
  EXPECT_EQ(HttpDate(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(HttpDate(951868800), "Wed, 01 Mar 2000 00:00:00 GMT");
  EXPECT_EQ(HttpDate(1735689599), "Tue, 31 Dec 2024 23:59:59 GMT");
  EXPECT_EQ(HttpDate(4107542400), "Mon, 01 Mar 2100 00:00:00 GMT");  // 2100 has no 29 February
  EXPECT_EQ(HttpDate(253402300799), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(HttpDate(INT64_MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(HttpDate(INT64_MIN), "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST(HttpClient, RequestRoundTrip) {
  EXPECT_EQ(AsText(EncodeHttpLines(
                HttpRequestLines("vyos.io", "{48B82435-099A-4158-A987-052E7570CFAA}"))),
            kRequest);
}

TEST(HttpClient, ReplyRoundTrip) {
  const auto reply = ParseHttpReply(EncodeHttpLines(HttpReplyLines(HttpStatus::kOk, 0)));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->reason, "OK");
  EXPECT_EQ(reply->content_length, kSstpContentLength);
  const auto moved = ParseHttpReply(
      EncodeHttpLines(HttpReplyLines(HttpStatus::kMovedPermanently, 0, "https://x/")));
  EXPECT_EQ(moved->status, 301);
  EXPECT_EQ(moved->location, "https://x/");
}

TEST(HttpClient, BrokenReplies) {
  for (const char* head : {"HTTP/1.1 200 OK", "HTTP/2 200 OK\n", "HTTP/1.1\n", "HTTP/1.1 20\n",
                           "HTTP/1.1 2x0 OK\n", "HTTP/1.1 2000 OK\n", "\n", ""}) {
    EXPECT_FALSE(ParseHttpReply(FromText(head))) << head;
  }
  EXPECT_TRUE(ParseHttpReply(FromText("HTTP/1.0 200\n\n")));
}

}  // namespace
}  // namespace sstpgw::codec
