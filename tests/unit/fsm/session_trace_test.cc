// The reference trace (features Annex B, the page's "Troubleshooting"), played step by step: every
// log line, in order, with its prefix.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/codec/sstp_control.h"
#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

using codec::PppCode;
using codec::PppProtocol;
using testing::ElementsAre;

constexpr int kMru = 1, kMagic = 5, kPfc = 7, kAcfc = 8, kCallback = 13;

Bytes Identification(const std::string& text) {
  Bytes data = Octets({0x34, 0x5f, 0x64, 0xca});
  data.insert(data.end(), text.begin(), text.end());
  return data;
}

class SessionTrace : public testing::Test {
 protected:
  SessionTrace() {
    // Magic number, then the identifiers that LCP, CCP and IPCP count up from.
    driver_.entropy().Script({0x1c, 0xd9, 0xad, 0x05, 0x55, 0x01, 0x24});
    driver_.Start();
  }

  void OpenLcp() {
    const Bytes magic = Option(kMagic, Octets({0x34, 0x5f, 0x64, 0xca}));
    const Bytes mru_4091 = Option(kMru, Octets({0x0f, 0xfb}));
    driver_.Lcp(PppCode::kConfigureRequest, 0,
                Join({mru_4091, magic, Option(kPfc, {}), Option(kAcfc, {}),
                      Option(kCallback, Octets({6}))}));
    driver_.Lcp(PppCode::kConfigureRequest, 1, Join({mru_4091, magic}));
    driver_.Lcp(PppCode::kConfigureRequest, 2, Join({Option(kMru, Octets({0x05, 0xac})), magic}));
    driver_.Advance(std::chrono::seconds(3));  // the client did not see our first request
    driver_.AckTheirLcpRequest();
  }

  void OpenIpcp() {
    driver_.Ipcp(PppCode::kConfigureRequest, 7,
                 Join({AddressOption(3, "0.0.0.0"), AddressOption(129, "0.0.0.0"),
                       AddressOption(130, "0.0.0.0"), AddressOption(131, "0.0.0.0"),
                       AddressOption(132, "0.0.0.0")}));
    driver_.AckTheirIpcpRequest();
    driver_.Ipcp(PppCode::kConfigureRequest, 8, AddressOption(3, "0.0.0.0"));
    driver_.Ipcp(PppCode::kConfigureRequest, 9, AddressOption(3, "10.0.0.5"));
  }

  SessionDriver driver_;
};

