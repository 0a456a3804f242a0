#include "gateway/edge/inet_diag_message.h"

#include <gtest/gtest.h>

#include "tests/unit/edge/diag_answers.h"

namespace sstpgw::edge {
namespace {

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
  SocketIdentity socket{V4("192.0.2.1", 443), V4("198.51.100.7", 50'000), 0, 0x1122334455667788};
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
  socket.device = 8;
  const auto bound = BuildSocketQuery(1, socket);
  ASSERT_TRUE(bound.has_value());
  EXPECT_EQ(RequestIn(*bound).id.idiag_if, 8U);

  EXPECT_FALSE(BuildSocketQuery(1, {}).has_value());
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

}  // namespace
}  // namespace sstpgw::edge
