// HTTP preamble, features 1.2 and Annex E row HTTP. See attack_suite.h for the topology.
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "tests/netns/attack_suite.h"

namespace sstpgw::test {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

const char* const kUri = "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/";
const char* const kLength = "Content-Length: 18446744073709551615\r\n";

class HttpTest : public AttackSuite<HttpTest> {
 protected:
  // Sends a request and returns the whole answer up to the close.
  static std::string Refusal(const std::string& request) {
    RawPeer peer(lab().client(), lab().address());
    EXPECT_TRUE(peer.connected()) << peer.error();
    peer.Send(request);
    const auto answer = peer.ReadUntilClosed();
    EXPECT_TRUE(answer) << "the connection stays open";
    return answer ? std::string(answer->begin(), answer->end()) : "";
  }
};

TEST_F(HttpTest, K3ExactReplyToTheRequest) {
  RawPeer peer(lab().client(), lab().address());
  ASSERT_TRUE(peer.connected()) << peer.error();
  peer.Send(client::HttpRequest("vpn.example.com", "{48B82435-099A-4158-A987-052E7570CFAA}"));
  EXPECT_THAT(peer.ReadHttpReply(),
              MatchesRegex("HTTP/1.1 200 OK\r\n"
                           "Date: [A-Z][a-z][a-z], [0-9]{2} [A-Z][a-z]{2} [0-9]{4} "
                           "[0-9]{2}:[0-9]{2}:[0-9]{2} GMT\r\n"
                           "Content-Length: 18446744073709551615\r\n\r\n"));
}

TEST_F(HttpTest, K3RequestAndFirstPacketInOneRecord) {
  RawPeer peer(lab().client(), lab().address());
  peer.Send(client::Concat(
      {client::ToBytes(client::HttpRequest("x", "{1}")), client::CallConnectRequest()}));
  EXPECT_THAT(peer.ReadHttpReply(), StartsWith("HTTP/1.1 200 "));
  EXPECT_TRUE(peer.ReadMessage(client::kCallConnectAck));
}

TEST_F(HttpTest, K3RefusalsCarryTheirStatus) {
  const auto [not_found, not_implemented, bad] =
      Before("http_not_found", "http_not_implemented", "http_bad_request");
  EXPECT_THAT(Refusal("SSTP_DUPLEX_POST /other/ HTTP/1.1\r\nHost: x\r\n\r\n"),
              StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(Refusal(std::string("GET ") + kUri + " HTTP/1.1\r\nHost: x\r\n\r\n"),
              StartsWith("HTTP/1.1 404 Not Found\r\n"));
  for (const char* method : {"DELETE", "HEAD", "POST"}) {
    EXPECT_THAT(Refusal(std::string(method) + " " + kUri + " HTTP/1.1\r\n\r\n"),
                StartsWith("HTTP/1.1 501 Not Implemented\r\n"));
  }
  EXPECT_THAT(Refusal("nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(Refusal(std::string("SSTP_DUPLEX_POST ") + kUri + " SPDY/3\r\n\r\n"),
              StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  ExpectGrown(not_found, 2);
  ExpectGrown(not_implemented, 3);
  ExpectGrown(bad, 2);
}

TEST_F(HttpTest, K3UriIsComparedWithoutCaseAndQuery) {
  RawPeer peer(lab().client(), lab().address());
  peer.Send(std::string("SSTP_DUPLEX_POST /SRA_{ba195980-cd49-458b-9e23-c84ee0adcd75}/"
                        "?tenantid=x HTTP/1.1\r\n") +
            kLength + "\r\n");
  EXPECT_THAT(peer.ReadHttpReply(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpTest, OneMebibyteOfHeadersIsCutOff) {
  const auto [counted] = Before("http_too_long");
  RawPeer peer(lab().client(), lab().address());
  ASSERT_TRUE(peer.connected()) << peer.error();
  peer.Send(std::string("SSTP_DUPLEX_POST ") + kUri + " HTTP/1.1\r\n");
  const std::string header = "X-Filler: " + std::string(1000, 'x') + "\r\n";
  for (int i = 0; i < 1024 && peer.Send(header); ++i) {
  }
  EXPECT_TRUE(peer.ReadUntilClosed());
  ExpectGrown(counted);
  EXPECT_TRUE(lab().WaitLog("HTTP too long header", gateway_line_));
}

TEST_F(HttpTest, NulOctetsAreNoRequest) {
  const auto [counted] = Before("http_bad_request");
  EXPECT_THAT(Refusal(std::string(200, '\0') + "\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Refusal("SSTP_DUPLEX_POST" + std::string(1, '\0') + "/ HTTP/1.1\r\n\r\n"),
              StartsWith("HTTP/1.1 400 "));
  ExpectGrown(counted, 2);
}

// A request that trickles in, octet by octet; TLS and then silence; TCP and then silence: all ended
// by the negotiation timer, without an answer, while others are served. No octet buys more time.
TEST_F(HttpTest, SlowAndSilentPeersAreEndedByTheTimer) {
  const auto begin = client::Now();
  RawPeer slow(lab().client(), lab().address());
  RawPeer silent(lab().client(), lab().address());
  Result<int> tcp = Fail(Error{});
  lab().client().Run([&] { tcp = client::StartConnect(Lab::kServer, 443); });
  ASSERT_TRUE(slow.connected() && silent.connected() && tcp);
  const auto patience = std::chrono::seconds(kNegotiationSeconds + 10);
  // Half a second without a close is the moment for the next octet.
  const std::string request = client::HttpRequest("x", "{1}");
  std::optional<Bytes> answer;
  std::size_t sent = 0;
  for (; !answer && client::Now() - begin < patience; ++sent) {
    ASSERT_LT(sent, request.size());
    slow.Send(request.substr(sent, 1));
    answer = slow.ReadUntilClosed(std::chrono::milliseconds(500));
  }
  const auto lasted = client::Now() - begin;
  ASSERT_TRUE(answer) << "still open after " << sent << " octets";
  EXPECT_TRUE(answer->empty());
  EXPECT_GE(lasted, std::chrono::seconds(kNegotiationSeconds - 1));
  EXPECT_GE(sent, 4u) << "octets came all the time";
  EXPECT_TRUE(silent.ReadUntilClosed(patience));
  const auto tcp_closed = [&] {
    char octet = 0;
    return recv(*tcp, &octet, 1, MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  };
  EXPECT_TRUE(WaitUntil(tcp_closed, patience));
  close(*tcp);
}

TEST_F(HttpTest, PlainHttpOnTheTlsPortIsNoHandshake) {
  const auto [counted] = Before("tls_handshakes_failed");
  const std::string out = lab().client().Shell(
      "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 10 "
      "bash -c 'exec 3<>/dev/tcp/192.168.10.1/443; "
      "cat >&3; cat <&3' | head -c 100");
  EXPECT_THAT(out, ::testing::Not(HasSubstr("HTTP/")));
  ExpectGrown(counted);
}

}  // namespace
}  // namespace sstpgw::test
