// SPDX-License-Identifier: Apache-2.0
// Whom siltgate trusts over TLS: old protocols, cut handshakes, the environment's store, sessions and renegotiation.
#include <fmt/format.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>

#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;

namespace {

constexpr const char* key_line = "Authorization: Bearer sk-secret-4711\r\n";

Script models() {
  return [](UpstreamExchange& exchange) {
    exchange.answer(200, R"({"object":"list","data":[]})", "application/json", "Connection: close\r\n");
    exchange.close();
  };
}

std::string trusting(const std::string& ca_file) {
  return nlohmann::json({{"providers", {{"up", {{"ca_file", ca_file}, {"retry", {{"attempts", 1}}}}}}}}).dump();
}

int status_of(std::uint16_t port) {
  TestClient client(port);
  client.get("/v1/models", key_line);
  return client.read_reply().status;
}

/// An environment variable for the time of a test.
struct Variable {
  const char* name;
  Variable(const char* n, const std::string& value) : name(n) { ::setenv(n, value.c_str(), 1); }
  ~Variable() { ::unsetenv(name); }
};

}  // namespace

TEST_CASE("a provider that speaks no TLS 1.2 gets no request", "[trust]") {
  Authority authority;
  auto context = authority.server("localhost");
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), TLS1_1_VERSION);
  ScriptedUpstream upstream(models(), {std::move(context), 0});
  RunningSiltgate siltgate(fmt::format("https://localhost:{}/v1", upstream.port()), trusting(authority.ca_file()));
  CHECK(status_of(siltgate.port()) == 502);
  CHECK(upstream.requests() == 0);
}

TEST_CASE("with tls_min 1.3 a provider that speaks 1.2 gets no request", "[trust]") {
  Authority authority;
  auto context = authority.server("localhost");
  SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  ScriptedUpstream upstream(models(), {std::move(context), 0});
  const auto url = fmt::format("https://localhost:{}/v1", upstream.port());
  RunningSiltgate siltgate(url, trusting(authority.ca_file()));
  CHECK(status_of(siltgate.port()) == 200);
  RunningSiltgate strict(url, nlohmann::json({{"providers", {{"up", {{"ca_file", authority.ca_file()}, {"tls_min", "1.3"}}}}}}).dump());
  CHECK(status_of(strict.port()) == 502);
  CHECK(upstream.requests() == 1);
}

TEST_CASE("a handshake that is cut after the first bytes is 502, and the key was not sent", "[trust]") {
  for (bool politely : {true, false}) {
    Listener listener;
    StopSignal stop;
    RunningSiltgate siltgate(fmt::format("https://127.0.0.1:{}/v1", listener.port()), trusting(""));
    TestClient client(siltgate.port());
    client.get("/v1/models", key_line);
    Wire wire(listener.accept(stop.fd()));
    std::string seen;
    wire.read(seen, soon());
    wire.write(std::string_view("\x16\x03\x03\x00\x7a\x02\x00", 7), soon());  // a ServerHello begins
    politely ? wire.close() : wire.reset();
    CHECK(client.read_reply().status == 502);
    CHECK(seen.substr(0, 1) == "\x16");
    CHECK(seen.find("sk-secret") == std::string::npos);
  }
}

TEST_CASE("SSL_CERT_FILE is trusted where no ca_file is given", "[trust]") {
  Authority authority;
  ScriptedUpstream upstream(models(), {authority.server("localhost"), 0});
  const auto url = fmt::format("https://localhost:{}/v1", upstream.port());
  {
    RunningSiltgate stranger(url, trusting(""));
    CHECK(status_of(stranger.port()) == 502);
  }
  Variable file("SSL_CERT_FILE", authority.ca_file());
  RunningSiltgate siltgate(url, trusting(""));
  CHECK(status_of(siltgate.port()) == 200);
  CHECK(upstream.requests() == 1);
}

