#include "tests/client/target.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>

namespace sstpgw::client {
namespace {

Result<std::uint16_t> ParsePort(const std::string& text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [last, code] = std::from_chars(text.data(), end, port);
  if (code != std::errc() || last != end || port == 0) {
    return Fail(Error{ErrorCode::kInvalidArgument, "port '" + text + "' is not 1..65535"});
  }
  return port;
}

Result<std::string> Resolve(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (code != 0) {
    return Fail(Error{ErrorCode::kNotFound, "resolve " + host + ": " + gai_strerror(code)});
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  std::array<char, 64> text{};
  getnameinfo(found->ai_addr, found->ai_addrlen, text.data(), text.size(), nullptr, 0,
              NI_NUMERICHOST);
  return std::string(text.data());
}

}  // namespace

Result<void> SetServer(Target& target, const std::string& server) {
  std::string host = server;
  std::string port;
  const std::size_t colon = server.rfind(':');
  if (!server.empty() && server.front() == '[') {
    const std::size_t end = server.find(']');
    if (end == std::string::npos) {
      return Fail(Error{ErrorCode::kInvalidArgument, "'" + server + "': ] is missing"});
    }
    host = server.substr(1, end - 1);
    if (end + 1 < server.size()) port = server.substr(end + 2);
  } else if (colon != std::string::npos && server.find(':') == colon) {
    host = server.substr(0, colon);
    port = server.substr(colon + 1);
  }
  if (!port.empty()) {
    SG_ASSIGN_OR_RETURN(target.port, ParsePort(port));
  }
  SG_ASSIGN_OR_RETURN(target.address, Resolve(host));
  target.options.host = server;
  if (target.tls.verify_name.empty()) {
    target.tls.verify_name = target.tls.sni.empty() ? host : target.tls.sni;
  }
  return {};
}

Result<InterfaceId> ParseInterfaceId(const std::string& text) {
  InterfaceId id{};
  const char* at = text.data();
  const char* end = text.data() + text.size();
  for (std::size_t group = 0; group < 4; ++group) {
    std::uint16_t value = 0;
    const auto [last, code] = std::from_chars(at, end, value, 16);
    const bool more = group < 3;
    if (code != std::errc() || last - at > 4 ||
        (more ? last == end || *last != ':' : last != end)) {
      return Fail(Error{ErrorCode::kInvalidArgument, "'" + text + "' is not x:x:x:x"});
    }
    id[group * 2] = static_cast<std::uint8_t>(value >> 8);
    id[group * 2 + 1] = static_cast<std::uint8_t>(value & 0xff);
    at = more ? last + 1 : last;
  }
  return id;
}

Result<AuthList> ParseAuthList(const std::string& text) {
  static const std::map<std::string, EapMethod> kEapNames{{"eap-md5", EapMethod::kMd5},
                                                          {"eap-mschapv2", EapMethod::kMsChapV2},
                                                          {"eap-tls", EapMethod::kTls},
                                                          {"eap-peap", EapMethod::kPeap}};
  AuthList all;
  std::vector<AuthProtocol>& list = all.protocols;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string name = text.substr(at, end - at);
    if (name == "pap") {
      list.push_back(AuthProtocol::kPap);
    } else if (name == "chap") {
      list.push_back(AuthProtocol::kChapMd5);
    } else if (name == "mschap") {
      list.push_back(AuthProtocol::kMsChapV1);
    } else if (name == "mschap-v2") {
      list.push_back(AuthProtocol::kMsChapV2);
    } else if (kEapNames.contains(name)) {
      if (std::find(list.begin(), list.end(), AuthProtocol::kEap) != list.end()) {
        return Fail(Error{ErrorCode::kInvalidArgument, "more than one EAP method"});
      }
      list.push_back(AuthProtocol::kEap);
      all.eap = kEapNames.at(name);
    } else {
      return Fail(Error{ErrorCode::kInvalidArgument,
                        "'" + name +
                            "' is not one of pap, chap, mschap, mschap-v2, eap-md5, eap-mschapv2, "
                            "eap-tls, eap-peap"});
    }
    at = end + 1;
  }
  return all;
}

}  // namespace sstpgw::client
