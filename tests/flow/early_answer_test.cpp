// SPDX-License-Identifier: Apache-2.0
// Providers that answer before they have the whole request, and may never read the rest of it.
#include <fmt/format.h>

#include <atomic>
#include <list>
#include <thread>

#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;

namespace {

const std::string prompt = chat_request(std::string(8'000'000, 'p'));   // more than the sockets between hold
const std::string refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{\"error\":\"nokey\"}";
const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";

/// Says `first` when it has the head of a request. With a `last` it reads the whole request before it says that; without, it reads no
/// further. Connections stay open.
class HastyProvider {
 public:
  HastyProvider(std::string first, std::string last, SSL_CTX* tls = nullptr)
      : first_(std::move(first)), last_(std::move(last)), tls_(tls), thread_([this] { accept_all(); }) {}
  ~HastyProvider() {
    stop_.raise();
    thread_.join();
  }
  std::string url() const { return fmt::format("{}://127.0.0.1:{}/v1", tls_ ? "https" : "http", listener_.port()); }
  int connections() const { return connections_; }

 private:
  void accept_all() {
    for (int fd = listener_.accept(stop_.fd()); fd >= 0; fd = listener_.accept(stop_.fd())) {
      ++connections_;
      Wire& wire = open_.emplace_back(fd, stop_.fd());
      if (!tls_ || wire.accept_tls(tls_, soon()) == End::open) serve(wire);
    }
  }

  void serve(Wire& wire) const {
    std::string got;
    while (got.find("\r\n\r\n") == std::string::npos)
      if (wire.read(got, soon()) != End::open) return;
    const std::size_t whole = got.find("\r\n\r\n") + 4 + prompt.size();
    wire.write(first_, soon());
    while (!last_.empty() && got.size() < whole)
      if (wire.read(got, soon()) != End::open) return;
    if (!last_.empty()) wire.write(last_, soon());
  }

  std::string first_, last_;
  SSL_CTX* tls_;
  StopSignal stop_;
  Listener listener_;
  std::list<Wire> open_;
  std::atomic<int> connections_{0};
  std::thread thread_;
};

}  // namespace

TEST_CASE("an answer that comes before the whole prompt has left is passed on at once, and its connection is not used again", "[early]") {
  Authority authority;
  const auto context = authority.server("127.0.0.1");
  const std::string trusting = nlohmann::json({{"providers", {{"up", {{"ca_file", authority.ca_file()}}}}}}).dump();
  for (SSL_CTX* tls : {static_cast<SSL_CTX*>(nullptr), context.get()}) {
    HastyProvider provider(refusal, "", tls);
    RunningSiltgate siltgate(provider.url(), tls ? trusting : "{}");
    for (int turn = 1; turn <= 2; ++turn) {
      const Reply reply = TestClient::ask(siltgate.port(), prompt);
      CHECK(reply.status == 401);
      CHECK(reply.body == R"({"error":"nokey"})");
      CHECK(siltgate.wait_for_in_flight(0));
      CHECK(provider.connections() == turn);
    }
  }
}

TEST_CASE("an interim answer does not keep the rest of the prompt back", "[early]") {
  Authority authority;
  const auto context = authority.server("127.0.0.1");
  const std::string trusting = nlohmann::json({{"providers", {{"up", {{"ca_file", authority.ca_file()}}}}}}).dump();
  for (const std::string& first : {interim, interim + interim, std::string()})
    for (SSL_CTX* tls : {static_cast<SSL_CTX*>(nullptr), context.get()}) {
      HastyProvider provider(first, refusal, tls);
      RunningSiltgate siltgate(provider.url(), tls ? trusting : "{}");
      const Reply reply = TestClient::ask(siltgate.port(), prompt);
      CHECK(reply.status == 401);
      CHECK(siltgate.exchange(reply.field("siltgate-id"))["request_bytes"] == prompt.size());
    }
}
