// The uplink: one stream, handed over whole and in pieces, with and without a budget, must give the
// same events; held memory stays bounded; only packets with the session's source address come out
// as data.
//
// Input: 1 octet piece size, 1 octet "data path opens after so many packets", then the stream.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/datapath/uplink.h"
#include "tests/fuzz/require.h"

namespace sstpgw::fuzz {
namespace {

constexpr Ipv4Address kSource{0x0a000002};

class Recorder : public datapath::UplinkHandler {
 public:
  Recorder(datapath::Uplink& uplink, std::size_t open_after)
      : uplink_(uplink), open_after_(open_after) {}

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
    if (++packets_ == open_after_) {
      uplink_.OpenData(kSource);
      open_ = true;
    }
    return packets_ < 200;
  }
  bool OnUndelineated() override {
    Note('u', {});
    return false;
  }
  void OnIpPacket(ByteView packet) override {
    Require(open_ && packet.size() >= 20 && (packet[0] >> 4) == 4);
    Require(packet[12] == 10 && packet[13] == 0 && packet[14] == 0 && packet[15] == 2);
    Note('i', packet);
  }
  void OnIpPacketsEnd() override {}

  [[nodiscard]] const std::vector<std::string>& events() const { return events_; }

 private:
  void Note(char kind, ByteView bytes) {
    events_.push_back(kind + std::string(bytes.begin(), bytes.end()));
  }
  datapath::Uplink& uplink_;
  std::size_t open_after_;
  std::size_t packets_ = 0;
  bool open_ = false;
  std::vector<std::string> events_;
};

// `at_once`: how many pieces may go to the session's brain per call.
std::vector<std::string> Run(ByteView stream, std::size_t piece, std::size_t open_after,
                             std::size_t at_once) {
  datapath::Uplink uplink;
  Recorder recorder(uplink, open_after);
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
  const std::size_t open_after = data[1] % 8U;
  fuzz::Require(fuzz::Run(stream, piece, open_after, 1) ==
                fuzz::Run(stream, std::max<std::size_t>(stream.size(), 1), open_after, 1'000'000));
  return 0;
}
