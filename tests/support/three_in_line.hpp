// SPDX-License-Identifier: Apache-2.0
// Three requests on a cap of one: the first is at the provider, the others wait for it.
#pragma once

#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

namespace siltgate::test {

struct ThreeInLine {
  TestClient first, second, third;

  ThreeInLine(RunningSiltgate& siltgate, ScriptedUpstream& upstream) : first(siltgate.port()), second(siltgate.port()), third(siltgate.port()) {
    first.post_chat(chat_request("first"));
    CHECK(upstream.wait_for_requests(1));
    second.post_chat(chat_request("second"));
    third.post_chat(chat_request("third"));
    CHECK(siltgate.wait_for_waiting(2));
  }
};

}  // namespace siltgate::test
