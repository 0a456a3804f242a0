// The HTTP exchange in front of SSTP ([MS-SSTP] 3.2.4.1, 3.3.2; features 1.2): one request head in,
// one reply head out, no bodies. Also the client's half, for tests and our test client.
//
//   SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1
//   Host: vpn.example.com
//   Content-Length: 18446744073709551615
//   SSTPCORRELATIONID: {48B82435-099A-4158-A987-052E7570CFAA}
//
// Lines end with CRLF or LF, mixed as the peer likes. Header names are case-insensitive, values
// lose the blanks around them; lines without a colon are ignored. All results own their text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/codec/errors.h"
#include "proto/base/types.h"

namespace sstpgw::codec {

inline constexpr std::string_view kSstpMethod = "SSTP_DUPLEX_POST";
inline constexpr std::string_view kSstpUri = "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/";
inline constexpr std::string_view kSstpContentLength = "18446744073709551615";  // 2^64-1
inline constexpr std::size_t kMaxCorrelationId = 64;

// Where the head ends: the number of octets up to and including the first blank line, 0 if there is
// none yet. `from`: octets already searched by an earlier call on the same, since grown, bytes.
[[nodiscard]] std::size_t FindHttpHeadEnd(ByteView bytes, std::size_t from = 0);

struct HttpRequest {
  std::string method;               // as sent
  std::string target;               // as sent, with query
  std::string path;                 // of the target: no scheme and authority, no query, no fragment
  std::string version;              // "HTTP/1.1"
  std::optional<std::string> host;  // port stripped, brackets of an IPv6 address too; lower case
  std::optional<std::string> content_length;  // as sent
  std::string correlation_id;  // printable ASCII only, at most 64; empty: none or unusable
};

// `head`: from the first octet up to and including the blank line. Errors (all are answered 400):
// kTruncated no line; kBadValue not three tokens, or two different Host headers; kBadVersion not
// HTTP/1.x; kBadCharacter NUL or another control character.
[[nodiscard]] Parsed<HttpRequest> ParseHttpRequest(ByteView head);

// Path comparison of features 1.2: case-insensitive.
[[nodiscard]] bool IsSstpPath(std::string_view path);
[[nodiscard]] bool EqualsIgnoreCase(std::string_view a, std::string_view b);  // ASCII

// The head's lines without line ends and without the blank one, escaped for the log. Works on
// anything, also on what ParseHttpRequest refuses. At most 64 lines of at most 256 octets each.
[[nodiscard]] std::vector<std::string> HttpLogLines(ByteView head);

enum class HttpStatus : std::uint16_t {
  kOk = 200,
  kMovedPermanently = 301,
  kBadRequest = 400,
  kNotFound = 404,
  kHeaderTooLarge = 431,
  kNotImplemented = 501,
};

// The reply's lines without line ends and without the blank one, for the log and for
// EncodeHttpLines. 200: status, Date, Content-Length 2^64-1. Others: status, Date, Location (301
// only), Content-Length 0, Connection: close. `location`: see RedirectLocation.
[[nodiscard]] std::vector<std::string> HttpReplyLines(HttpStatus status, std::int64_t unix_seconds,
                                                      std::string_view location = {});
// Lines joined with CRLF plus the blank line.
[[nodiscard]] Bytes EncodeHttpLines(const std::vector<std::string>& lines);

// Location for `http-error: <url>`: the URL, with the request's target appended when the URL has no
// path. Octets that may not stand in a header are left out.
[[nodiscard]] std::string RedirectLocation(std::string_view url, std::string_view request_target);

// "Wed, 28 Feb 2024 17:03:04 GMT" (RFC 7231 7.1.1.1). Years 0000..9999; other times are clamped.
[[nodiscard]] std::string HttpDate(std::int64_t unix_seconds);

// ---- The client's half

// The request a client sends, in the order of the trace. `correlation_id` empty: left out.
[[nodiscard]] std::vector<std::string> HttpRequestLines(std::string_view host,
                                                        std::string_view correlation_id);

struct HttpReply {
  std::uint16_t status = 0;
  std::string reason;
  std::optional<std::string> content_length;
  std::optional<std::string> location;
};
[[nodiscard]] Parsed<HttpReply> ParseHttpReply(ByteView head);

}  // namespace sstpgw::codec
