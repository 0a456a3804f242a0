#include "gateway/codec/http_preamble.h"

#include <algorithm>
#include <array>

#include "proto/base/text.h"

namespace sstpgw::codec {
namespace {

constexpr std::size_t kMaxLogLines = 64;
constexpr std::size_t kMaxLogLine = 256;

std::string_view AsText(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string LowerCase(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), Lower);
  return out;
}

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

// Takes the next line off `rest`, without its line end. The last one may lack it.
std::string_view TakeLine(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

// Position of the first control character other than a tab, npos if there is none.
std::size_t FindControl(std::string_view line) {
  const auto at = std::find_if(line.begin(), line.end(), [](char c) {
    const auto octet = static_cast<std::uint8_t>(c);
    return (octet < 0x20 && octet != '\t') || octet == 0x7f;
  });
  return at == line.end() ? std::string_view::npos : static_cast<std::size_t>(at - line.begin());
}

// Splits at runs of blanks; more than three are reported as four.
std::size_t Tokens(std::string_view line, std::array<std::string_view, 3>& tokens) {
  std::size_t count = 0;
  line = Trim(line);
  while (!line.empty()) {
    if (count == tokens.size()) return count + 1;
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    tokens.at(count++) = line.substr(0, end);
    line = Trim(line.substr(end));
  }
  return count;
}

bool StartsWithIgnoreCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && EqualsIgnoreCase(text.substr(0, prefix.size()), prefix);
}

// What follows "http[s]://", nullopt if `url` does not start so.
std::optional<std::string_view> BehindScheme(std::string_view url) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (StartsWithIgnoreCase(url, scheme)) return url.substr(scheme.size());
  }
  return std::nullopt;
}

std::string_view PathOf(std::string_view target) {
  if (const auto rest = BehindScheme(target)) {
    const std::size_t slash = rest->find('/');
    target = slash == std::string_view::npos ? std::string_view("/") : rest->substr(slash);
  }
  return target.substr(0, target.find_first_of("?#"));
}

std::string HostOf(std::string_view value) {
  if (!value.empty() && value.front() == '[') {
    const std::size_t end = value.find(']');
    if (end != std::string_view::npos) return LowerCase(value.substr(1, end - 1));
  }
  const std::size_t colon = value.find(':');
  const bool one_colon =
      colon != std::string_view::npos && value.find(':', colon + 1) == value.npos;
  return LowerCase(one_colon ? value.substr(0, colon) : value);
}

std::string CorrelationIdOf(std::string_view value) {
  const bool usable =
      value.size() <= kMaxCorrelationId &&
      std::all_of(value.begin(), value.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  return usable ? std::string(value) : std::string();
}

struct Header {
  std::string_view name;
  std::string_view value;
};

// nullopt: a line without a colon, which means nothing to us.
std::optional<Header> SplitHeader(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return Header{Trim(line.substr(0, colon)), Trim(line.substr(colon + 1))};
}

// Takes over what `header` says. False: it contradicts an earlier one.
bool Apply(const Header& header, HttpRequest& request) {
  if (EqualsIgnoreCase(header.name, "host")) {
    std::string host = HostOf(header.value);
    if (request.host && *request.host != host) return false;
    request.host = std::move(host);
  } else if (EqualsIgnoreCase(header.name, "content-length")) {
    if (!request.content_length) request.content_length = std::string(header.value);
  } else if (EqualsIgnoreCase(header.name, "sstpcorrelationid")) {
    if (request.correlation_id.empty()) request.correlation_id = CorrelationIdOf(header.value);
  }
  return true;
}

std::string_view StatusText(HttpStatus status) {
  switch (status) {
    case HttpStatus::kOk:
      return "200 OK";
    case HttpStatus::kMovedPermanently:
      return "301 Moved Permanently";
    case HttpStatus::kBadRequest:
      return "400 Bad Request";
    case HttpStatus::kNotFound:
      return "404 Not Found";
    case HttpStatus::kHeaderTooLarge:
      return "431 Request Header Fields Too Large";
    case HttpStatus::kNotImplemented:
      return "501 Not Implemented";
  }
  return "400 Bad Request";
}

std::string Padded(std::int64_t number, std::size_t width) {
  std::string digits = std::to_string(number);
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return digits;
}

}  // namespace

