#include "controlplane/radius/dictionary.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/dictionary_reader.h"
#include "tests/unit/radius/dictionary_files.h"

namespace sstpgw::cp::radius {
namespace {

using ::testing::HasSubstr;

Dictionary Loaded(const std::string& text, Files others = {}) {
  others["d"] = text;
  auto loaded = Dictionary::Load({"d"}, From(std::move(others)));
  if (loaded) return *std::move(loaded);
  for (const DictionaryIssue& issue : loaded.error()) ADD_FAILURE() << Render(issue);
  return Dictionary::BuiltIn();
}

TEST(BuiltInDictionary, IsWithoutErrors) {
  Dictionary dictionary;
  for (const DictionaryIssue& issue : ReadBuiltIn(dictionary)) ADD_FAILURE() << Render(issue);
  EXPECT_GT(dictionary.attribute_count(), 150U);
}

TEST(BuiltInDictionary, HasEveryAttributeThatTheProductUses) {
  const Dictionary dictionary = Dictionary::BuiltIn();
  const struct {
    AttributeKey key;
    const char* name;
    ValueType type;
  } kAll[] = {
      {kUserName, "User-Name", ValueType::kString},
      {kUserPassword, "User-Password", ValueType::kString},
      {kChapPassword, "CHAP-Password", ValueType::kOctets},
      {kNasIpAddress, "NAS-IP-Address", ValueType::kIpv4Address},
      {kNasPort, "NAS-Port", ValueType::kInteger},
      {kServiceType, "Service-Type", ValueType::kInteger},
      {kFramedProtocol, "Framed-Protocol", ValueType::kInteger},
      {kFramedIpAddress, "Framed-IP-Address", ValueType::kIpv4Address},
      {kFramedIpNetmask, "Framed-IP-Netmask", ValueType::kIpv4Address},
      {kFilterId, "Filter-Id", ValueType::kString},
      {kFramedMtu, "Framed-MTU", ValueType::kInteger},
      {kReplyMessage, "Reply-Message", ValueType::kString},
      {kFramedRoute, "Framed-Route", ValueType::kString},
      {kState, "State", ValueType::kOctets},
      {kClass, "Class", ValueType::kOctets},
      {kVendorSpecific, "Vendor-Specific", ValueType::kNested},
      {kSessionTimeout, "Session-Timeout", ValueType::kInteger},
      {kIdleTimeout, "Idle-Timeout", ValueType::kInteger},
      {kTerminationAction, "Termination-Action", ValueType::kInteger},
      {kCalledStationId, "Called-Station-Id", ValueType::kString},
      {kCallingStationId, "Calling-Station-Id", ValueType::kString},
      {kNasIdentifier, "NAS-Identifier", ValueType::kString},
      {kProxyState, "Proxy-State", ValueType::kOctets},
      {kAcctStatusType, "Acct-Status-Type", ValueType::kInteger},
      {kAcctDelayTime, "Acct-Delay-Time", ValueType::kInteger},
      {kAcctInputOctets, "Acct-Input-Octets", ValueType::kInteger},
      {kAcctOutputOctets, "Acct-Output-Octets", ValueType::kInteger},
      {kAcctSessionId, "Acct-Session-Id", ValueType::kString},
      {kAcctAuthentic, "Acct-Authentic", ValueType::kInteger},
      {kAcctSessionTime, "Acct-Session-Time", ValueType::kInteger},
      {kAcctInputPackets, "Acct-Input-Packets", ValueType::kInteger},
      {kAcctOutputPackets, "Acct-Output-Packets", ValueType::kInteger},
      {kAcctTerminateCause, "Acct-Terminate-Cause", ValueType::kInteger},
      {kAcctInputGigawords, "Acct-Input-Gigawords", ValueType::kInteger},
      {kAcctOutputGigawords, "Acct-Output-Gigawords", ValueType::kInteger},
      {kEventTimestamp, "Event-Timestamp", ValueType::kDate},
      {kChapChallenge, "CHAP-Challenge", ValueType::kOctets},
      {kNasPortType, "NAS-Port-Type", ValueType::kInteger},
      {kTunnelPassword, "Tunnel-Password", ValueType::kString},
      {kEapMessage, "EAP-Message", ValueType::kOctets},
      {kMessageAuthenticator, "Message-Authenticator", ValueType::kOctets},
      {kAcctInterimInterval, "Acct-Interim-Interval", ValueType::kInteger},
      {kNasPortId, "NAS-Port-Id", ValueType::kString},
      {kFramedPool, "Framed-Pool", ValueType::kString},
      {kNasIpv6Address, "NAS-IPv6-Address", ValueType::kIpv6Address},
      {kFramedInterfaceId, "Framed-Interface-Id", ValueType::kInterfaceId},
      {kFramedIpv6Prefix, "Framed-IPv6-Prefix", ValueType::kIpv6Prefix},
      {kFramedIpv6Route, "Framed-IPv6-Route", ValueType::kString},
      {kFramedIpv6Pool, "Framed-IPv6-Pool", ValueType::kString},
      {kErrorCause, "Error-Cause", ValueType::kInteger},
      {kDelegatedIpv6Prefix, "Delegated-IPv6-Prefix", ValueType::kIpv6Prefix},
      {kFramedIpv6Address, "Framed-IPv6-Address", ValueType::kIpv6Address},
      {kDnsServerIpv6Address, "DNS-Server-IPv6-Address", ValueType::kIpv6Address},
      {kRouteIpv6Information, "Route-IPv6-Information", ValueType::kIpv6Prefix},
      {kDelegatedIpv6PrefixPool, "Delegated-IPv6-Prefix-Pool", ValueType::kString},
      {kStatefulIpv6AddressPool, "Stateful-IPv6-Address-Pool", ValueType::kString},
      {kCiscoAvPair, "Cisco-AVPair", ValueType::kString},
      {kMsChapResponse, "MS-CHAP-Response", ValueType::kOctets},
      {kMsChapError, "MS-CHAP-Error", ValueType::kString},
      {kMsMppeEncryptionPolicy, "MS-MPPE-Encryption-Policy", ValueType::kInteger},
      {kMsMppeEncryptionTypes, "MS-MPPE-Encryption-Types", ValueType::kInteger},
      {kMsChapChallenge, "MS-CHAP-Challenge", ValueType::kOctets},
      {kMsChapMppeKeys, "MS-CHAP-MPPE-Keys", ValueType::kOctets},
      {kMsMppeSendKey, "MS-MPPE-Send-Key", ValueType::kOctets},
      {kMsMppeRecvKey, "MS-MPPE-Recv-Key", ValueType::kOctets},
      {kMsChap2Response, "MS-CHAP2-Response", ValueType::kOctets},
      {kMsChap2Success, "MS-CHAP2-Success", ValueType::kOctets},
      {kMsPrimaryDnsServer, "MS-Primary-DNS-Server", ValueType::kIpv4Address},
      {kMsSecondaryDnsServer, "MS-Secondary-DNS-Server", ValueType::kIpv4Address},
      {kMsPrimaryNbnsServer, "MS-Primary-NBNS-Server", ValueType::kIpv4Address},
      {kMsSecondaryNbnsServer, "MS-Secondary-NBNS-Server", ValueType::kIpv4Address},
      {kMikrotikRateLimit, "Mikrotik-Rate-Limit", ValueType::kString},
      {kAccelVrfName, "Accel-VRF-Name", ValueType::kString},
  };
  for (const auto& expected : kAll) {
    const DictionaryAttribute* by_name = dictionary.Find(expected.name);
    ASSERT_NE(by_name, nullptr) << expected.name;
    EXPECT_EQ(by_name->key, expected.key) << expected.name;
    EXPECT_EQ(by_name->value_type, expected.type) << expected.name;
    EXPECT_EQ(dictionary.Find(expected.key), by_name) << expected.name;
  }
}

TEST(BuiltInDictionary, OptionsAndValues) {
  const Dictionary dictionary = Dictionary::BuiltIn();
  EXPECT_EQ(dictionary.Find("User-Password")->encryption, Encryption::kPassword);
  EXPECT_EQ(dictionary.Find("MS-MPPE-Send-Key")->encryption, Encryption::kSalted);
  EXPECT_TRUE(dictionary.Find("Tunnel-Password")->has_tag);
  EXPECT_EQ(dictionary.Find("Tunnel-Password")->encryption, Encryption::kSalted);
  EXPECT_TRUE(dictionary.Find("EAP-Message")->concat);
  EXPECT_TRUE(dictionary.Find("MS-CHAP2-Response")->secret);
  EXPECT_EQ(dictionary.ValueName(kServiceType, 2), "Framed-User");
  EXPECT_EQ(dictionary.ValueName(kAcctStatusType, 3), "Interim-Update");
  EXPECT_EQ(dictionary.ValueName(kErrorCause, 503), "Session-Context-Not-Found");
  EXPECT_EQ(dictionary.ValueName(kErrorCause, 1), "");
  EXPECT_EQ(dictionary.ValueName({9, 200}, 1), "");
  EXPECT_EQ(*dictionary.RequireValue(kAcctStatusType, "alive"), 3U);
  EXPECT_THAT(dictionary.RequireValue(kServiceType, "Framed-Usr").error().message,
              HasSubstr("did you mean Framed-User?"));
  EXPECT_FALSE(dictionary.RequireValue({9, 200}, "x"));
  EXPECT_EQ(dictionary.VendorName(14988), "Mikrotik");
  EXPECT_EQ(dictionary.VendorName(1), "");
}

TEST(Dictionary, NamesHaveNoCase) {
  const Dictionary dictionary = Dictionary::BuiltIn();
  EXPECT_EQ(dictionary.Find("fIlTeR-iD"), dictionary.Find(kFilterId));
  EXPECT_EQ(*dictionary.RequireVendor("mikroTIK"), 14988U);
}

TEST(Dictionary, UnknownNamesAreErrorsThatNameTheNearest) {
  const Dictionary dictionary = Dictionary::BuiltIn();
  const auto missing = dictionary.Require("Filter-ld");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().message,
            "RADIUS attribute Filter-ld is in no dictionary, did you mean Filter-Id?");
  EXPECT_THAT(dictionary.RequireVendor("Mikrotk").error().message,
              HasSubstr("did you mean Mikrotik?"));
  EXPECT_EQ(dictionary.Require("a\nb").error().message,
            "RADIUS attribute a\\x0ab is in no dictionary");
}

TEST(Dictionary, ResolvesWhatAnOperatorWrites) {
  const Dictionary dictionary = Loaded("VENDOR Four 4444 format=2,1\n");
  EXPECT_EQ(*dictionary.Resolve("Filter-Id", ""), kFilterId);
  EXPECT_EQ(*dictionary.Resolve("11", ""), kFilterId);
  EXPECT_EQ(*dictionary.Resolve("254", ""), (AttributeKey{0, 254}));
  EXPECT_EQ(*dictionary.Resolve("Mikrotik-Rate-Limit", "Mikrotik"), kMikrotikRateLimit);
  EXPECT_EQ(*dictionary.Resolve("8", "14988"), kMikrotikRateLimit);
  EXPECT_EQ(*dictionary.Resolve("7", "123456"), (AttributeKey{123456, 7}));
  EXPECT_EQ(*dictionary.Resolve("0", "8744"), (AttributeKey{8744, 0}));
  EXPECT_EQ(*dictionary.Resolve("300", "Four"), (AttributeKey{4444, 300}));

  const struct {
    const char* attribute;
    const char* vendor;
    const char* says;
  } kBad[] = {
      {"Mikrotik-Rate-Limit", "", "belongs to vendor Mikrotik, not to the standard attributes"},
      {"Mikrotik-Rate-Limit", "Cisco", "belongs to vendor Mikrotik, not to Cisco"},
      {"Filter-Id", "Cisco", "is a standard attribute, without vendor"},
      {"Fitler-Id", "", "did you mean Filter-Id?"},
      {"Filter-Id", "Ciscoo", "did you mean Cisco?"},
      {"0", "", "must be 1..255"},
      {"256", "", "must be 1..255"},
      {"256", "9", "must be 0..255"},
      {"65536", "Four", "must be 0..65535"},
      {"-1", "", "is in no dictionary"},
      {"", "", "is in no dictionary"},
      {"1", "0", "must be 1..16777215"},
      {"1", "16777216", "must be 1..16777215"},
      {"4294967297", "", "is in no dictionary"},
  };
  for (const auto& bad : kBad) {
    const auto key = dictionary.Resolve(bad.attribute, bad.vendor);
    ASSERT_FALSE(key) << bad.attribute << " " << bad.vendor;
    EXPECT_THAT(key.error().message, HasSubstr(bad.says));
  }
}

TEST(Dictionary, AnOperatorsFile) {
  const Dictionary dictionary = Loaded(
      "# our own\r\n"
      "VENDOR\tExample-ISP\t32473\r\n"
      "begin-vendor Example-ISP   # lower case works\n"
      "\tATTRIBUTE  Example-Rate  0x0a  STRING\n"
      "ATTRIBUTE Example-Key 11 octets[32] has_tag,encrypt=2\n"
      "ATTRIBUTE Example-Mode 12 uint32\n"
      "END-VENDOR Example-ISP\n"
      "ATTRIBUTE Old-Form 13 string Example-ISP\n"
      "VALUE Example-Mode On 0x01\n"
      "ATTRIBUTE A-Server's-Own 1100 string\n"
      "ATTRIBUTE Later 200 integer");
  EXPECT_EQ(dictionary.Find("Example-Rate")->key, (AttributeKey{32473, 10}));
  EXPECT_EQ(dictionary.Find("Example-Key")->encryption, Encryption::kSalted);
  EXPECT_TRUE(dictionary.Find("Example-Key")->has_tag);
  EXPECT_EQ(dictionary.Find("Example-Key")->value_type, ValueType::kOctets);
  EXPECT_EQ(dictionary.Find("Old-Form")->key, (AttributeKey{32473, 13}));
  EXPECT_EQ(dictionary.ValueName({32473, 12}, 1), "On");
  EXPECT_FALSE(dictionary.Find("A-Server's-Own")->on_wire);
  EXPECT_FALSE(dictionary.Resolve("A-Server's-Own", ""));
  EXPECT_EQ(dictionary.Find("Later")->key, (AttributeKey{0, 200}));
  EXPECT_NE(dictionary.Find("User-Name"), nullptr);
}

TEST(Dictionary, FormatsOfVendors) {
  const Dictionary dictionary = Loaded(
      "VENDOR USR 429 format=4,0\n"
      "VENDOR Lucent 4846 format=2,1\n"
      "VENDOR WiMAX 24757 format=1,1,c\n"
      "BEGIN-VENDOR Lucent\nATTRIBUTE Lucent-Wide 0xfffe integer\nEND-VENDOR Lucent\n");
  EXPECT_EQ(dictionary.vendor_formats().at(429), (VendorFormat{4, 0, false}));
  EXPECT_EQ(dictionary.vendor_formats().at(4846), (VendorFormat{2, 1, false}));
  EXPECT_EQ(dictionary.vendor_formats().at(24757), (VendorFormat{1, 1, true}));
  EXPECT_EQ(dictionary.Find("Lucent-Wide")->key, (AttributeKey{4846, 0xfffe}));
}

TEST(Dictionary, WhatIsInsideAnotherAttributeIsKnownByNameOnly) {
  const Dictionary dictionary = Loaded(
      "ATTRIBUTE Outer 230 tlv\n"
      "ATTRIBUTE Inner 230.1 string\n"
      "BEGIN-TLV Outer\nATTRIBUTE Inner-2 2 string\nEND-TLV Outer\n"
      "ATTRIBUTE Extended-Attribute-1 241 extended\n"
      "BEGIN-VENDOR Cisco format=Extended-Vendor-Specific-1\n"
      "ATTRIBUTE Inner-3 1 string\n"
      "END-VENDOR Cisco\n");
  for (const char* name : {"Inner", "Inner-2", "Inner-3"}) {
    ASSERT_NE(dictionary.Find(name), nullptr) << name;
    EXPECT_FALSE(dictionary.Find(name)->on_wire) << name;
    EXPECT_FALSE(dictionary.Resolve(name, "")) << name;
  }
  EXPECT_EQ(dictionary.Find(kCiscoAvPair)->name, "Cisco-AVPair");
}

TEST(Dictionary, TheSameAgainIsNoError) {
  const Dictionary dictionary = Loaded(
      "ATTRIBUTE Filter-Id 11 octets\n"
      "ATTRIBUTE Our-Filter 11 string\n"
      "VENDOR Cisco 9\n"
      "VALUE Service-Type Framed 2\n");
  EXPECT_EQ(dictionary.Find("Filter-Id")->value_type, ValueType::kOctets);
  EXPECT_EQ(dictionary.Find("Our-Filter")->key, kFilterId);
  EXPECT_EQ(dictionary.Find(kFilterId)->name, "Our-Filter");  // the last name is the one shown
  EXPECT_EQ(dictionary.ValueName(kServiceType, 2), "Framed");
  EXPECT_EQ(*dictionary.RequireValue(kServiceType, "Framed-User"), 2U);
}

TEST(Dictionary, Includes) {
  const Dictionary dictionary = Loaded(
      "$INCLUDE sub/a\n"
      "$INCLUDE- not/there\n"
      "$include /abs\n",
      {{"sub/a", "ATTRIBUTE A 201 string\n$INCLUDE b\n$INCLUDE b\n"},
       {"sub/b", "ATTRIBUTE B 202 string\nVALUE C one 1\n"},
       {"/abs", "ATTRIBUTE C 203 integer\n$INCLUDE /sub/d"},
       {"/sub/d", "ATTRIBUTE D 204 string"}});
  for (const char* name : {"A", "B", "C", "D"}) EXPECT_NE(dictionary.Find(name), nullptr) << name;
  EXPECT_EQ(dictionary.ValueName({0, 203}, 1), "one");
}

TEST(Dictionary, SeveralFilesInOrder) {
  const ReadFile read = From(
      {{"one", "VENDOR V 77\n"}, {"two", "BEGIN-VENDOR V\nATTRIBUTE W 1 string\nEND-VENDOR V\n"}});
  EXPECT_TRUE(Dictionary::Load({"one", "two"}, read));
  EXPECT_FALSE(Dictionary::Load({"two", "one"}, read));
  EXPECT_TRUE(Dictionary::Load({}, read));
}

// Debian's package freeradius-common, as an operator would include it.
TEST(Dictionary, TheTreeOfFreeRadius) {
  const std::string root = "/usr/share/freeradius/dictionary";
  if (!std::filesystem::exists(root)) {
    std::cout << root << " is absent (package freeradius-common): not looked at\n";
    return;
  }
  const ReadFile read = [](const std::string& path) -> Result<std::string> {
    std::ifstream file(path, std::ios::binary);
    if (!file) return Fail(Error{ErrorCode::kNotFound, "cannot be opened"});
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const auto loaded = Dictionary::Load({root}, read);
  if (!loaded) {
    for (const DictionaryIssue& issue : loaded.error()) ADD_FAILURE() << Render(issue);
    return;
  }
  EXPECT_GT(loaded->attribute_count(), 5000U);
  EXPECT_EQ(loaded->Find("WISPr-Bandwidth-Max-Down")->key, (AttributeKey{14122, 8}));
  EXPECT_EQ(loaded->Find("ERX-Qos-Profile-Name")->key, (AttributeKey{4874, 26}));
  EXPECT_EQ(loaded->Find("Framed-Pool")->key, kFramedPool);
  EXPECT_EQ(loaded->Find("Accel-VRF-Name")->key, kAccelVrfName);
  EXPECT_TRUE(loaded->vendor_formats().at(24757).opaque);

  // Whatever both know has the same number and, where it matters to us, the same type.
  const Dictionary ours = Dictionary::BuiltIn();
  for (std::uint32_t type = 1; type <= 255; ++type) {
    const DictionaryAttribute* mine = ours.Find(AttributeKey{0, type});
    const DictionaryAttribute* theirs = mine ? loaded->Find(mine->name) : nullptr;
    if (theirs == nullptr) continue;
    EXPECT_EQ(theirs->key, mine->key);
    EXPECT_EQ(theirs->value_type, mine->value_type) << mine->name;
    EXPECT_EQ(theirs->encryption, mine->encryption) << mine->name;
    EXPECT_EQ(theirs->has_tag, mine->has_tag) << mine->name;
  }
}

}  // namespace
}  // namespace sstpgw::cp::radius
