// SPDX-License-Identifier: Apache-2.0
// Sending on a blocking socket, for programs beside the event loop (verbs, doctor). A peer that left is an error, never a signal.
#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <string_view>

namespace siltgate::net {

#ifdef MSG_NOSIGNAL
inline constexpr int send_flags = MSG_NOSIGNAL;
#else
inline constexpr int send_flags = 0;  // macOS: SO_NOSIGPIPE, or SIGPIPE ignored by the program
#endif

/// False when the peer is gone.
inline bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), send_flags);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace siltgate::net
