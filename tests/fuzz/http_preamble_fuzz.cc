// HTTP preamble: any octets as a request head, as a reply head, and as a request target.
#include <algorithm>
#include <cstdint>
#include <string>

#include "gateway/codec/http_preamble.h"
#include "tests/fuzz/require.h"

namespace sstpgw::fuzz {
namespace {

bool IsClean(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto octet = static_cast<std::uint8_t>(c);
    return octet < 0x20 || octet == 0x7f;
  });
}

void Request(ByteView bytes) {
  const std::size_t end = codec::FindHttpHeadEnd(bytes);
  Require(end <= bytes.size());
  // Found in one look or in two: the same.
  const std::size_t half = bytes.size() / 2;
  const std::size_t early = codec::FindHttpHeadEnd(bytes.first(half));
  Require((early > 0 ? early : codec::FindHttpHeadEnd(bytes, half)) == end);

  for (const std::string& line : codec::HttpLogLines(bytes)) Require(IsClean(line));
  const auto request = codec::ParseHttpRequest(end > 0 ? bytes.first(end) : bytes);
  if (!request) return;
  Require(!request->method.empty() && !request->target.empty());
  Require(request->correlation_id.size() <= codec::kMaxCorrelationId);
  Require(request->path.size() <= request->target.size() || request->path == "/");
  static_cast<void>(codec::IsSstpPath(request->path));
  const std::string location = codec::RedirectLocation("https://example.com", request->target);
  Require(location.starts_with("https://example.com/") && IsClean(location));
  // The reply is one head: its only blank line is the last.
  const Bytes reply = codec::EncodeHttpLines(
      codec::HttpReplyLines(codec::HttpStatus::kMovedPermanently, 1709139784, location));
  Require(codec::FindHttpHeadEnd(reply) == reply.size());
}

}  // namespace
}  // namespace sstpgw::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sstpgw;
  const ByteView bytes(data, size);
  fuzz::Request(bytes);
  const auto reply = codec::ParseHttpReply(bytes);
  if (reply) fuzz::Require(reply->status <= 999);
  std::int64_t seconds = 0;
  for (const std::uint8_t octet : bytes.first(std::min<std::size_t>(size, 8))) {
    seconds = static_cast<std::int64_t>((static_cast<std::uint64_t>(seconds) << 8) | octet);
  }
  fuzz::Require(codec::HttpDate(seconds).size() == 29);
  return 0;
}