TEST_F(SessionTrace, EveryLineInOrder) {
  driver_.Http();
  driver_.Sstp(codec::EncodeConnectRequest());
  OpenLcp();
  driver_.Lcp(PppCode::kIdentification, 3, Identification("MSRASV5.20"));
  driver_.Lcp(PppCode::kIdentification, 4, Identification("MSRAS-0-MSEDGEWIN10"));
  driver_.Pap("test", "test");
  driver_.Judge(TraceAccept());
  driver_.Sstp(driver_.CallConnected());
  driver_.Ppp(PppProtocol::kIpv6cp, ControlPacketOf(PppCode::kConfigureRequest, 6,
                                                    Option(1, Octets({1, 2, 3, 4, 5, 6, 7, 8}))));
  OpenIpcp();

  EXPECT_THAT(
      driver_.TakeLog(),
      ElementsAre(
          "sstp: started",
          ":: recv [HTTP <SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1>]",
          ":: recv [HTTP <SSTPCORRELATIONID: {48B82435-099A-4158-A987-052E7570CFAA}>]",
          ":: recv [HTTP <Content-Length: 18446744073709551615>]",
          ":: recv [HTTP <Host: vyos.io>]",    //
          ":: send [HTTP <HTTP/1.1 200 OK>]",  //
          ":: send [HTTP <Date: Wed, 28 Feb 2024 17:03:04 GMT>]",
          ":: send [HTTP <Content-Length: 18446744073709551615>]",
          ":: recv [SSTP SSTP_MSG_CALL_CONNECT_REQUEST]",
          ":: send [SSTP SSTP_MSG_CALL_CONNECT_ACK]",  //
          ":: lcp_layer_init",                         //
          ":: auth_layer_init",                        //
          ":: ccp_layer_init",                         //
          ":: ipcp_layer_init",                        //
          ":: ipv6cp_layer_init",                      //
          ":: ppp establishing",                       //
          ":: lcp_layer_start",
          ":: send [LCP ConfReq id=56 <auth PAP> <mru 1452> <magic 1cd9ad05>]",
          ":: recv [LCP ConfReq id=0 <mru 4091> <magic 345f64ca> <pcomp> <accomp> < d 3 6 >]",
          ":: send [LCP ConfRej id=0 <pcomp> <accomp> < d 3 6 >]",
          ":: recv [LCP ConfReq id=1 <mru 4091> <magic 345f64ca>]",
          ":: send [LCP ConfNak id=1 <mru 1452>]",
          ":: recv [LCP ConfReq id=2 <mru 1452> <magic 345f64ca>]",
          ":: send [LCP ConfAck id=2]",  //
          ":: fsm timeout 9", ":: send [LCP ConfReq id=56 <auth PAP> <mru 1452> <magic 1cd9ad05>]",
          ":: recv [LCP ConfAck id=56 <auth PAP> <mru 1452> <magic 1cd9ad05>]",
          ":: lcp_layer_started",  //
          ":: auth_layer_start",   //
          ":: recv [LCP Ident id=3 <MSRASV5.20>]",
          ":: recv [LCP Ident id=4 <MSRAS-0-MSEDGEWIN10>]",  //
          ":: recv [PAP AuthReq id=3]",
          "ppp0:test: connect: ppp0 <--> sstp(192.168.10.100:49852)",  //
          "ppp0:test: ppp connected",
          "ppp0:test: send [PAP AuthAck id=3 \"Authentication succeeded\"]",
          "ppp0:test: test: authentication succeeded",  //
          "ppp0:test: auth_layer_started",              //
          "ppp0:test: ccp_layer_start",                 //
          "ppp0:test: ipcp_layer_start",                //
          "ppp0:test: ipv6cp_layer_start",              //
          "ppp0:test: recv [SSTP SSTP_MSG_CALL_CONNECTED]",
          "ppp0:test: IPV6CP: discarding packet",  //
          "ppp0:test: send [LCP ProtoRej id=87 <8057>]",
          "ppp0:test: recv [IPCP ConfReq id=7 <addr 0.0.0.0> <dns1 0.0.0.0> <wins1 0.0.0.0> "
          "<dns2 0.0.0.0> <wins2 0.0.0.0>]",
          "ppp0:test: send [IPCP ConfReq id=25 <addr 10.0.0.1>]",
          "ppp0:test: send [IPCP ConfRej id=7 <dns1 0.0.0.0> <wins1 0.0.0.0> <dns2 0.0.0.0> "
          "<wins2 0.0.0.0>]",
          "ppp0:test: recv [IPCP ConfAck id=25 <addr 10.0.0.1>]",
          "ppp0:test: recv [IPCP ConfReq id=8 <addr 0.0.0.0>]",
          "ppp0:test: send [IPCP ConfNak id=8 <addr 10.0.0.5>]",
          "ppp0:test: recv [IPCP ConfReq id=9 <addr 10.0.0.5>]",
          "ppp0:test: send [IPCP ConfAck id=9]",  //
          "ppp0:test: ipcp_layer_started",        //
          "ppp0:test: rename interface to 'sstp0'", "sstp0:test: sstp: ppp: started",
          "sstp0:test: session up: address 10.0.0.5, client 192.168.10.100:49852"));
  EXPECT_EQ(driver_.Snapshot().state, SessionState::kActive);
  EXPECT_EQ(driver_.Snapshot().interface_name, "sstp0");
  EXPECT_EQ(driver_.Snapshot().mtu, 1452);
  ASSERT_TRUE(driver_.activation.has_value());
  EXPECT_EQ(driver_.activation->plan.ipv4->local.ToString(), "10.0.0.1");
  EXPECT_EQ(driver_.activation->plan.ipv4->peer.ToString(), "10.0.0.5");
  EXPECT_EQ(driver_.activation->mtu, 1452);
}

}  // namespace
}  // namespace sstpgw::fsm
