#include "gateway/edge/socket_diag.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tls.h>
#include <netinet/in.h>

#include <cstring>

#include "tests/unit/edge/fake_kernel.h"

namespace sstpgw::edge {
namespace {

sockaddr_storage V4(const char* address, std::uint16_t port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  inet_pton(AF_INET, address, &v4.sin_addr);
  sockaddr_storage storage{};
  std::memcpy(&storage, &v4, sizeof(v4));
  return storage;
}

sockaddr_storage V6(const char* address, std::uint16_t port, std::uint32_t scope = 0) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v6.sin6_scope_id = scope;
  inet_pton(AF_INET6, address, &v6.sin6_addr);
  sockaddr_storage storage{};
  std::memcpy(&storage, &v6, sizeof(v6));
  return storage;
}

inet_diag_req_v2 RequestIn(const Bytes& message) {
  inet_diag_req_v2 request{};
  std::memcpy(&request, message.data() + sizeof(nlmsghdr), sizeof(request));
  return request;
}

TEST(InetDiagMessage, AsksForExactlyOneSocket) {
  SocketIdentity socket{V4("192.0.2.1", 443), V4("198.51.100.7", 50'000), 0x1122334455667788};
  const auto message = BuildSocketQuery(9, socket);
  ASSERT_TRUE(message.has_value());
  ASSERT_EQ(message->size(), sizeof(nlmsghdr) + sizeof(inet_diag_req_v2));
  nlmsghdr header{};
  std::memcpy(&header, message->data(), sizeof(header));
  EXPECT_EQ(header.nlmsg_len, message->size());
  EXPECT_EQ(header.nlmsg_type, SOCK_DIAG_BY_FAMILY);
  EXPECT_EQ(header.nlmsg_flags, NLM_F_REQUEST) << "no dump";
  EXPECT_EQ(header.nlmsg_seq, 9U);
  const inet_diag_req_v2 request = RequestIn(*message);
  EXPECT_EQ(request.sdiag_family, AF_INET);
  EXPECT_EQ(request.sdiag_protocol, IPPROTO_TCP);
  EXPECT_EQ(ntohs(request.id.idiag_sport), 443);
  EXPECT_EQ(ntohs(request.id.idiag_dport), 50'000);
  EXPECT_EQ(request.idiag_ext, 1U << (INET_DIAG_INFO - 1)) << "or the kernel keeps TLS to itself";
  EXPECT_EQ(ntohl(request.id.idiag_src[0]), 0xc0000201U);
  EXPECT_EQ(ntohl(request.id.idiag_dst[0]), 0xc6336407U);
  EXPECT_EQ(request.id.idiag_cookie[0], 0x55667788U);
  EXPECT_EQ(request.id.idiag_cookie[1], 0x11223344U);

  socket.local = V6("fe80::1", 443, 3);
  socket.peer = V6("fe80::2", 1, 3);
  const auto v6 = BuildSocketQuery(1, socket);
  ASSERT_TRUE(v6.has_value());
  EXPECT_EQ(RequestIn(*v6).sdiag_family, AF_INET6);
  EXPECT_EQ(ntohl(RequestIn(*v6).id.idiag_dst[3]), 2U);
  EXPECT_EQ(RequestIn(*v6).id.idiag_if, 3U);

  EXPECT_FALSE(BuildSocketQuery(1, {}).has_value());
}

void Put(Bytes& out, std::uint16_t type, const Bytes& value) {
  const auto length = static_cast<std::uint16_t>(sizeof(nlattr) + value.size());
  nlattr header{length, type};
  const auto* octets = reinterpret_cast<const std::uint8_t*>(&header);
  out.insert(out.end(), octets, octets + sizeof(header));
  out.insert(out.end(), value.begin(), value.end());
  out.resize((out.size() + 3) & ~std::size_t{3});
}
Bytes Number(std::uint16_t value) {
  Bytes octets(2);
  std::memcpy(octets.data(), &value, 2);
  return octets;
}
Bytes Answer(std::uint16_t type, const Bytes& payload, std::uint32_t sequence = 1) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof(header) + payload.size());
  header.nlmsg_type = type;
  header.nlmsg_seq = sequence;
  Bytes message(sizeof(header));
  std::memcpy(message.data(), &header, sizeof(header));
  message.insert(message.end(), payload.begin(), payload.end());
  return message;
}
// As Linux 6.1 answers.
Bytes SocketWith(std::uint16_t send, std::uint16_t receive) {
  Bytes tls;
  Put(tls, TLS_INFO_VERSION, Number(TLS_1_3_VERSION));
  Put(tls, TLS_INFO_CIPHER, Number(TLS_CIPHER_AES_GCM_128));
  Put(tls, TLS_INFO_TXCONF, Number(send));
  Put(tls, TLS_INFO_RXCONF, Number(receive));
  Bytes ulp;
  Put(ulp, INET_ULP_INFO_NAME, {'t', 'l', 's', 0});
  Put(ulp, INET_ULP_INFO_TLS | NLA_F_NESTED, tls);
  Bytes payload(sizeof(inet_diag_msg));
  Put(payload, INET_DIAG_SHUTDOWN, {0});
  Put(payload, INET_DIAG_ULP_INFO | NLA_F_NESTED, ulp);
  return Answer(SOCK_DIAG_BY_FAMILY, payload);
}

TEST(InetDiagMessage, TellsTheTwoDirectionsApart) {
  const auto both = ParseSocketAnswer(SocketWith(TLS_CONF_SW, TLS_CONF_HW), 1);
  ASSERT_TRUE(both.has_value());
  EXPECT_EQ(both->error, 0);
  EXPECT_EQ(both->modes, (TlsModes{TlsMode::kSoftware, TlsMode::kHardware}));
  const auto one = ParseSocketAnswer(SocketWith(TLS_CONF_HW_RECORD, TLS_CONF_BASE), 1);
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->modes, (TlsModes{TlsMode::kHardware, TlsMode::kUser}));
  const auto none = ParseSocketAnswer(Answer(SOCK_DIAG_BY_FAMILY, Bytes(sizeof(inet_diag_msg))), 1);
  ASSERT_TRUE(none.has_value());
  EXPECT_EQ(none->modes, TlsModes{});
}

TEST(InetDiagMessage, ErrorsAndNonsense) {
  nlmsgerr body{};
  body.error = -ENOENT;
  Bytes payload(sizeof(body));
  std::memcpy(payload.data(), &body, sizeof(body));
  const auto error = ParseSocketAnswer(Answer(NLMSG_ERROR, payload), 1);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->error, ENOENT);

