// SPDX-License-Identifier: Apache-2.0
// The demo provider over real sockets: its thread runs the Demo, the test is the client.
#include "demo/demo.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "cli/http_client.hpp"
#include "support/catch.hpp"

using namespace siltgate;
using namespace std::chrono_literals;

namespace {

/// A Demo on a thread of its own, stopped with the object.
class RunningDemo {
 public:
  explicit RunningDemo(demo::Options options = fast()) : work_(io_.get_executor()), demo_(io_.get_executor(), options) {
    demo_.listen();
    port_ = demo_.port();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~RunningDemo() {
    boost::asio::post(io_, [this] { demo_.stop(); });
    work_.reset();
    thread_.join();
  }

  static demo::Options fast() {
    demo::Options options;
    options.pace = Duration::zero();
    return options;
  }
  std::uint16_t port() const { return port_; }
  demo::Counters counters() {
    std::promise<demo::Counters> seen;
    boost::asio::post(io_, [&] { seen.set_value(demo_.counters()); });
    return seen.get_future().get();
  }
  /// True once `wanted` holds of the counters; looks for five seconds.
  template <class Wanted>
  bool reaches(Wanted wanted) {
    for (const TimePoint until = Clock::now() + 5s; Clock::now() < until; std::this_thread::yield())
      if (wanted(counters())) return true;
    return false;
  }

 private:
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  demo::Demo demo_;
  std::thread thread_;
  std::uint16_t port_ = 0;
};

cli::HttpRequest question(const std::string& model, bool stream = true, const std::string& path = "/v1/chat/completions") {
  cli::HttpRequest request;
  request.method = "POST";
  request.target = path;
  request.silence = 5s;
  request.body = "{\"model\":\"" + model + "\",\"stream\":" + (stream ? "true" : "false") +
                 ",\"messages\":[{\"role\":\"user\",\"content\":\"Hello there\"}]}";
  return request;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a streamed answer arrives whole and ends with [DONE]", "[demo]") {
  RunningDemo demo;
  const auto reply = cli::http_request({"", demo.port()}, question("demo/echo"));
  CHECK(reply.status == 200);
  CHECK(reply.complete);
  CHECK(reply.fields.find("content-type").value_or("").starts_with("text/event-stream"));
  CHECK(contains(reply.body, "Hello"));
  CHECK(reply.body.ends_with("data: [DONE]\n\n"));
}

TEST_CASE("all three dialects answer, streamed and whole", "[demo]") {
  RunningDemo demo;
  const std::pair<const char*, const char*> ends[] = {{"/v1/chat/completions", "[DONE]"}, {"/anthropic/v1/messages?beta=true", "message_stop"}, {"/v1/responses", "response.completed"}};
  for (const auto& [path, end] : ends) {
    const auto streamed = cli::http_request({"", demo.port()}, question("demo/echo", true, path));
    CHECK(streamed.complete);
    CHECK(contains(streamed.body, end));
    const auto whole = cli::http_request({"", demo.port()}, question("demo/echo", false, path));
    CHECK(whole.complete);
    CHECK(contains(whole.body, "Hello there"));
  }
}

TEST_CASE("models are listed, other paths get Z.AI's envelope", "[demo]") {
  RunningDemo demo;
  cli::HttpRequest request;
  request.target = "/v1/models";
  CHECK(contains(cli::http_request({"", demo.port()}, request).body, "demo/torn-utf8"));
  request.target = "/nowhere";
  const auto reply = cli::http_request({"", demo.port()}, request);
  CHECK(reply.status == 200);
  CHECK(reply.body == R"({"code":500,"msg":"404 NOT_FOUND","success":false})");
}

TEST_CASE("a second request in flight is refused with 1302 until the first body has ended", "[demo]") {
  RunningDemo demo;
  std::promise<void> begun;
  std::atomic<bool> leave = false;
  auto first = std::async(std::launch::async, [&] {
    bool told = false;
    return cli::http_request({"", demo.port()}, question("demo/stall"), [&](std::string_view) {
      if (!told) begun.set_value();
      told = true;
      return !leave.load();
    });
  });
  begun.get_future().wait();
  const auto refused = cli::http_request({"", demo.port()}, question("demo/echo"));
  CHECK(refused.status == 429);
  CHECK(contains(refused.body, "\"code\":\"1302\""));
  CHECK(demo.counters().in_flight == 1);
  CHECK(demo.counters().refused == 1);
  first.wait();   // its silence limit runs out and it leaves
  CHECK(demo.reaches([](const demo::Counters& c) { return c.in_flight == 0; }));
  CHECK(cli::http_request({"", demo.port()}, question("demo/echo")).status == 200);
  CHECK(demo.counters().max_in_flight == 1);
}

TEST_CASE("a client that leaves between two events frees its place at once", "[demo]") {
  demo::Options slow;
  slow.pace = 1h;
  RunningDemo demo(slow);
  cli::HttpRequest request = question("demo/echo");
  request.silence = 50ms;
  const auto reply = cli::http_request({"", demo.port()}, request);
  CHECK_FALSE(reply.complete);
  CHECK(demo.reaches([](const demo::Counters& c) { return c.served == 1 && c.in_flight == 0; }));
}

TEST_CASE("a higher limit lets more in at the same time", "[demo]") {
  demo::Options options;
  options.concurrency = 3;
  options.pace = 2ms;
  RunningDemo demo(options);
  std::vector<std::future<cli::HttpReply>> clients;
  for (int i = 0; i < 3; ++i)
    clients.push_back(std::async(std::launch::async, [&] { return cli::http_request({"", demo.port()}, question("demo/echo")); }));
  for (auto& client : clients) CHECK(client.get().status == 200);
  CHECK(demo.counters().refused == 0);
}

TEST_CASE("faults reach the wire", "[demo]") {
  RunningDemo demo;
  const auto ask = [&](const std::string& model) { return cli::http_request({"", demo.port()}, question(model)); };
  CHECK_FALSE(ask("demo/cut").complete);
  const auto truncated = ask("demo/truncate");
  CHECK(truncated.complete);
  CHECK_FALSE(contains(truncated.body, "finish_reason"));
  CHECK(ask("demo/429").status == 429);
  CHECK(contains(ask("demo/html").body, "<html>"));
  CHECK(contains(ask("demo/json").body, "\"chat.completion\""));
  CHECK(contains(ask("demo/sensitive").body, "\"finish_reason\":\"sensitive\""));
  CHECK(contains(ask("demo/error").body, "data: {\"error\""));
  CHECK(ask("demo/nonsense").status == 400);
}

TEST_CASE("one connection serves several requests and a chunked upload", "[demo]") {
  RunningDemo demo;
  const std::string body = question("demo/echo", false).body;
  const std::string one = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n" + body.substr(0, 3) +
                          "\r\n" + [&] { char size[20]; std::snprintf(size, sizeof size, "%zx", body.size() - 3); return std::string(size); }() +
                          "\r\n" + body.substr(3) + "\r\n0\r\n\r\n";
  const std::string two = "GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(demo.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::send(fd, (one + two).data(), one.size() + two.size(), 0) == static_cast<ssize_t>(one.size() + two.size()));
  std::string all;
  char bytes[4096];
  for (ssize_t count; (count = ::recv(fd, bytes, sizeof bytes, 0)) > 0;) all.append(bytes, static_cast<std::size_t>(count));
  ::close(fd);
  CHECK(contains(all, "Hello there"));
  CHECK(contains(all, "demo/garble"));
}

TEST_CASE("stopping closes open streams and the port", "[demo]") {
  std::uint16_t port = 0;
  std::future<cli::HttpReply> client;
  {
    demo::Options slow;
    slow.pace = 1h;
    RunningDemo demo(slow);
    port = demo.port();
    client = std::async(std::launch::async, [port] { return cli::http_request({"", port}, question("demo/echo")); });
    REQUIRE(demo.reaches([](const demo::Counters& c) { return c.in_flight == 1; }));
  }
  CHECK_FALSE(client.get().complete);
  CHECK(cli::http_request({"", port}, question("demo/echo")).system != 0);
}
