// RADIUS is read and checked, but mode radius is refused until the control plane acts on it. The
// switch is `unsupported_choices` of AuthenticationConfig.mode in config.proto; whoever flips it
// flips this constant, and the tests then expect the mode to be taken. README.md says in "RADIUS"
// and in "What is not built yet" how things stand.
#pragma once

namespace sstpgw::cp {

inline constexpr bool kModeRadiusIsTaken = false;
inline constexpr const char* kModeIsNotYet =
    "sstp.authentication.mode: is not supported yet (backends other than local users)";

}  // namespace sstpgw::cp
