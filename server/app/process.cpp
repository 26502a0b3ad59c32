// SPDX-License-Identifier: Apache-2.0
#include "app/process.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif
#if defined(__APPLE__)
#include <malloc/malloc.h>
#endif

namespace siltgate::app {
namespace {

constexpr std::size_t kept_free = 64;         // log, control socket, state file, resolver, listeners
constexpr std::size_t resting_each = 64;      // what upstream::Pool keeps per provider

}  // namespace

void forbid_core_dumps() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_CORE, &limit) != 0) return;
  // Linux hands a core to a program (core_pattern "|…") in spite of the limit 0, but never with 1; a file of one byte is not
  // written either. A hard limit of 0, as the unit sets it, stays.
#if defined(__linux__)
  constexpr rlim_t none = 1;
#else
  constexpr rlim_t none = 0;
#endif
  limit.rlim_cur = limit.rlim_max = std::min(none, limit.rlim_max);
  ::setrlimit(RLIMIT_CORE, &limit);
}

void fill_standard_descriptors() {
  int fd = ::open("/dev/null", O_RDWR);   // takes the lowest number that is free
  while (fd >= 0 && fd <= STDERR_FILENO) fd = ::open("/dev/null", O_RDWR);
  if (fd > STDERR_FILENO) ::close(fd);
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  rlim_t most = limit.rlim_max;
#if defined(__APPLE__)
  most = std::min<rlim_t>(most, OPEN_MAX);   // more is refused whatever the hard limit says
#endif
  if (limit.rlim_cur >= most) return;
  limit.rlim_cur = most;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::size_t connections_that_fit(std::size_t descriptors, std::size_t providers) {
  const std::size_t other = kept_free + resting_each * providers;
  if (descriptors <= 2 * other) return std::max<std::size_t>(descriptors / 4, 1);
  return (descriptors - other) / 2;
}

std::size_t connections_that_fit(std::size_t providers) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return INT_MAX;
  return connections_that_fit(static_cast<std::size_t>(limit.rlim_cur), providers);
}

void give_back_memory() {
#if defined(__GLIBC__)
  ::malloc_trim(0);
#elif defined(__APPLE__)
  ::malloc_zone_pressure_relief(nullptr, 0);
#endif
}

}  // namespace siltgate::app
