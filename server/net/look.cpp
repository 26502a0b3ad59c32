// SPDX-License-Identifier: Apache-2.0
#include "net/look.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <ctime>
#include <mutex>
#include <thread>

#include "base/tls_error.hpp"
#include "net/look_tls.hpp"
#include "net/name_lookup.hpp"
#include "net/proxy.hpp"
#include "net/send_all.hpp"

namespace siltgate::net {
namespace {

constexpr std::size_t most_body = 64 * 1024;

struct Descriptor {
  int number = -1;
  Descriptor() = default;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(); }
  void reset(int next = -1) {
    if (number >= 0) ::close(number);
    number = next;
  }
};

/// What a resolving thread leaves behind; it may come too late, then nobody looks any more.
struct Resolving {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  std::vector<std::string> addresses;
  std::string fault;
};

void resolve(std::shared_ptr<Resolving> out, std::string host) {
  Addresses found = ask_system(host);
  const std::lock_guard lock(out->mutex);
  if (found.error) out->fault = found.error.message();
  out->addresses = std::move(found.literals);
  out->done = true;
  out->changed.notify_all();
}

/// 0 or errno.
int connect_within(Descriptor& out, const std::string& address, std::uint16_t port, Duration step) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &list) != 0) return EINVAL;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(list, ::freeaddrinfo);
  out.reset(::socket(list->ai_family, SOCK_STREAM, 0));
  if (out.number < 0) return errno;
  ::fcntl(out.number, F_SETFD, FD_CLOEXEC);
  ::fcntl(out.number, F_SETFL, ::fcntl(out.number, F_GETFL) | O_NONBLOCK);
#ifdef SO_NOSIGPIPE
  const int on = 1;
  ::setsockopt(out.number, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
  if (::connect(out.number, list->ai_addr, list->ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!ready_within(out.number, POLLOUT, Clock::now() + step)) return ETIMEDOUT;
  int failed = 0;
  socklen_t size = sizeof failed;
  return ::getsockopt(out.number, SOL_SOCKET, SO_ERROR, &failed, &size) == 0 ? failed : errno;
}

/// Bytes over the socket, or over TLS on it.
class Channel {
 public:
  Channel(int descriptor, SSL* ssl) : descriptor_(descriptor), ssl_(ssl) {}

  bool send(std::string_view bytes, TimePoint until) {
    while (!bytes.empty()) {
      const int sent = ssl_ ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                            : static_cast<int>(::send(descriptor_, bytes.data(), bytes.size(), send_flags));
      if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
      else if (!wait(sent, POLLOUT, until)) return false;
    }
    return true;
  }
  /// More bytes at the end of `into`; false at the end, on a fault, or too late.
  bool receive(std::string& into, TimePoint until) {
    std::array<char, 4096> part{};
    for (;;) {
      ERR_clear_error();
      const int got = ssl_ ? SSL_read(ssl_, part.data(), part.size()) : static_cast<int>(::recv(descriptor_, part.data(), part.size(), 0));
      if (got > 0) return into.append(part.data(), static_cast<std::size_t>(got)), true;
      if (!wait(got, POLLIN, until)) return false;
    }
  }
  /// Why TLS gave up, if that is why receive() failed.
  std::string broke() const {
    const auto error = tls_error(ssl_ ? ERR_peek_error() : 0);
    return !error || ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING ? "" : break_words(error);
  }

 private:
  bool wait(int returned, short event, TimePoint until) const {
    if (ssl_) return wait_for_tls(ssl_, descriptor_, returned, until);
    if (returned == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) return false;
    return ready_within(descriptor_, event, until);
  }
  int descriptor_;
  SSL* ssl_;
};

std::string field_of(const std::string& head, std::string_view name) {
  std::size_t line = head.find("\r\n");
  while (line != std::string::npos && line + 2 < head.size()) {
    const auto begin = line + 2, end = head.find("\r\n", begin), colon = head.find(':', begin);
    if (end == std::string::npos) break;
    const bool same = colon == begin + name.size() && ::strncasecmp(head.data() + begin, name.data(), name.size()) == 0;
    if (same) return head.substr(std::min(head.find_first_not_of(' ', colon + 1), end), end - std::min(head.find_first_not_of(' ', colon + 1), end));
    line = end;
  }
  return {};
}

bool body_ended(const std::string& head, const std::string& body) {
  if (const std::string length = field_of(head, "Content-Length"); !length.empty()) return body.size() >= static_cast<std::size_t>(std::atoll(length.c_str()));
  return body.ends_with("\r\n0\r\n\r\n");   // chunked; else until it closes
}

AnswerSeen ask(Channel channel, const Question& question) {
  AnswerSeen out;
  const TimePoint until = Clock::now() + question.answer;
  if (!channel.send(question.request, until)) {
    out.fault = "the request could not be sent";
    return out;
  }
  std::string bytes;
  std::size_t head_end = std::string::npos;
  while ((head_end = bytes.find("\r\n\r\n")) == std::string::npos && bytes.size() < most_body && channel.receive(bytes, until)) {
  }
  if (head_end == std::string::npos || !bytes.starts_with("HTTP/1.")) {
    const std::string broke = bytes.empty() ? channel.broke() : "";
    out.tls_broke = !broke.empty();
    out.fault = out.tls_broke ? broke : bytes.empty() ? "no answer came" : "what came is no HTTP answer";
    return out;
  }
  out.at = std::chrono::system_clock::now();
  const std::string head = bytes.substr(0, head_end + 2);
  out.status = std::atoi(bytes.c_str() + 9);
  out.date = field_of(head, "Date");
  out.content_type = field_of(head, "Content-Type");
  out.body = bytes.substr(head_end + 4);
  const bool to_head = question.request.starts_with("HEAD ");
  while (!to_head && out.body.size() < most_body && !body_ended(head, out.body) && channel.receive(out.body, until)) {
  }
  return out;
}

/// "" or what the proxy said to CONNECT.
std::string open_tunnel(int descriptor, const Question& question) {
  const Url& target = question.target;
  const std::string authority = (target.host.find(':') == std::string::npos ? target.host : "[" + target.host + "]") + ":" + std::to_string(target.port);
  std::string request = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
  if (const std::string authorization = proxy_authorization(*question.proxy); !authorization.empty()) request += "Proxy-Authorization: " + authorization + "\r\n";
  Channel channel(descriptor, nullptr);
  const TimePoint until = Clock::now() + question.step;
  std::string head;
  if (!channel.send(request + "\r\n", until)) return "the proxy closed the connection";
  while (head.find("\r\n\r\n") == std::string::npos && head.size() < 16384 && channel.receive(head, until)) {
  }
  const bool whole = head.find("\r\n\r\n") != std::string::npos;
  if (whole && head.size() > 12 && head.starts_with("HTTP/1.") && head[9] == '2') return {};
  if (!whole && head.starts_with("HTTP/1.")) return "the proxy did not finish its answer to CONNECT " + authority;
  return head.empty() ? "the proxy did not answer CONNECT " + authority : "the proxy answered CONNECT " + authority + " with: " + head.substr(0, head.find('\r')).substr(0, 100);
}

}  // namespace

