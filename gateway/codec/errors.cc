#include "gateway/codec/errors.h"

namespace sstpgw::codec {

const char* ToString(ParseErrc code) {
  switch (code) {
    case ParseErrc::kTruncated:
      return "truncated";
    case ParseErrc::kBadVersion:
      return "bad version";
    case ParseErrc::kBadLength:
      return "bad length";
    case ParseErrc::kTrailing:
      return "trailing octets";
    case ParseErrc::kBadValue:
      return "bad value";
    case ParseErrc::kBadCharacter:
      return "bad character";
    case ParseErrc::kWrongType:
      return "wrong type";
  }
  return "unknown";
}

}  // namespace sstpgw::codec
