// sstpctl: the operator's command line. Everything is in commands.h.
#include <iostream>

#include "controlplane/cli/commands.h"

int main(int argc, char** argv) {
  return sstpgw::cli::RunSstpctl(argc, argv, std::cout, std::cerr);
}