TEST_CASE("a ca_file that changed in place counts from the next reload on", "[trust]") {
  Authority old_authority, new_authority;
  const std::string file = old_authority.ca_file() + ".in-use";
  const auto replace = [&](const Authority& authority) {
    std::filesystem::copy_file(authority.ca_file(), file, std::filesystem::copy_options::overwrite_existing);
  };
  replace(old_authority);
  ScriptedUpstream upstream(models(), {new_authority.server("localhost"), 0});
  RunningSiltgate siltgate(fmt::format("https://localhost:{}/v1", upstream.port()), trusting(file));
  CHECK(status_of(siltgate.port()) == 502);
  replace(new_authority);
  CHECK(status_of(siltgate.port()) == 502);
  siltgate.reload(trusting(file));
  CHECK(status_of(siltgate.port()) == 200);
  replace(old_authority);
  siltgate.reload(trusting(file));
  CHECK(status_of(siltgate.port()) == 502);   // no session and no connection of before is used again
  CHECK(upstream.requests() == 1);
  std::filesystem::remove(file);
}

TEST_CASE("a session of one host or trust store opens no door of another", "[trust]") {
  Authority authority, other;
  ScriptedUpstream upstream(models(), {authority.server("localhost"), 0});
  const auto port = upstream.port();
  const nlohmann::json trusted{{"base_url", fmt::format("https://localhost:{}/v1", port)}, {"ca_file", authority.ca_file()}};
  nlohmann::json by_address = trusted, elsewhere = trusted;
  by_address["base_url"] = fmt::format("https://127.0.0.1:{}/v1", port);  // the certificate names localhost only
  elsewhere["ca_file"] = other.ca_file();                                 // another store, which does not know the authority
  for (nlohmann::json* one : {&by_address, &elsewhere}) (*one)["retry"]["attempts"] = 1;
  RunningSiltgate siltgate(fmt::format("https://localhost:{}/v1", port),
                           nlohmann::json({{"default_provider", "up"},
                                           {"providers", {{"up", trusted}, {"address", by_address}, {"elsewhere", elsewhere}}}}).dump());
  for (int round = 0; round < 2; ++round) {
    for (auto [path, status] : {std::pair{"/up/v1/models", 200}, std::pair{"/address/v1/models", 502}, std::pair{"/elsewhere/v1/models", 502}}) {
      TestClient client(siltgate.port());
      client.get(path, key_line);
      INFO(path);
      CHECK(client.read_reply().status == status);
    }
  }
  CHECK(upstream.requests() == 2);
}

TEST_CASE("a provider that asks to renegotiate is refused, and no further byte of a request follows", "[trust]") {
  Authority authority;
  auto context = authority.server("localhost");
  SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  std::atomic<int> hellos{0};  // of the client: a renegotiation would bring another
  SSL_CTX_set_msg_callback_arg(context.get(), &hellos);
  SSL_CTX_set_msg_callback(context.get(), [](int sent, int, int type, const void* bytes, std::size_t size, SSL*, void* count) {
    if (!sent && type == SSL3_RT_HANDSHAKE && size > 0 && *static_cast<const unsigned char*>(bytes) == SSL3_MT_CLIENT_HELLO)
      ++*static_cast<std::atomic<int>*>(count);
  });
  ScriptedUpstream upstream(
      [](UpstreamExchange& exchange) {
        exchange.start_stream();
        exchange.chunk(chat_event("Hi"));
        exchange.renegotiate();
        exchange.chunk(chat_finish());
        exchange.end_stream();
      },
      {std::move(context), 0});
  RunningSiltgate siltgate(fmt::format("https://localhost:{}/v1", upstream.port()), trusting(authority.ca_file()));
  TestClient::ask(siltgate.port());
  CHECK(hellos == 1);
}

TEST_CASE("a connection that was lent out at a reload serves nobody after it", "[trust]") {
  Authority authority, other;
  Gate reloaded;
  ScriptedUpstream upstream({held_by(reloaded), models()}, {authority.server("localhost"), 0});
  const auto url = fmt::format("https://localhost:{}/v1", upstream.port());
  RunningSiltgate siltgate(url, trusting(authority.ca_file()));
  TestClient client(siltgate.port());
  client.post_chat();
  client.read_until("one");
  siltgate.reload(trusting(other.ca_file()));
  reloaded.open();
  CHECK(client.read_reply().clean());
  CHECK(status_of(siltgate.port()) == 502);   // the new store does not know the authority
  CHECK(upstream.requests() == 1);
}
