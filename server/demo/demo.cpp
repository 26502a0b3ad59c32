// SPDX-License-Identifier: Apache-2.0
#include "demo/demo.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "demo/connection.hpp"
#include "demo/script.hpp"
#include "http/body_decoder.hpp"
#include "http/forward.hpp"
#include "http/head.hpp"

namespace siltgate::demo {

struct Demo::State {
  State(asio::any_io_executor executor, Options given) : options(given), acceptor(std::move(executor)) {}
  Options options;
  asio::ip::tcp::acceptor acceptor;
  Counters counters;
  std::uint64_t number = 0;   // answers made
  std::vector<std::weak_ptr<Connection>> connections;

  static Task<void> accept(std::shared_ptr<State> self);
  static Task<void> serve(std::shared_ptr<State> self, std::shared_ptr<Connection> peer);
  Task<bool> answer(std::shared_ptr<State> self, Connection& peer, const http::RequestHead& head,
                    std::string_view body);
  void remember(const std::shared_ptr<Connection>& peer);
};

namespace {

using ErrorCode = boost::system::error_code;
using tcp = asio::ip::tcp;

struct Request {
  http::RequestHead head;
  std::string body;
};

/// Counts a request in flight while it lives.
class InFlight {
 public:
  explicit InFlight(std::shared_ptr<Counters> counters) : counters_(std::move(counters)) {
    ++counters_->served;
    counters_->max_in_flight = std::max(counters_->max_in_flight, ++counters_->in_flight);
  }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  ~InFlight() { --counters_->in_flight; }

 private:
  std::shared_ptr<Counters> counters_;
};

constexpr std::size_t longest_body = 64u << 20;

/// Reads until a whole head stands at the front of `buffer`; its size, or 0 when there is no next request.
Task<std::size_t> read_head_size(Connection& peer, std::string& buffer) {
  const http::Limits limits;
  http::HeadScanner scanner;
  std::array<char, 16384> bytes{};
  for (;;) {
    auto size = scanner.scan(buffer, limits);
    if (!size) co_return 0;
    if (*size > 0) co_return *size;
    std::size_t count = co_await peer.read_some(bytes);
    if (count == 0) co_return 0;
    buffer.append(bytes.data(), count);
  }
}

/// Takes the body off the front of `buffer`, reading on as needed. False: broken or too long.
Task<bool> read_body(Connection& peer, std::string& buffer, http::BodyFraming framing, std::string& body) {
  http::BodyDecoder decoder(framing);
  std::array<char, 16384> bytes{};
  while (!decoder.done()) {
    if (buffer.empty()) {
      std::size_t count = co_await peer.read_some(bytes);
      if (count == 0) co_return false;
      buffer.assign(bytes.data(), count);
    }
    auto decoded = decoder.decode(std::span<char>(buffer.data(), buffer.size()));
    if (!decoded) co_return false;
    body += decoded->payload;
    buffer.erase(0, decoded->used);
    if (body.size() > longest_body) co_return false;
  }
  co_return true;
}

Task<std::optional<Request>> read_request(Connection& peer, std::string& buffer) {
  Request request;
  std::size_t size = co_await read_head_size(peer, buffer);
  if (size == 0) co_return std::nullopt;
  auto head = http::parse_request_head(std::string_view(buffer).substr(0, size), http::Limits{});
  if (!head) co_return std::nullopt;
  request.head = std::move(*head);
  buffer.erase(0, size);
  if (request.head.expects_continue) {
    bool sent = co_await peer.write("HTTP/1.1 100 Continue\r\n\r\n");
    if (!sent) co_return std::nullopt;
  }
  bool whole = co_await read_body(peer, buffer, request.head.framing, request.body);
  if (!whole) co_return std::nullopt;
  co_return std::move(request);
}

std::string head_of(const Reply& reply, bool close) {
  std::string out = "HTTP/1.1 " + std::to_string(reply.status) + " ";
  out += http::reason_phrase(reply.status);
  out += "\r\nContent-Type: " + reply.content_type;
  if (reply.streamed)
    out += "\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked";
  else
    out += "\r\nContent-Length: " + std::to_string(reply.pieces.front().size());
  out += close ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n";
  return out;
}

std::string chunk_of(std::string_view piece) {
  std::array<char, 18> line{};
  std::string out(line.data(), http::chunk_header(piece.size(), line.data()));
  out += piece;
  out += http::chunk_end;
  return out;
}

/// True when the body was ended properly and the peer is still there.
Task<bool> stream_pieces(Connection& peer, const Reply& reply, Duration pace) {
  for (const std::string& piece : reply.pieces) {
    bool here = co_await peer.pause(pace * reply.slowness);
    if (!here) co_return false;
    std::string chunk = chunk_of(piece);
    bool written = co_await peer.write(chunk);
    if (!written) co_return false;
  }
  if (reply.end == Reply::End::silence) co_await peer.wait_for_peer_to_leave();
  if (reply.end != Reply::End::clean) co_return false;
  bool ended = co_await peer.write(http::last_chunk);
  co_return ended;
}

/// True when the connection can take another request.
Task<bool> send_reply(Connection& peer, const Reply& reply, bool close, Duration pace) {
  std::string bytes = head_of(reply, close);
  bool open = true;
  if (!reply.streamed) {
    bytes += reply.pieces.front();
    open = co_await peer.pause(pace);
    if (open) open = co_await peer.write(bytes);
    co_return open && !close;
  }
  open = co_await peer.write(bytes);
  if (open) open = co_await stream_pieces(peer, reply, pace);
  co_return open && !close;
}

std::string_view path_of(const http::RequestHead& head) {
  return std::string_view(head.target).substr(0, head.target.find('?'));
}

Dialect dialect_of(const http::RequestHead& head) {
  const std::string_view path = path_of(head);
  if (head.method != "POST") return Dialect::none;
  if (path.ends_with("/chat/completions")) return Dialect::openai_chat;
  if (path.ends_with("/messages")) return Dialect::anthropic_messages;
  if (path.ends_with("/responses")) return Dialect::openai_responses;
  return Dialect::none;
}

}  // namespace

/// `self` keeps the counters alive while the request is in flight.
Task<bool> Demo::State::answer(std::shared_ptr<State> self, Connection& peer, const http::RequestHead& head,
                               std::string_view body) {
  const Stamp stamp{++number, std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())};
  const Dialect dialect = dialect_of(head);
  Reply reply;
  std::optional<InFlight> counted;
  if (dialect == Dialect::none) {
    const bool models = head.method == "GET" && path_of(head).ends_with("/models");
    reply = models ? make_model_list(stamp) : make_wrong_path();
  } else if (counters.in_flight >= options.concurrency) {
    ++counters.refused;
    reply = make_refusal();
  } else {
    counted.emplace(std::shared_ptr<Counters>(self, &counters));
    reply = make_reply(dialect, read_ask(body), stamp);
  }
  Duration pace = Duration::zero();
  if (counted) pace = reply.pace ? Duration(*reply.pace) : options.pace;
  bool open = co_await send_reply(peer, reply, head.wants_close, pace);
  co_return open;
}

