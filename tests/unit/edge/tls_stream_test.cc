#include "gateway/edge/tls_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <thread>

#include "tests/unit/edge/tls_pair.h"

namespace sstpgw::edge {
namespace {

using testing::CertificateAuthority;
using testing::CertificateRequest;
using ::testing::HasSubstr;
using testing::Identity;
using testing::KeyType;

const CertificateAuthority& Root() {
  static const CertificateAuthority root;
  return root;
}
const Identity& IdentityOf(KeyType type) {
  static const Identity ecdsa = Root().Issue({});
  static const Identity rsa = [] {
    CertificateRequest request;
    request.key_type = KeyType::kRsa2048;
    return Root().Issue(request);
  }();
  return type == KeyType::kRsa2048 ? rsa : ecdsa;
}
std::unique_ptr<TlsContext> ContextOf(KeyType type) {
  return std::move(TlsContext::Create(SettingsOf(IdentityOf(type)), "")).value();
}

Bytes Pattern(std::size_t size) {
  Bytes bytes(size);
  std::uint32_t state = 1;
  for (std::uint8_t& octet : bytes) {
    state = state * 1664525 + 1013904223;
    octet = static_cast<std::uint8_t>(state >> 24);
  }
  return bytes;
}

void Append(Bytes& to, ByteView what) { to.insert(to.end(), what.begin(), what.end()); }

// One record of the client's own making: header type and length.
Bytes RawRecord(std::uint8_t type, std::size_t length) {
  Bytes record{type, 3, 3, static_cast<std::uint8_t>(length >> 8),
               static_cast<std::uint8_t>(length)};
  record.resize(5 + length);
  return record;
}

struct Mode {
  const char* name;
  int version;
  KeyType key;
};

class TlsStreamTest : public ::testing::TestWithParam<Mode> {
 protected:
  TlsPair Make(int send_buffer = 0) {
    ClientOptions options;
    options.min_version = GetParam().version;
    options.max_version = GetParam().version;
    return {*context_, options, send_buffer};
  }
  std::unique_ptr<TlsContext> context_ = ContextOf(GetParam().key);
  Bytes room_ = Bytes(64 * 1024);
};

INSTANTIATE_TEST_SUITE_P(Versions, TlsStreamTest,
                         ::testing::Values(Mode{"Tls12Ecdsa", TLS1_2_VERSION, KeyType::kEcdsaP256},
                                           Mode{"Tls12Rsa", TLS1_2_VERSION, KeyType::kRsa2048},
                                           Mode{"Tls13Ecdsa", TLS1_3_VERSION, KeyType::kEcdsaP256},
                                           Mode{"Tls13Rsa", TLS1_3_VERSION, KeyType::kRsa2048}),
                         [](const auto& mode) { return mode.param.name; });

TEST_P(TlsStreamTest, HandshakeGivesTheFactsOfTheConnection) {
  TlsPair pair = Make();
  ASSERT_TRUE(pair.Connect()) << pair.server->failure();
  EXPECT_EQ(pair.server->version(), GetParam().version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2");
  EXPECT_EQ(pair.server->cipher(), SSL_get_cipher_name(pair.client->ssl()));
  EXPECT_TRUE(pair.server->client_hello_seen());
  EXPECT_EQ(pair.server->sni(), std::nullopt);
  const Bytes der = testing::DerOfPem(IdentityOf(GetParam().key).certificate_pem);
  std::array<std::uint8_t, 20> sha1{};
  std::array<std::uint8_t, 32> sha256{};
  SHA1(der.data(), der.size(), sha1.data());
  SHA256(der.data(), der.size(), sha256.data());
  const auto hashes = pair.server->leaf_hashes();
  ASSERT_TRUE(hashes.has_value());
  EXPECT_EQ(hashes->sha1, sha1);
  EXPECT_EQ(hashes->sha256, sha256);
}

TEST_P(TlsStreamTest, DataArrivingWithFinishedIsNotLost) {
  TlsPair pair = Make();
  const Bytes request = Pattern(300);
  // The server is not called again until the client's Finished and its request are both waiting.
  while (!pair.client->Handshake()) {
    pair.status = pair.server->Handshake();
    ASSERT_NE(pair.status, HandshakeStatus::kFailed);
    if (GetParam().version == TLS1_2_VERSION && pair.status == HandshakeStatus::kDone) break;
  }
  ASSERT_EQ(pair.client->Write(request), request.size());
  while (pair.status != HandshakeStatus::kDone) {
    pair.status = pair.server->Handshake();
    ASSERT_NE(pair.status, HandshakeStatus::kFailed);
  }
  const ReadOutcome outcome = pair.server->Read(room_);
  EXPECT_EQ(outcome.status, ReadStatus::kDrained);
  EXPECT_TRUE(std::equal(request.begin(), request.end(), room_.begin()));
  EXPECT_EQ(outcome.bytes, request.size());
}

TEST_P(TlsStreamTest, OneReadTakesManyRecords) {
  TlsPair pair = Make();
  ASSERT_TRUE(pair.Connect());
  Bytes sent;
  for (int i = 0; i < 20; ++i) {
    const Bytes record = Pattern(100 + static_cast<std::size_t>(i));
    ASSERT_EQ(pair.client->Write(record), record.size());
    Append(sent, record);
  }
  const ReadOutcome outcome = pair.server->Read(room_);
  EXPECT_EQ(outcome.bytes, sent.size());
  EXPECT_EQ(outcome.status, ReadStatus::kDrained);
  EXPECT_TRUE(std::equal(sent.begin(), sent.end(), room_.begin()));
}

TEST_P(TlsStreamTest, FullBufferSaysSoAndNothingIsLostInside) {
  TlsPair pair = Make();
  ASSERT_TRUE(pair.Connect());
  const Bytes sent = Pattern(40'000);
  std::size_t written = 0;
  while (written < sent.size()) {
    written += pair.client->Write(ByteView(sent).subspan(written));
  }
  Bytes got;
  Bytes small(1000);
  // The socket is not waited for: all of it must come out by calling again on kFull.
  for (;;) {
    const ReadOutcome outcome = pair.server->Read(small);
    Append(got, ByteView(small).first(outcome.bytes));
    if (outcome.status != ReadStatus::kFull) {
      EXPECT_EQ(outcome.status, ReadStatus::kDrained);
      break;
    }
    EXPECT_GT(outcome.bytes, 0U);
  }
  EXPECT_EQ(got, sent);
}

TEST_P(TlsStreamTest, OneMebibyteBothWaysThroughTinySocketBuffers) {
  TlsPair pair = Make(4096);
  ASSERT_TRUE(pair.Connect()) << pair.server->failure();
  const Bytes down = Pattern(1 << 20);
  const Bytes up = Pattern((1 << 20) + 17);
  ASSERT_TRUE(pair.server->Write(down));  // all at once: what the socket does not take is kept
  EXPECT_GT(pair.server->pending_bytes(), std::size_t{900'000});
  EXPECT_TRUE(pair.server->wants_write());
  Bytes got_down;
  Bytes got_up;
  std::size_t up_written = 0;
  int idle_rounds = 0;
  while ((got_down.size() < down.size() || got_up.size() < up.size()) && idle_rounds < 3) {
    const std::size_t before = got_down.size() + got_up.size() + up_written;
    if (up_written < up.size()) {
      const std::size_t piece = std::min<std::size_t>(2000, up.size() - up_written);
      up_written += pair.client->Write(ByteView(up).subspan(up_written, piece));
    }
    const ReadOutcome outcome = pair.server->Read(room_);
    ASSERT_NE(outcome.status, ReadStatus::kFailed) << pair.server->failure();
    Append(got_up, ByteView(room_).first(outcome.bytes));
    ASSERT_TRUE(pair.server->Flush());
    Append(got_down, pair.client->Read());
    idle_rounds = got_down.size() + got_up.size() + up_written == before ? idle_rounds + 1 : 0;
  }
  EXPECT_EQ(got_down == down, true);
  EXPECT_EQ(got_up == up, true);
  EXPECT_FALSE(pair.server->wants_write());
  EXPECT_EQ(pair.server->pending_bytes(), 0U);
}

TEST_P(TlsStreamTest, CloseNotifyAndPlainCloseAreToldApart) {
  TlsPair polite = Make();
  ASSERT_TRUE(polite.Connect());
  ASSERT_EQ(polite.client->Write(Pattern(5)), 5U);
  polite.client->Shutdown();
  polite.client->CloseTcp();
  const ReadOutcome closed = polite.server->Read(room_);
  EXPECT_EQ(closed.bytes, 5U);
  EXPECT_EQ(closed.status, ReadStatus::kClosed);

  TlsPair abrupt = Make();
  ASSERT_TRUE(abrupt.Connect());
  ASSERT_EQ(abrupt.client->Write(Pattern(5)), 5U);
  abrupt.client->CloseTcp();
  ReadOutcome cut = abrupt.server->Read(room_);
  EXPECT_EQ(cut.bytes, 5U);
  if (cut.status == ReadStatus::kDrained) cut = abrupt.server->Read(room_);
  EXPECT_EQ(cut.status, ReadStatus::kFailed);
  EXPECT_THAT(abrupt.server->failure(), HasSubstr("closed by peer"));
}

TEST_P(TlsStreamTest, ShutdownSendsCloseNotifyOnceAfterTheData) {
  TlsPair pair = Make();
  ASSERT_TRUE(pair.Connect());
  const Bytes last = Pattern(100);
  ASSERT_TRUE(pair.server->Write(last));
  EXPECT_TRUE(pair.server->Shutdown());
  EXPECT_TRUE(pair.server->Shutdown());
  EXPECT_EQ(pair.client->Read(), last);
  EXPECT_TRUE(pair.client->got_close_notify());
  EXPECT_FALSE(pair.client->failed());
}

TEST_P(TlsStreamTest, CorkedRecordsStayApartAndLeaveTogether) {
  TlsPair pair = Make();
  ASSERT_TRUE(pair.Connect());
  pair.client->Read();  // session tickets
  const int client_fd = SSL_get_fd(pair.client->ssl());
  int waiting = -1;
  pair.server->Cork();
  for (std::size_t i = 1; i <= 3; ++i) ASSERT_TRUE(pair.server->Write(Pattern(10 * i)));
  ASSERT_EQ(::ioctl(client_fd, FIONREAD, &waiting), 0);
  EXPECT_EQ(waiting, 0);
  EXPECT_GT(pair.server->pending_bytes(), 60U);
  EXPECT_TRUE(pair.server->Uncork());
  EXPECT_EQ(pair.server->pending_bytes(), 0U);
  Bytes room(1000);
  for (std::size_t i = 1; i <= 3; ++i) {
    std::size_t got = 0;
    ASSERT_EQ(SSL_read_ex(pair.client->ssl(), room.data(), room.size(), &got), 1);
    EXPECT_EQ(got, 10 * i);  // a record each
  }
  ASSERT_TRUE(pair.server->Write(Pattern(5)));
  EXPECT_EQ(pair.client->Read(), Pattern(5)) << "without the cork it leaves at once";
}

TEST_P(TlsStreamTest, GarbageInsteadOfARecordFails) {
  TlsPair pair = Make();
  ASSERT_TRUE(pair.Connect());
  const Bytes garbage = RawRecord(23, 64);  // right form, wrong tag
  ASSERT_EQ(::write(SSL_get_fd(pair.client->ssl()), garbage.data(), garbage.size()),
            static_cast<ssize_t>(garbage.size()));
  EXPECT_EQ(pair.server->Read(room_).status, ReadStatus::kFailed);
  EXPECT_THAT(pair.server->failure(), HasSubstr("TLS read: "));
  EXPECT_FALSE(pair.server->Write(garbage));
  EXPECT_EQ(pair.server->Read(room_).status, ReadStatus::kFailed);
  EXPECT_FALSE(pair.server->flooded());
  pair.client->Read();
  EXPECT_EQ(pair.client->alert(), SSL_AD_BAD_RECORD_MAC);
}

TEST_P(TlsStreamTest, WritingToAClosedPeerFailsWithoutASignal) {
  TlsPair pair = Make();
  ASSERT_TRUE(pair.Connect());
  pair.client->CloseTcp();
  const Bytes data = Pattern(1000);
  EXPECT_FALSE(pair.server->Write(data) && pair.server->Write(data));
  EXPECT_THAT(pair.server->failure(), HasSubstr("sending: "));
  EXPECT_EQ(pair.server->pending_bytes(), 0U);
}

TEST_P(TlsStreamTest, HandshakeSurvivesOctetByOctet) {
  TlsPair pair = Make();
  // A relay between the two, one octet at a time towards the server.
  std::array<int, 2> fds{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
  const UniqueFd relay(fds[1]);
  auto slow = std::move(TlsStream::Create(*context_, UniqueFd(fds[0]))).value();
  const int client_side = pair.server->fd();  // the client's peer socket, used as the relay's end
  HandshakeStatus status = HandshakeStatus::kWantRead;
  for (int i = 0; i < 20'000 && status != HandshakeStatus::kDone; ++i) {
    pair.client->Handshake();
    char octet = 0;
    if (::read(client_side, &octet, 1) == 1) {
      ASSERT_EQ(::write(relay.get(), &octet, 1), 1);
    }
    status = slow->Handshake();
    ASSERT_NE(status, HandshakeStatus::kFailed) << slow->failure();
    std::array<char, 8192> answer{};
    const ssize_t got = ::read(relay.get(), answer.data(), answer.size());
    if (got > 0) {
      ASSERT_EQ(::write(client_side, answer.data(), static_cast<std::size_t>(got)), got);
    }
  }
  EXPECT_EQ(status, HandshakeStatus::kDone);
}

TEST_P(TlsStreamTest, MayMoveToAnotherThreadAfterTheHandshake) {
  TlsPair pair = Make();
  ASSERT_TRUE(pair.Connect());
  const Bytes data = Pattern(2000);
  ASSERT_EQ(pair.client->Write(data), data.size());
  ReadOutcome outcome;
  std::thread worker([&] { outcome = pair.server->Read(room_); });
  worker.join();
  EXPECT_EQ(outcome.bytes, data.size());
}

// ---- One version only

TEST(TlsStream, KeyUpdateIsAnsweredAndTrafficGoesOn) {
  const auto context = ContextOf(KeyType::kEcdsaP256);
  TlsPair pair(*context, {});
  ASSERT_TRUE(pair.Connect());
  Bytes room(4096);
  for (int round = 0; round < 5; ++round) {
    ASSERT_EQ(SSL_key_update(pair.client->ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    const Bytes up = Pattern(500);
    ASSERT_EQ(pair.client->Write(up), up.size());
    ASSERT_EQ(pair.server->Read(room).bytes, up.size()) << pair.server->failure();
    const Bytes down = Pattern(700);
    ASSERT_TRUE(pair.server->Write(down));
    ASSERT_EQ(pair.client->Read(), down);
  }
}

TEST(TlsStream, PeerThatAsksWithoutReadingAnswersIsCutOff) {
  const auto context = ContextOf(KeyType::kEcdsaP256);
  TlsPair pair(*context, {}, 4096);
  ASSERT_TRUE(pair.Connect());
  Bytes room(4096);
  ASSERT_TRUE(pair.server->Write(Pattern(100'000)));  // the socket is full from now on
  ReadOutcome outcome;
  for (int i = 0; i < 100'000 && outcome.status != ReadStatus::kFailed; ++i) {
    SSL_key_update(pair.client->ssl(), SSL_KEY_UPDATE_REQUESTED);
    pair.client->Write(Bytes{'x'});
    outcome = pair.server->Read(room);
  }
  EXPECT_EQ(outcome.status, ReadStatus::kFailed);
  EXPECT_THAT(pair.server->failure(), HasSubstr("floods"));
  EXPECT_LT(pair.server->pending_bytes(), 300'000U);
}

// What the client's OpenSSL sends goes into memory first, so that many small records reach the
// socket as one piece.
class RecordStock {
 public:
  explicit RecordStock(TlsPair& pair)
      : ssl_(pair.client->ssl()), fd_(SSL_get_fd(ssl_)), made_(BIO_new(BIO_s_mem())) {
    SSL_set0_wbio(ssl_, made_);
  }
  void AddKeyUpdate() {
    SSL_key_update(ssl_, SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(ssl_);
  }
  void AddOctet() { SSL_write(ssl_, "x", 1); }
  [[nodiscard]] std::size_t size() const { return BIO_ctrl_pending(made_) + rest_.size(); }
  // As much as the socket takes.
  void Send() {
    Bytes more(BIO_ctrl_pending(made_));
    BIO_read(made_, more.data(), static_cast<int>(more.size()));
    Append(rest_, more);
    while (!rest_.empty()) {
      const ssize_t sent = ::write(fd_, rest_.data(), std::min<std::size_t>(rest_.size(), 32'768));
      if (sent <= 0) break;
      rest_.erase(rest_.begin(), rest_.begin() + sent);
    }
  }

 private:
  SSL* ssl_;
  int fd_;
  BIO* made_;  // owned by ssl_
  Bytes rest_;
};

int WaitingAt(const TlsStream& stream) {
  int octets = 0;
  ::ioctl(stream.fd(), FIONREAD, &octets);
  return octets;
}

TEST(TlsStream, AFloodOfKeyUpdatesEndsInsideOneReadWithTheConnection) {
  const auto context = ContextOf(KeyType::kEcdsaP256);
  TlsPair pair(*context, {});
  ASSERT_TRUE(pair.Connect());
  RecordStock stock(pair);
  while (stock.size() < 1'000'000) stock.AddKeyUpdate();
  stock.Send();
  const int waiting = WaitingAt(*pair.server);
  ASSERT_GT(waiting, 150'000);
  Bytes room(64 * 1024);
  EXPECT_FALSE(pair.server->flooded());
  const ReadOutcome outcome = pair.server->Read(room);
  EXPECT_EQ(outcome.status, ReadStatus::kFailed);
  EXPECT_THAT(pair.server->failure(), HasSubstr("floods"));
  EXPECT_TRUE(pair.server->flooded());
  EXPECT_GT(WaitingAt(*pair.server), waiting - 100'000);
  EXPECT_LT(pair.server->pending_bytes(), 2000U);
}

TEST(TlsStream, OneReadTakesABoundedNumberOfOctetsHoweverLittleDataTheyBring) {
  const auto context = ContextOf(KeyType::kEcdsaP256);
  TlsPair pair(*context, {});
  ASSERT_TRUE(pair.Connect());
  RecordStock stock(pair);
  std::size_t octets = 0;
  for (; stock.size() < 1'000'000; ++octets) stock.AddOctet();
  stock.Send();
  const int waiting = WaitingAt(*pair.server);
  ASSERT_GT(waiting, 150'000);
  Bytes room(64 * 1024);
  ReadOutcome outcome = pair.server->Read(room);
  EXPECT_EQ(outcome.status, ReadStatus::kFull);
  EXPECT_GT(WaitingAt(*pair.server), waiting - 100'000);
  std::size_t got = outcome.bytes;
  EXPECT_GT(got, 0U);
  while (got < octets && (outcome.status == ReadStatus::kFull || stock.size() > 0)) {
    stock.Send();
    outcome = pair.server->Read(room);
    got += outcome.bytes;
    ASSERT_NE(outcome.status, ReadStatus::kFailed) << pair.server->failure();
  }
  EXPECT_EQ(got, octets);
}

TEST(TlsStream, RenegotiationIsRefused) {
  const auto context = ContextOf(KeyType::kEcdsaP256);
  ClientOptions options;
  options.max_version = TLS1_2_VERSION;
  TlsPair pair(*context, options);
  ASSERT_TRUE(pair.Connect());
  ASSERT_EQ(SSL_renegotiate(pair.client->ssl()), 1);
  SSL_do_handshake(pair.client->ssl());
  EXPECT_EQ(SSL_is_init_finished(pair.client->ssl()), 0);  // its ClientHello is on the way
  Bytes room(4096);
  EXPECT_EQ(pair.server->Read(room).status, ReadStatus::kDrained);
  SSL_do_handshake(pair.client->ssl());
  EXPECT_EQ(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
  ERR_clear_error();
}

TEST(TlsStream, PlainHttpOnTheTlsPortFailsWithWords) {
  const auto context = ContextOf(KeyType::kEcdsaP256);
  TlsPair pair(*context, {});
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  ASSERT_GT(::write(SSL_get_fd(pair.client->ssl()), request.data(), request.size()), 0);
  EXPECT_EQ(pair.server->Handshake(), HandshakeStatus::kFailed);
  EXPECT_THAT(pair.server->failure(), HasSubstr("http request"));
  EXPECT_FALSE(pair.server->client_hello_seen());
  EXPECT_EQ(pair.server->Handshake(), HandshakeStatus::kFailed);
}

TEST(TlsStream, ClientThatLeavesDuringTheHandshakeFails) {
  const auto context = ContextOf(KeyType::kEcdsaP256);
  TlsPair pair(*context, {});
  EXPECT_EQ(pair.server->Handshake(), HandshakeStatus::kWantRead);
  pair.client->CloseTcp();
  EXPECT_EQ(pair.server->Handshake(), HandshakeStatus::kFailed);
  EXPECT_THAT(pair.server->failure(), HasSubstr("closed by peer"));
}

TEST(TlsStream, SniIsKeptAsSent) {
  const auto context = ContextOf(KeyType::kEcdsaP256);
  ClientOptions options;
  options.sni = "vpn.example.com";
  TlsPair pair(*context, options);
  ASSERT_TRUE(pair.Connect());
  EXPECT_EQ(pair.server->sni(), "vpn.example.com");
}

}  // namespace
}  // namespace sstpgw::edge