  EXPECT_FALSE(ParseSocketAnswer(SocketWith(2, 2), 2).has_value()) << "another one's sequence";
  EXPECT_FALSE(ParseSocketAnswer(Answer(NLMSG_DONE, payload), 1).has_value());
  const Bytes whole = SocketWith(TLS_CONF_SW, TLS_CONF_SW);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ParseSocketAnswer(ByteView(whole).first(size), 1).has_value()) << size;
  }
  // Attributes that lie about their length end the reading.
  for (std::size_t at = sizeof(nlmsghdr) + sizeof(inet_diag_msg); at < whole.size(); ++at) {
    Bytes broken = whole;
    broken[at] = 0xff;
    static_cast<void>(ParseSocketAnswer(broken, 1));
  }
}

TEST(SocketDiag, EveryFailingCallIsAnError) {
  for (std::size_t failing : {1U, 2U, 4U, 5U, 6U}) {
    FakeKernel kernel;
    kernel.name = V4("192.0.2.1", 443);
    kernel.peer_name = V4("192.0.2.2", 50'000);
    kernel.answers.push_back(SocketWith(TLS_CONF_SW, TLS_CONF_SW));
    kernel.FailCall(failing, EMFILE);
    EXPECT_FALSE(QueryTlsModes(kernel, 0).has_value()) << failing;
  }
  FakeKernel kernel;
  kernel.name = V4("192.0.2.1", 443);
  kernel.peer_name = V4("192.0.2.2", 50'000);
  kernel.answers.push_back(SocketWith(TLS_CONF_SW, TLS_CONF_SW));
  kernel.FailCall(3, ENOPROTOOPT);  // no cookie: the addresses will do
  const auto modes = QueryTlsModes(kernel, 0);
  ASSERT_TRUE(modes.has_value());
  EXPECT_EQ(*modes, (TlsModes{TlsMode::kSoftware, TlsMode::kSoftware}));
}

// A real connection over the loopback, which knows nothing of TLS.
TEST(SocketDiag, AnOrdinaryTcpConnectionIsUserSpaces) {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage address = V4("127.0.0.1", 0);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof(sockaddr_in);
  ASSERT_EQ(::bind(listener.get(), generic, length), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  ASSERT_EQ(::getsockname(listener.get(), generic, &length), 0);
  ASSERT_EQ(::connect(client.get(), generic, length), 0);
  const auto modes = QueryTlsModes(LinuxKernel(), client.get());
  ASSERT_TRUE(modes.has_value()) << modes.error().message;
  EXPECT_EQ(*modes, TlsModes{});
  EXPECT_FALSE(QueryTlsModes(LinuxKernel(), listener.get()).has_value()) << "not connected";
}

}  // namespace
}  // namespace sstpgw::edge