Task<void> Demo::State::serve(std::shared_ptr<State> self, std::shared_ptr<Connection> peer) {
  std::string buffer;
  bool open = true;
  while (open) {
    std::optional<Request> request = co_await read_request(*peer, buffer);
    if (!request) break;
    open = co_await self->answer(self, *peer, request->head, request->body);
  }
  peer->close();
}

Task<void> Demo::State::accept(std::shared_ptr<State> self) {
  asio::steady_timer breath(self->acceptor.get_executor());
  while (self->acceptor.is_open()) {
    ErrorCode error;
    tcp::socket socket = co_await self->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) break;
    if (error) {   // no descriptors left, or the peer gave up already
      breath.expires_after(std::chrono::milliseconds(50));
      co_await breath.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    auto peer = std::make_shared<Connection>(std::move(socket));
    self->remember(peer);
    asio::co_spawn(self->acceptor.get_executor(), serve(self, peer), asio::detached);
  }
}

void Demo::State::remember(const std::shared_ptr<Connection>& peer) {
  std::erase_if(connections, [](const std::weak_ptr<Connection>& known) { return known.expired(); });
  connections.push_back(peer);
}

Demo::Demo(asio::any_io_executor executor, Options options)
    : state_(std::make_shared<State>(std::move(executor), options)) {}

Demo::~Demo() { stop(); }

void Demo::listen() {
  const tcp::endpoint where(asio::ip::address_v4::loopback(), state_->options.port);
  state_->acceptor.open(where.protocol());
  state_->acceptor.set_option(tcp::acceptor::reuse_address(true));
  state_->acceptor.bind(where);
  state_->acceptor.listen();
  asio::co_spawn(state_->acceptor.get_executor(), State::accept(state_), asio::detached);
}

std::uint16_t Demo::port() const {
  ErrorCode error;
  return state_->acceptor.local_endpoint(error).port();
}

void Demo::stop() {
  ErrorCode ignored;
  state_->acceptor.close(ignored);
  for (const std::weak_ptr<Connection>& known : state_->connections)
    if (auto peer = known.lock()) peer->close();
  state_->connections.clear();
}

const Counters& Demo::counters() const { return state_->counters; }

}  // namespace siltgate::demo
