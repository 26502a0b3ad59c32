// SPDX-License-Identifier: Apache-2.0
#include "support/scripted_upstream.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "http/body_decoder.hpp"
#include "http/forward.hpp"
#include "support/chat_bytes.hpp"

namespace siltgate::test {
namespace {

/// Reads until `buffer` holds a whole head; its size, or 0 when the connection ended or the bytes are no head.
std::size_t read_head(Wire& wire, std::string& buffer) {
  http::HeadScanner scanner;
  for (;;) {
    auto size = scanner.scan(buffer, {});
    if (!size) return 0;
    if (*size > 0) return *size;
    auto hour = std::chrono::steady_clock::now() + std::chrono::hours(1);  // a pooled connection may wait; stop ends it
    if (wire.read(buffer, hour) != End::open) return 0;
  }
}

bool read_body(Wire& wire, std::string& buffer, http::BodyFraming framing, std::string& body) {
  http::BodyDecoder decoder(framing);
  for (;;) {
    auto decoded = decoder.decode(std::span<char>(buffer.data(), buffer.size()));
    if (!decoded) return false;
    body += decoded->payload;
    buffer.erase(0, decoded->used);
    if (decoder.done()) return true;
    if (wire.read(buffer, soon()) != End::open) return false;
  }
}

bool read_request(Wire& wire, std::string& buffer, UpstreamRequest& request) {
  auto size = read_head(wire, buffer);
  if (size == 0) return false;
  request.raw_head = buffer.substr(0, size);
  auto head = http::parse_request_head(request.raw_head, {});
  if (!head) return false;
  request.head = std::move(*head);
  buffer.erase(0, size);
  return read_body(wire, buffer, request.head.framing, request.body);
}

}  // namespace

UpstreamExchange::UpstreamExchange(ScriptedUpstream& upstream, Wire& wire, UpstreamRequest request)
    : upstream_(upstream), wire_(wire), request_(std::move(request)) {}

UpstreamExchange::~UpstreamExchange() { finish(); }

void UpstreamExchange::finish() {
  if (!finished_) upstream_.leave(wire_);
  finished_ = true;
}

void UpstreamExchange::send(std::string_view bytes) {
  if (!peer_left_ && wire_.write(bytes, soon()) != End::open) peer_left_ = true;
}

void UpstreamExchange::send_last(std::string_view bytes) {
  finish();
  send(bytes);
}

void UpstreamExchange::answer(int status, std::string_view body, std::string_view content_type, std::string_view fields) {
  send_last(fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\n{}Content-Length: {}\r\n\r\n{}", status,
                        http::reason_phrase(status), content_type, fields, body.size(), body));
}

void UpstreamExchange::start_stream(std::string_view fields) {
  send(fmt::format("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{}Transfer-Encoding: chunked\r\n\r\n", fields));
}

void UpstreamExchange::chunk(std::string_view data) { send(test::chunk(data)); }

void UpstreamExchange::end_stream() { send_last("0\r\n\r\n"); }

void UpstreamExchange::chat(const std::vector<std::string>& pieces) {
  start_stream();
  for (const auto& event : chat_events(pieces)) chunk(event);
  end_stream();
}

bool UpstreamExchange::wait(Gate& gate) {
  // The gate knows nothing of the end of a test, so it is looked at in turns with the stop signal.
  const auto deadline = soon();
  while (!gate.wait(std::min(deadline, std::chrono::steady_clock::now() + std::chrono::milliseconds(20)))) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::string ignored;
    End end = wire_.read(ignored, std::chrono::steady_clock::now());
    if (end != End::late && end != End::open) {
      peer_left_ = true;
      return false;
    }
  }
  return true;
}

bool UpstreamExchange::stall(Deadline deadline) {
  std::string ignored;
  End end = End::open;
  while (end == End::open) end = wire_.read(ignored, deadline);
  peer_left_ = end != End::late;
  return peer_left_;
}

void UpstreamExchange::close() {
  finish();
  wire_.close();
}

void UpstreamExchange::reset() {
  finish();
  wire_.reset();
}

Script held_by(Gate& gate) {
  return [&gate](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(chat_event("one"));
    if (!exchange.wait(gate)) return;
    exchange.chunk(chat_finish());
    exchange.end_stream();
  };
}

ScriptedUpstream::ScriptedUpstream(Script script, UpstreamOptions options)
    : ScriptedUpstream(std::vector<Script>{std::move(script)}, std::move(options)) {}

ScriptedUpstream::ScriptedUpstream(std::vector<Script> scripts, UpstreamOptions options)
    : scripts_(std::move(scripts)), options_(std::move(options)), listener_(options_.address), acceptor_([this] { accept_all(); }) {}

