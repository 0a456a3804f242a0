#include "controlplane/cli/json.h"

#include <array>
#include <cstdio>
#include <utility>

namespace sstpgw::cli {
namespace {

// Length of the valid UTF-8 sequence at the front (RFC 3629), 0 if there is none.
std::size_t SequenceLength(std::string_view text) {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = octet(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 && first <= 0xf4   ? 4
                             : first >= 0xe0 && first <= 0xef ? 3
                             : first >= 0xc2 && first <= 0xdf ? 2
                                                              : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((octet(i) & 0xc0U) != 0x80U) return 0;
  }
  const unsigned char second = octet(1);
  if (first == 0xe0 && second < 0xa0) return 0;  // longer than need be
  if (first == 0xed && second > 0x9f) return 0;  // surrogates
  if (first == 0xf0 && second < 0x90) return 0;
  if (first == 0xf4 && second > 0x8f) return 0;  // beyond U+10FFFF
  return length;
}

std::string EscapeAscii(char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) return std::string(1, c);
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "\\u%04x", static_cast<unsigned char>(c));
  return text.data();
}

}  // namespace

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string JsonQuote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    if (length == 1) {
      out += EscapeAscii(text.front());
    } else if (length == 0) {
      out += "\xef\xbf\xbd";  // U+FFFD
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out + "\"";
}

void JsonWriter::Break() { out_ += "\n" + std::string(filled_.size() * 2, ' '); }

void JsonWriter::BeforeValue() {
  if (std::exchange(after_key_, false) || filled_.empty()) return;
  if (filled_.back()) out_ += ",";
  filled_.back() = true;
  Break();
}

JsonWriter& JsonWriter::Raw(std::string_view text) {
  BeforeValue();
  out_ += text;
  return *this;
}

JsonWriter& JsonWriter::Begin(char bracket) {
  BeforeValue();
  out_ += bracket;
  filled_.push_back(false);
  return *this;
}

JsonWriter& JsonWriter::End(char bracket) {
  const bool filled = filled_.back();
  filled_.pop_back();
  if (filled) Break();
  out_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::BeginObject() { return Begin('{'); }
JsonWriter& JsonWriter::EndObject() { return End('}'); }
JsonWriter& JsonWriter::BeginArray() { return Begin('['); }
JsonWriter& JsonWriter::EndArray() { return End(']'); }

JsonWriter& JsonWriter::Key(std::string_view name) {
  BeforeValue();
  out_ += JsonQuote(name) + ": ";
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view value) { return Raw(JsonQuote(value)); }
JsonWriter& JsonWriter::Number(std::int64_t value) { return Raw(std::to_string(value)); }
JsonWriter& JsonWriter::Number(std::uint64_t value) { return Raw(std::to_string(value)); }
JsonWriter& JsonWriter::Millionths(std::uint64_t value) {
  std::string digits = std::to_string(1'000'000 + value % 1'000'000).substr(1);
  digits.erase(digits.find_last_not_of('0') + 1);
  return Raw(std::to_string(value / 1'000'000) + (digits.empty() ? "" : "." + digits));
}
JsonWriter& JsonWriter::Bool(bool value) { return Raw(value ? "true" : "false"); }

std::string JsonWriter::Take() {
  out_ += "\n";
  return std::move(out_);
}

}  // namespace sstpgw::cli
