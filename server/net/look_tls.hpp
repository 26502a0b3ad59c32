// SPDX-License-Identifier: Apache-2.0
// The parts of look.cpp that know OpenSSL: a handshake that goes on over a bad certificate and notes what was bad.
#pragma once

#include "net/look.hpp"

namespace siltgate::net {

/// poll() until `until`; false when the time is over or the descriptor is no good.
bool ready_within(int descriptor, short event, TimePoint until);
/// After SSL_read, SSL_write or SSL_do_handshake returned `returned`: true when it can be tried again.
bool wait_for_tls(SSL* ssl, int descriptor, int returned, TimePoint until);
/// `ssl` is the connection afterwards.
TlsSeen look_at_tls(const Question& question, int descriptor, std::unique_ptr<SSL, SslFree>& ssl);

}  // namespace siltgate::net