ScriptedUpstream::~ScriptedUpstream() {
  stop_.raise();
  acceptor_.join();
  for (auto& thread : threads_) thread.join();
}

std::string ScriptedUpstream::url(std::string_view path) const {
  return fmt::format("{}://{}:{}{}", options_.tls ? "https" : "http", options_.address, port(), path);
}

void ScriptedUpstream::accept_all() {
  for (int connection = 1;; ++connection) {
    int fd = listener_.accept(stop_.fd());
    if (fd < 0) return;
    {
      std::lock_guard lock(mutex_);
      ++connections_;
    }
    changed_.notify_all();
    threads_.emplace_back([this, fd, connection] { serve(fd, connection); });
  }
}

void ScriptedUpstream::serve(int fd, int connection) {
  Wire wire(fd, stop_.fd());
  if (options_.tls && wire.accept_tls(options_.tls.get(), soon()) != End::open) {
    std::lock_guard lock(mutex_);
    ++failed_handshakes_;
    return;
  }
  std::string buffer;
  for (int on_connection = 1; serve_one(wire, buffer, connection, on_connection); ++on_connection) {
  }
}

/// False when the connection is done.
bool ScriptedUpstream::serve_one(Wire& wire, std::string& buffer, int connection, int on_connection) {
  UpstreamRequest request;
  request.connection = connection;
  request.on_connection = on_connection;
  if (!read_request(wire, buffer, request)) return false;
  bool wants_close = request.head.wants_close;
  bool entered = false;
  {
    std::lock_guard lock(mutex_);
    request.number = static_cast<int>(seen_.size()) + 1;
    entered = enter(wire);
    seen_.push_back(request);
  }
  changed_.notify_all();
  if (!entered) {
    wire.write(fmt::format("HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\n"
                           "Content-Length: {}\r\n\r\n{}", refusal_1302.size(), refusal_1302), soon());
  } else {
    run_script(wire, std::move(request));
  }
  return wire.is_open() && !wants_close;
}

void ScriptedUpstream::run_script(Wire& wire, UpstreamRequest request) {
  auto index = std::min(static_cast<std::size_t>(request.number), scripts_.size()) - 1;
  UpstreamExchange exchange(*this, wire, std::move(request));
  scripts_[index](exchange);
}

/// Called with the lock held. An exchange whose peer has closed already is over, though its own thread may not know yet:
/// otherwise a client that leaves and comes again at once would count twice.
std::ptrdiff_t ScriptedUpstream::present() const {
  return std::count_if(active_.begin(), active_.end(), [](const Wire* wire) { return !wire->peer_gone(); });
}

bool ScriptedUpstream::enter(Wire& wire) {
  const auto others = present();
  if (options_.cap > 0 && others >= options_.cap) {
    ++refused_;
    return false;
  }
  active_.insert(&wire);
  max_in_flight_ = std::max(max_in_flight_, static_cast<int>(others) + 1);
  return true;
}

void ScriptedUpstream::leave(Wire& wire) {
  {
    std::lock_guard lock(mutex_);
    active_.erase(&wire);
  }
  changed_.notify_all();
}

int ScriptedUpstream::connections() const { return std::lock_guard(mutex_), connections_; }
int ScriptedUpstream::requests() const { return std::lock_guard(mutex_), static_cast<int>(seen_.size()); }
int ScriptedUpstream::refused() const { return std::lock_guard(mutex_), refused_; }
int ScriptedUpstream::in_flight() const { return std::lock_guard(mutex_), static_cast<int>(present()); }
int ScriptedUpstream::max_in_flight() const { return std::lock_guard(mutex_), max_in_flight_; }
int ScriptedUpstream::failed_handshakes() const { return std::lock_guard(mutex_), failed_handshakes_; }
std::vector<UpstreamRequest> ScriptedUpstream::seen() const { return std::lock_guard(mutex_), seen_; }

bool ScriptedUpstream::wait_until(const std::function<bool()>& reached, Deadline deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline, reached);
}

bool ScriptedUpstream::wait_for_requests(int count, Deadline deadline) {
  return wait_until([&] { return static_cast<int>(seen_.size()) >= count; }, deadline);
}

bool ScriptedUpstream::wait_for_connections(int count, Deadline deadline) {
  return wait_until([&] { return connections_ >= count; }, deadline);
}

bool ScriptedUpstream::wait_until_idle(Deadline deadline) {
  return wait_until([&] { return active_.empty(); }, deadline);
}

}  // namespace siltgate::test
