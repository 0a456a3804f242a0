// An object file that does what a pure layer may not, and some things that it may: the proof that
// check_purity.py finds the first and leaves the others alone. Linked into nothing.
#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace sstpgw::lint {

std::int64_t AsksTheClock() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

bool AsksTheEnvironment() { return std::getenv("HOME") != nullptr; }

int AsksChance() {
  std::array<unsigned char, 4> bytes{};
  return RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
}

ssize_t ReachesTheSystem(int descriptor) {
  std::array<char, 16> bytes{};
  return ::recv(descriptor, bytes.data(), bytes.size(), 0);
}

int Prints() { return std::puts("hello"); }

// Mere computing: none of what these reference may be found.
bool OnlyComputes(const char* text) {
  in_addr address{};
  std::array<char, 32> buffer{};
  const std::string copy(text);
  const bool ok = ::inet_pton(AF_INET, copy.c_str(), &address) == 1;
  std::snprintf(buffer.data(), buffer.size(), "%u", address.s_addr);
  OPENSSL_cleanse(buffer.data(), buffer.size());
  return ok;
}

}  // namespace sstpgw::lint