std::size_t FindHttpHeadEnd(ByteView bytes, std::size_t from) {
  // A line end found earlier may be the one in front of the blank line: look at it again.
  std::size_t at = from > 3 ? from - 3 : 0;
  for (; at < bytes.size(); ++at) {
    if (bytes[at] != '\n') continue;
    if (at + 1 < bytes.size() && bytes[at + 1] == '\n') return at + 2;
    if (at + 2 < bytes.size() && bytes[at + 1] == '\r' && bytes[at + 2] == '\n') return at + 3;
  }
  return 0;
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

bool IsSstpPath(std::string_view path) { return EqualsIgnoreCase(path, kSstpUri); }

Parsed<HttpRequest> ParseHttpRequest(ByteView head) {
  std::string_view rest = AsText(head);
  const auto offset = [&](std::string_view line) {
    return static_cast<std::size_t>(line.data() - AsText(head).data());
  };
  if (rest.find('\n') == std::string_view::npos) return FailAt(ParseErrc::kTruncated, head.size());
  const std::string_view first = TakeLine(rest);
  if (const auto at = FindControl(first); at != std::string_view::npos) {
    return FailAt(ParseErrc::kBadCharacter, at);
  }
  std::array<std::string_view, 3> tokens;
  if (Tokens(first, tokens) != tokens.size()) return FailAt(ParseErrc::kBadValue, 0);
  if (!tokens[2].starts_with("HTTP/1")) return FailAt(ParseErrc::kBadVersion, offset(tokens[2]));

  HttpRequest request;
  request.method = tokens[0];
  request.target = tokens[1];
  request.path = PathOf(tokens[1]);
  request.version = tokens[2];
  while (!rest.empty()) {
    const std::string_view line = TakeLine(rest);
    if (line.empty()) break;
    if (const auto at = FindControl(line); at != std::string_view::npos) {
      return FailAt(ParseErrc::kBadCharacter, offset(line) + at);
    }
    const auto header = SplitHeader(line);
    if (header && !Apply(*header, request)) return FailAt(ParseErrc::kBadValue, offset(line));
  }
  return request;
}

namespace {

// Values that let somebody else in are not for logs.
std::string WithoutCredentials(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::string(line);
  const std::string_view name = Trim(line.substr(0, colon));
  for (const char* secret : {"Authorization", "Proxy-Authorization", "Cookie"}) {
    if (EqualsIgnoreCase(name, secret)) return std::string(name) + ": ***";
  }
  return std::string(line);
}

}  // namespace

std::vector<std::string> HttpLogLines(ByteView head) {
  std::vector<std::string> lines;
  std::string_view rest = AsText(head);
  while (!rest.empty() && lines.size() < kMaxLogLines) {
    const std::string_view line = TakeLine(rest);
    if (line.empty()) continue;
    lines.push_back(Escape(WithoutCredentials(line).substr(0, kMaxLogLine)));
  }
  return lines;
}

std::vector<std::string> HttpReplyLines(HttpStatus status, std::int64_t unix_seconds,
                                        std::string_view location) {
  std::vector<std::string> lines;
  lines.push_back("HTTP/1.1 " + std::string(StatusText(status)));
  lines.push_back("Date: " + HttpDate(unix_seconds));
  if (status == HttpStatus::kOk) {
    lines.push_back("Content-Length: " + std::string(kSstpContentLength));
    return lines;
  }
  if (status == HttpStatus::kMovedPermanently)
    lines.push_back("Location: " + std::string(location));
  lines.emplace_back("Content-Length: 0");
  lines.emplace_back("Connection: close");
  return lines;
}

Bytes EncodeHttpLines(const std::vector<std::string>& lines) {
  Bytes out;
  const auto append = [&out](std::string_view text) {
    out.insert(out.end(), text.begin(), text.end());
  };
  for (const std::string& line : lines) {
    append(line);
    append("\r\n");
  }
  append("\r\n");
  return out;
}

std::string RedirectLocation(std::string_view url, std::string_view request_target) {
  std::string location(url);
  const auto rest = BehindScheme(url);
  if (rest && rest->find('/') == std::string_view::npos) {
    if (request_target.empty() || request_target.front() != '/') location += '/';
    // A target in absolute form names another host: only its path may go there.
    location += BehindScheme(request_target) ? PathOf(request_target).substr(1) : request_target;
  }
  std::erase_if(location, [](char c) { return c <= 0x20 || c >= 0x7f; });
  return location;
}

std::string HttpDate(std::int64_t unix_seconds) {
  constexpr std::array<const char*, 7> kDays{"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr std::int64_t kWholeWeeks = std::int64_t{7} * 146097;
  constexpr std::int64_t kYear0 = -62167219200;  // 0000-01-01, proleptic Gregorian
  constexpr std::int64_t kEndOf9999 = 253402300799;
  const std::int64_t since_year0 = std::clamp(unix_seconds, kYear0, kEndOf9999) - kYear0;
  const std::int64_t day = since_year0 / 86400;
  const std::int64_t second = since_year0 % 86400;
  // Years of March to February make the leap day the last of its year. Era: 400 years, 146097 days,
  // counted from 1 March of year -400 so that nothing is negative.
  const std::int64_t shifted = day + 146097 - 60;
  const std::int64_t era = shifted / 146097;
  const std::int64_t day_of_era = shifted % 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t march_month = (5 * day_of_year + 2) / 153;
  const std::int64_t day_of_month = day_of_year - (153 * march_month + 2) / 5 + 1;
  const std::int64_t month = march_month < 10 ? march_month + 2 : march_month - 10;  // 0: January
  const std::int64_t year = (era - 1) * 400 + year_of_era + (month < 2 ? 1 : 0);
  // 1970-01-01 was a Thursday and is day 719528.
  const auto weekday = static_cast<std::size_t>((day - 719528 + kWholeWeeks) % 7);
  return std::string(kDays.at(weekday)) + ", " + Padded(day_of_month, 2) + " " +
         kMonths.at(static_cast<std::size_t>(month)) + " " + Padded(year, 4) + " " +
         Padded(second / 3600, 2) + ":" + Padded(second / 60 % 60, 2) + ":" +
         Padded(second % 60, 2) + " GMT";
}

std::vector<std::string> HttpRequestLines(std::string_view host, std::string_view correlation_id) {
  std::vector<std::string> lines;
  lines.push_back(std::string(kSstpMethod) + " " + std::string(kSstpUri) + " HTTP/1.1");
  if (!correlation_id.empty()) {
    lines.push_back("SSTPCORRELATIONID: " + std::string(correlation_id));
  }
  lines.push_back("Content-Length: " + std::string(kSstpContentLength));
  lines.push_back("Host: " + std::string(host));
  return lines;
}

Parsed<HttpReply> ParseHttpReply(ByteView head) {
  std::string_view rest = AsText(head);
  if (rest.find('\n') == std::string_view::npos) return FailAt(ParseErrc::kTruncated, head.size());
  std::string_view first = TakeLine(rest);
  if (!first.starts_with("HTTP/1.")) return FailAt(ParseErrc::kBadVersion, 0);
  const std::size_t blank = std::min(first.find(' '), first.size());
  const std::string_view status = first.substr(blank);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (status.size() < 4 || !std::all_of(status.begin() + 1, status.begin() + 4, is_digit) ||
      (status.size() > 4 && status[4] != ' ')) {
    return FailAt(ParseErrc::kBadValue, blank);
  }
  HttpReply reply;
  for (const char c : status.substr(1, 3)) {
    reply.status = static_cast<std::uint16_t>(reply.status * 10 + (c - '0'));
  }
  reply.reason = Trim(status.substr(4));
  while (!rest.empty()) {
    const std::string_view line = TakeLine(rest);
    if (line.empty()) break;
    const auto header = SplitHeader(line);
    if (!header) continue;
    if (EqualsIgnoreCase(header->name, "content-length")) {
      reply.content_length = std::string(header->value);
    } else if (EqualsIgnoreCase(header->name, "location")) {
      reply.location = std::string(header->value);
    }
  }
  return reply;
}

}  // namespace sstpgw::codec
