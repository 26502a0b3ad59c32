// SPDX-License-Identifier: Apache-2.0
#include <boost/version.hpp>
#include <openssl/crypto.h>

#include "cli/exit_code.hpp"
#include "cli/verbs.hpp"

namespace siltgate::cli {

int version(const Command&, const Io& io) {
  io.out << "siltgate " << SILTGATE_VERSION << " (Boost " << BOOST_VERSION / 100000 << '.' << BOOST_VERSION / 100 % 1000
         << ", " << OpenSSL_version(OPENSSL_VERSION) << ")\n";
  return exit_ok;
}

}  // namespace siltgate::cli
