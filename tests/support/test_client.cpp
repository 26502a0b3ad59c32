// SPDX-License-Identifier: Apache-2.0
#include "support/test_client.hpp"

#include <fmt/format.h>

#include <charconv>

#include "http/grammar.hpp"

namespace siltgate::test {
namespace {

/// Field lines behind the status line. Deliberately plain: a reader of its own, not the parser under test.
http::Fields fields_of(std::string_view head) {
  http::Fields fields;
  head.remove_prefix(head.find("\r\n") + 2);
  while (head.size() > 2) {
    auto line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(line.size() + 2);
    auto colon = line.find(':');
    if (colon == line.npos) throw std::runtime_error("field without a colon: " + std::string(line));
    fields.add(line.substr(0, colon), http::trim(line.substr(colon + 1)));
  }
  return fields;
}

std::size_t number(std::string_view text, int base) {
  std::size_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size())
    throw std::runtime_error("not a number in the framing: " + std::string(text));
  return value;
}

}  // namespace

TestClient::TestClient(std::uint16_t port) : wire_(Wire::connect(port)) {}

TestClient::TestClient(std::uint16_t port, SSL_CTX* context, const std::string& name) : TestClient(port) {
  if (wire_.connect_tls(context, name, soon()) != End::open) throw std::runtime_error("the TLS handshake failed");
}

void TestClient::send(std::string_view bytes) {
  if (bytes.substr(0, 5) == "HEAD ") to_head_ = true;
  if (wire_.write(bytes, soon()) == End::late) throw TooLate("the peer takes no more bytes");
}

void TestClient::post(std::string_view path, std::string_view body, std::string_view fields) {
  send(fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n{}",
                   path, fields, body.size(), body));
}

void TestClient::post_chat(std::string_view body, std::string_view fields) { post("/v1/chat/completions", body, fields); }

void TestClient::get(std::string_view path, std::string_view fields) {
  send(fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", path, fields));
}

bool TestClient::read_more(Deadline deadline) {
  reply_.end = wire_.read(buffer_, deadline);
  if (reply_.end == End::late)
    throw TooLate(fmt::format("no more bytes; status {}, {} bytes of body so far, ends \"{}\"", reply_.status,
                              reply_.body.size(), reply_.body.substr(reply_.body.size() - std::min<std::size_t>(
                                                                         reply_.body.size(), 80))));
  return reply_.end == End::open;
}

bool TestClient::take_head() {
  auto end = buffer_.find("\r\n\r\n");
  if (end == buffer_.npos) return false;
  reply_.head = buffer_.substr(0, end + 4);
  buffer_.erase(0, end + 4);
  reply_.status = static_cast<int>(number(std::string_view(reply_.head).substr(9, 3), 10));
  if (reply_.status < 200 && reply_.status != 101) {
    reply_.status = 0;
    return take_head();
  }
  reply_.fields = fields_of(reply_.head);
  in_body_ = true;
  bool bodiless = to_head_ || reply_.status == 204 || reply_.status == 304 || reply_.status == 101;
  framing_ = Framing::until_close;
  if (auto length = reply_.fields.find("Content-Length")) {
    framing_ = Framing::length;
    length_ = number(*length, 10);
  }
  if (reply_.fields.find("Transfer-Encoding")) framing_ = Framing::chunked;
  if (bodiless) framing_ = Framing::none;
  return true;
}

bool TestClient::take_chunk() {
  auto line = buffer_.find("\r\n");
  if (line == buffer_.npos) return false;
  auto size = number(std::string_view(buffer_).substr(0, line), 16);
  if (buffer_.size() < line + 2 + size + 2) return false;
  if (buffer_.compare(line + 2 + size, 2, "\r\n") != 0) throw std::runtime_error("chunk data not followed by CR LF");
  if (size > 0) {
    reply_.chunks.push_back(buffer_.substr(line + 2, size));
    reply_.body += reply_.chunks.back();
  }
  buffer_.erase(0, line + 2 + size + 2);
  reply_.complete = size == 0;
  return size > 0;
}

void TestClient::take_body() {
  switch (framing_) {
    case Framing::none: reply_.complete = true; break;
    case Framing::length: {
      auto take = std::min(buffer_.size(), length_ - reply_.body.size());
      reply_.body += buffer_.substr(0, take);
      buffer_.erase(0, take);
      reply_.complete = reply_.body.size() == length_;
      break;
    }
    case Framing::chunked:
      while (take_chunk()) {
      }
      break;
    case Framing::until_close:
      reply_.body += std::exchange(buffer_, {});
      reply_.complete = reply_.end == End::fin;
      break;
  }
}

/// The finished reply; the next one starts from nothing.
Reply TestClient::handed_over() {
  in_body_ = to_head_ = false;
  return std::exchange(reply_, Reply{});
}

void TestClient::expect_continue(Deadline deadline) {
  constexpr std::string_view due = "HTTP/1.1 100 Continue\r\n\r\n";
  while (buffer_.size() < due.size() && read_more(deadline)) {
  }
  if (buffer_ != due) throw std::runtime_error("not 100 Continue: " + buffer_);
  buffer_.clear();
}

Reply TestClient::read_head(Deadline deadline) {
  while (!in_body_ && !take_head())
    if (!read_more(deadline)) return reply_;
  return reply_;
}

Reply TestClient::read_until(std::string_view text, Deadline deadline) {
  if (read_head(deadline).status == 0) return reply_;
  for (;;) {
    take_body();
    if (reply_.complete || reply_.body.find(text) != std::string::npos) return reply_;
    if (!read_more(deadline)) {
      take_body();
      return reply_;
    }
  }
}

Reply TestClient::read_reply(Deadline deadline) {
  if (read_head(deadline).status == 0) return handed_over();
  for (;;) {
    take_body();
    if (reply_.complete) return handed_over();
    if (!read_more(deadline)) {
      take_body();
      return handed_over();
    }
  }
}

Reply TestClient::ask(std::uint16_t port, std::string_view body, std::string_view fields, std::string_view path) {
  TestClient client(port);
  client.post(path, body, fields);
  return client.read_reply();
}

End TestClient::read_end(Deadline deadline) {
  while (read_more(deadline)) {
  }
  return reply_.end;
}

}  // namespace siltgate::test