bool ready_within(int descriptor, short event, TimePoint until) {
  for (;;) {
    const auto left = to_ms(until - Clock::now());
    if (left <= 0) return false;
    pollfd ready{descriptor, event, 0};
    const int polled = ::poll(&ready, 1, static_cast<int>(left));
    if (polled > 0) return true;
    if (polled == 0 || errno != EINTR) return false;
  }
}

std::vector<std::string> resolve_within(const std::string& host, Duration step, std::string& fault) {
  auto shared = std::make_shared<Resolving>();
  std::thread(resolve, shared, host).detach();   // getaddrinfo cannot be cancelled
  std::unique_lock lock(shared->mutex);
  if (!shared->changed.wait_for(lock, step, [&] { return shared->done; })) {
    fault = "no answer within " + std::to_string(to_ms(step)) + " ms";
    return {};
  }
  fault = shared->fault;
  return shared->addresses;
}

WaySeen look_at(const Question& question) {
  WaySeen seen;
  const Url& hop = question.proxy ? *question.proxy : question.target;
  seen.addresses = resolve_within(hop.host, question.step, seen.dns_fault);
  Descriptor socket;
  const int tried = static_cast<int>(std::min<std::size_t>(seen.addresses.size(), 4));
  for (int i = 0; i < tried && !seen.connected; ++i) {
    const std::string& address = seen.addresses[static_cast<std::size_t>(i)];
    const int failed = connect_within(socket, address, hop.port, question.step / tried);
    seen.peer = (address.find(':') == std::string::npos ? address : "[" + address + "]") + ":" + std::to_string(hop.port);
    seen.connected = failed == 0;
    if (failed != 0) seen.tcp_fault = seen.peer + ": " + std::strerror(failed);
  }
  if (!seen.connected) return seen;
  seen.tcp_fault.clear();
  if (question.proxy) seen.proxy_fault = open_tunnel(socket.number, question);
  if (!seen.proxy_fault.empty()) return seen;
  std::unique_ptr<SSL, SslFree> ssl;
  if (question.target.tls()) {
    seen.tls = look_at_tls(question, socket.number, ssl);
    if (!seen.tls->finished || (question.only_trusted && !seen.tls->distrust.empty())) return seen;
  }
  if (!question.request.empty()) seen.answer = ask(Channel(socket.number, ssl.get()), question);
  return seen;
}

std::optional<WallTime> parse_http_date(const std::string& text) {
  std::tm parts{};
  const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (!end || *end != '\0') return {};
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

}  // namespace siltgate::net
