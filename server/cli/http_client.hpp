// SPDX-License-Identifier: Apache-2.0
// A small blocking HTTP/1.1 client over plain POSIX sockets: the command line speaks to the control socket with it, and the
// self-test to its own siltgate. One request per connection; knows no verbs.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "http/head.hpp"

namespace siltgate::cli {

/// Where to connect: a Unix socket, or a port of 127.0.0.1.
struct Where {
  std::string unix_path;
  std::uint16_t port = 0;
};

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";
  std::string body;
  std::vector<std::pair<std::string, std::string>> fields;
  Duration silence = std::chrono::seconds(30);   // longest wait for the next byte; 0 = for ever
};

struct HttpReply {
  int status = 0;               // 0 = no response head arrived
  http::Fields fields;
  std::string body;             // without transfer coding; empty when a sink took it
  bool complete = false;        // the body ended as its framing says
  std::string fault;            // what went wrong, "" = nothing
  int system = 0;               // errno of a connect that failed
};

/// Takes body bytes as they come; false ends the request.
using BodySink = std::function<bool(std::string_view)>;

/// Never throws, never raises SIGPIPE.
HttpReply http_request(const Where& where, const HttpRequest& request, const BodySink& sink = {});

}  // namespace siltgate::cli
