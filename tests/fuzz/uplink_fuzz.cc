// The uplink: one stream, handed over whole and in pieces, with and without a budget, must give the
// same events; held memory stays bounded; only packets with the session's sources come out as data,
// and stay as they are until their end is told; what is for the gateway itself is what it says.
//
// Input: 1 octet piece size; 1 octet: bits 0..2 "data path opens after so many packets", 3 IPv6 is
// negotiated, 4 IPv4 is not, 5 MPPE is on; then the stream. The cipher leaves octets as they are.
#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gateway/datapath/uplink.h"
#include "tests/fuzz/require.h"

namespace sstpgw::fuzz {
namespace {

constexpr Ipv4Address kSource{0x0a000002};
constexpr InterfaceId kPeerId{0, 0, 0, 0, 0, 0, 0, 2};

// The first octet says what becomes of the frame.
class OpenSecret final : public datapath::PacketOpener {
 public:
  Opened Open(ByteView frame, std::span<std::uint8_t> out) override {
    Require(out.size() >= frame.size());
    if (frame.size() < 2) return {Status::kBroken, {}};
    if (frame[0] != 0) return {frame[0] == 1 ? Status::kOutOfStep : Status::kBroken, {}};
    std::copy(frame.begin() + 2, frame.end(), out.begin());
    return {Status::kOpened, out.first(frame.size() - 2)};
  }
};

struct Setting {
  std::size_t open_after = 0;
  bool ipv4 = true;
  bool ipv6 = false;
  bool mppe = false;
};

bool IsLinkLocal(const std::uint8_t* address) {
  return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

class Recorder : public datapath::UplinkHandler {
 public:
  Recorder(datapath::Uplink& uplink, const Setting& setting) : uplink_(uplink), setting_(setting) {
    if (setting.mppe) uplink.SetOpener(&opener_, room_);
  }

  bool OnHttpHead(ByteView head) override {
    Note('h', head);
    return true;
  }
  bool OnHttpHeadTooLong() override {
    Note('l', {});
    return false;
  }
  bool OnSstpPacket(ByteView packet) override {
    Require(packet.size() >= 4 && packet.size() <= 4095);
    Note('p', packet);
    if (++packets_ == setting_.open_after) {
      uplink_.OpenData({{.ipv4 = setting_.ipv4, .ipv6 = setting_.ipv6},
                        {{kSource, 32}},
                        {{MakeIpv6Prefix(Ipv6Address({0xfd}), 64)}},
                        kPeerId});
      open_ = true;
    }
    return packets_ < 200;
  }
  bool OnUndelineated() override {
    Note('u', {});
    return false;
  }
  bool OnIpv6Control(ByteView packet) override {
    Require(open_ && setting_.ipv6 && packet.size() >= 41 && (packet[0] >> 4) == 6);
    Require(IsLinkLocal(&packet[8]) || std::count(&packet[8], &packet[24], 0) == 16);
    const bool solicitation = packet[6] == 58 && packet[40] == 133;
    Require(solicitation ||
            (packet[6] == 17 && packet.size() >= 48 && packet[42] == 2 && packet[43] == 0x23));
    Note('c', packet);
    return ++packets_ < 200;
  }
  bool OnMppeOutOfStep() override {
    Require(setting_.mppe);
    Note('o', {});
    return ++packets_ < 200;
  }
  void OnIpPacket(ByteView packet) override {
    Require(open_ && packet.size() >= 20);
    if ((packet[0] >> 4) == 4) {
      Require(setting_.ipv4);
      Require(packet[12] == 10 && packet[13] == 0 && packet[14] == 0 && packet[15] == 2);
    } else {
      Require(setting_.ipv6 && (packet[0] >> 4) == 6 && packet.size() >= 40);
      const bool global = packet[8] == 0xfd && std::count(&packet[9], &packet[16], 0) == 7;
      const bool stays = IsLinkLocal(&packet[24]) || packet[24] == 0xff;
      Require(global || (IsLinkLocal(&packet[8]) && packet[23] == 2 && stays));
    }
    Note('i', packet);
    views_.push_back(packet);
    first_ = std::min(first_, events_.size() - 1);
  }
  void OnIpPacketsEnd() override {
    Require(!views_.empty());
    for (const ByteView view : views_) {
      const std::string& event = events_[first_++];
      Require(std::equal(view.begin(), view.end(), event.begin() + 1, event.end(),
                         [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); }));
    }
    views_.clear();
    first_ = kNone;
  }

  [[nodiscard]] const std::vector<std::string>& events() const { return events_; }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  void Note(char kind, ByteView bytes) {
    Require(kind == 'i' || views_.empty());  // their end comes before anything else
    events_.push_back(kind + std::string(bytes.begin(), bytes.end()));
  }
  datapath::Uplink& uplink_;
  const Setting setting_;
  OpenSecret opener_;
  std::array<std::uint8_t, 6000> room_{};  // little more than one frame
  std::size_t packets_ = 0;
  bool open_ = false;
  std::vector<std::string> events_;
  std::vector<ByteView> views_;  // of packets whose end has not come
  std::size_t first_ = kNone;    // of their events
};

// `at_once`: how many pieces may go to the session's brain per call.
std::vector<std::string> Run(ByteView stream, std::size_t piece, const Setting& setting,
                             std::size_t at_once) {
  datapath::Uplink uplink;
  Recorder recorder(uplink, setting);
  while (!stream.empty()) {
    const ByteView part = stream.first(std::min(piece, stream.size()));
    // A copy of its own, so that reading beyond it is seen.
    const Bytes copy(part.begin(), part.end());
    for (ByteView rest = copy; !rest.empty();) {
      std::size_t budget = at_once;
      rest = uplink.Consume(rest, recorder, budget);
      Require(rest.empty() || budget == 0);
    }
    Require(uplink.held() <= datapath::kMaxHttpHead);
    stream = stream.subspan(part.size());
  }
  return recorder.events();
}

}  // namespace
}  // namespace sstpgw::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sstpgw;
  if (size < 2) return 0;
  const ByteView stream(data + 2, size - 2);
  const std::size_t piece = std::size_t{data[0]} + 1;
  const fuzz::Setting setting{data[1] % 8U, (data[1] & 0x10) == 0, (data[1] & 0x08) != 0,
                              (data[1] & 0x20) != 0};
  fuzz::Require(fuzz::Run(stream, piece, setting, 1) ==
                fuzz::Run(stream, std::max<std::size_t>(stream.size(), 1), setting, 1'000'000));
  return 0;
}
