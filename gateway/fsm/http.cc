#include "gateway/fsm/http.h"

#include "proto/base/text.h"

namespace sstpgw::fsm {
namespace {

using codec::HttpStatus;

HttpDecision Refuse(const SstpSettings& settings, HttpStatus status, Counter counter,
                    std::int64_t unix_seconds) {
  if (settings.http_error == HttpErrorPolicy::kDeny) {
    return {.reply = {}, .counter = Counter::kHttpRefusedSilently, .notes = {}};
  }
  return {.reply = codec::HttpReplyLines(status, unix_seconds), .counter = counter, .notes = {}};
}

// What is worth a debug line but no refusal.
std::vector<std::string> NotesOn(const codec::HttpRequest& request) {
  std::vector<std::string> notes;
  if (!request.content_length) {
    notes.emplace_back("sstp: request without Content-Length");
  } else if (*request.content_length != codec::kSstpContentLength) {
    notes.push_back("sstp: unusual Content-Length " +
                    Escape(request.content_length->substr(0, 64)));
  }
  return notes;
}

}  // namespace

HttpDecision DecideHttp(const SstpSettings& settings, ByteView head, std::int64_t unix_seconds) {
  const auto request = codec::ParseHttpRequest(head);
  if (!request) {
    return Refuse(settings, HttpStatus::kBadRequest, Counter::kHttpBadRequest, unix_seconds);
  }
  const bool duplex_post = codec::EqualsIgnoreCase(request->method, codec::kSstpMethod);
  if (!duplex_post && !codec::EqualsIgnoreCase(request->method, "GET")) {
    return Refuse(settings, HttpStatus::kNotImplemented, Counter::kHttpNotImplemented,
                  unix_seconds);
  }
  const bool right_host =
      settings.host_name.empty() ||
      (request->host && codec::EqualsIgnoreCase(*request->host, settings.host_name));
  if (!right_host) {
    return Refuse(settings, HttpStatus::kNotFound, Counter::kHttpNotFound, unix_seconds);
  }
  if (!duplex_post || !codec::IsSstpPath(request->path)) {
    if (settings.http_error == HttpErrorPolicy::kRedirect) {
      const std::string location =
          codec::RedirectLocation(settings.http_redirect_url, request->target);
      return {.reply = codec::HttpReplyLines(HttpStatus::kMovedPermanently, unix_seconds, location),
              .counter = Counter::kHttpRedirected,
              .notes = {}};
    }
    return Refuse(settings, HttpStatus::kNotFound, Counter::kHttpNotFound, unix_seconds);
  }
  return {.accepted = true,
          .reply = codec::HttpReplyLines(HttpStatus::kOk, unix_seconds),
          .counter = Counter::kHttpOk,
          .notes = NotesOn(*request)};
}

HttpDecision DecideHttpTooLong(const SstpSettings& settings, std::int64_t unix_seconds) {
  return Refuse(settings, HttpStatus::kHeaderTooLarge, Counter::kHttpTooLong, unix_seconds);
}

}  // namespace sstpgw::fsm
