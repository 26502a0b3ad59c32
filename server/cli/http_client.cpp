// SPDX-License-Identifier: Apache-2.0
#include "cli/http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>

#include "http/body_decoder.hpp"
#include "net/send_all.hpp"

namespace siltgate::cli {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

void refuse_signals([[maybe_unused]] int fd) {
#ifdef SO_NOSIGPIPE
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
}

/// 0 or errno.
int connect_to(int fd, const Where& where) {
  if (!where.unix_path.empty()) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (where.unix_path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
    std::memcpy(address.sun_path, where.unix_path.c_str(), where.unix_path.size() + 1);
    return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(where.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

std::string request_text(const Where& where, const HttpRequest& request) {
  std::string out = request.method + " " + request.target + " HTTP/1.1\r\nHost: ";
  out += where.unix_path.empty() ? "127.0.0.1:" + std::to_string(where.port) : std::string("localhost");
  out += "\r\nConnection: close\r\n";
  for (const auto& [name, value] : request.fields) out += name + ": " + value + "\r\n";
  if (request.method != "GET") out += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return out + "\r\n" + request.body;
}

struct Read {
  std::size_t bytes = 0;   // 0: the peer closed, or `fault`
  std::string fault;
};

Read read_some(int fd, std::span<char> into, Duration silence) {
  pollfd ready{fd, POLLIN, 0};
  const int wait = silence == Duration::zero() ? -1 : static_cast<int>(to_ms(silence));
  int polled = 0;
  do polled = ::poll(&ready, 1, wait);
  while (polled < 0 && errno == EINTR);
  if (polled == 0) return {0, "nothing arrived for " + std::to_string(to_ms(silence)) + " ms"};
  const ssize_t count = ::recv(fd, into.data(), into.size(), 0);
  if (count < 0) return {0, std::string("the connection broke: ") + std::strerror(errno)};
  return {static_cast<std::size_t>(count), {}};
}

/// Reads until a final head (not 1xx) stands parsed in `reply`; what came after it stays in `buffer`.
http::BodyFraming read_head(int fd, const HttpRequest& request, std::string& buffer, HttpReply& reply) {
  const http::Limits limits;
  http::HeadScanner scanner;
  std::array<char, 16384> bytes{};
  for (;;) {
    auto size = scanner.scan(buffer, limits);
    if (!size) return reply.fault = size.error().detail, http::BodyFraming{};
    if (*size == 0) {
      const Read read = read_some(fd, bytes, request.silence);
      if (read.bytes == 0)
        return reply.fault = read.fault.empty() ? "closed before a response" : read.fault, http::BodyFraming{};
      buffer.append(bytes.data(), read.bytes);
      continue;
    }
    auto head = http::parse_response_head(std::string_view(buffer).substr(0, *size), request.method == "HEAD", limits);
    buffer.erase(0, *size);
    scanner.reset();
    if (!head) return reply.fault = head.error().detail, http::BodyFraming{};
    if (head->status < 200) continue;
    reply.status = head->status;
    reply.fields = head->fields;
    return head->framing;
  }
}

void read_body(int fd, const HttpRequest& request, http::BodyFraming framing, std::string& buffer, HttpReply& reply,
               const BodySink& sink) {
  http::BodyDecoder decoder(framing);
  std::array<char, 16384> bytes{};
  while (!decoder.done()) {
    if (buffer.empty()) {
      const Read read = read_some(fd, bytes, request.silence);
      if (read.bytes == 0) {
        reply.complete = read.fault.empty() && decoder.complete_at_close();
        if (!reply.complete) reply.fault = read.fault.empty() ? "closed before the end of the body" : read.fault;
        return;
      }
      buffer.assign(bytes.data(), read.bytes);
    }
    auto decoded = decoder.decode(std::span<char>(buffer.data(), buffer.size()));
    if (!decoded) return void(reply.fault = decoded.error().detail);
    if (!sink) reply.body += decoded->payload;
    if (sink && !decoded->payload.empty() && !sink(decoded->payload)) return;
    buffer.erase(0, decoded->used);
  }
  reply.complete = true;
}

}  // namespace

HttpReply http_request(const Where& where, const HttpRequest& request, const BodySink& sink) {
  HttpReply reply;
  const Descriptor socket(::socket(where.unix_path.empty() ? AF_INET : AF_UNIX, SOCK_STREAM, 0));
  reply.system = socket.get() < 0 ? errno : connect_to(socket.get(), where);
  if (reply.system != 0) {
    reply.fault = std::string("cannot connect: ") + std::strerror(reply.system);
    return reply;
  }
  refuse_signals(socket.get());
  // A server may answer and close before it has read the whole request: what it said still counts.
  const bool sent = net::send_all(socket.get(), request_text(where, request));
  std::string buffer;
  const http::BodyFraming framing = read_head(socket.get(), request, buffer, reply);
  if (reply.status != 0) read_body(socket.get(), request, framing, buffer, reply, sink);
  if (!sent && reply.fault.empty() && reply.status == 0) reply.fault = "cannot send the request";
  return reply;
}

}  // namespace siltgate::cli
