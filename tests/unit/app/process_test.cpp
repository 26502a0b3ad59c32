// SPDX-License-Identifier: Apache-2.0
#include "app/process.hpp"

#include "support/catch.hpp"

using siltgate::app::connections_that_fit;

TEST_CASE("connections leave descriptors for their upstreams, resting ones and siltgate itself", "[app]") {
  CHECK(connections_that_fit(65536, 1) == (65536 - 128) / 2);
  CHECK(connections_that_fit(1024, 2) == (1024 - 192) / 2);
  for (std::size_t descriptors : {0u, 1u, 16u, 256u, 257u, 1024u, 20000u})
    for (std::size_t providers : {0u, 1u, 5u, 100u}) {
      const auto fit = connections_that_fit(descriptors, providers);
      INFO(descriptors << ' ' << providers);
      CHECK(fit >= 1);
      if (descriptors >= 16) CHECK(2 * fit < descriptors);
    }
}
