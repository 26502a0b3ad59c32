// SPDX-License-Identifier: Apache-2.0
// The provider of the bench: one thread, epoll, answers as the request's x-bench header says.
//   json               a JSON answer of 1 KB
//   sse N US BURST [EVERY]   N events, BURST in one write, US microseconds between two writes (0 = as fast as the socket takes them);
//                      one in EVERY (16) has its time of sending for a fingerprint, the others are alike but for their text
// Usage: bench_upstream PORT [CERT.pem KEY.pem]      with a certificate it speaks TLS
#include <openssl/ssl.h>
#include <sys/epoll.h>

#include <csignal>
#include <memory>
#include <queue>
#include <unordered_map>
#include <vector>

#include "wire.hpp"

namespace {

using namespace bench;

struct Connection {
  int fd = -1;
  SSL* tls = nullptr;
  std::string in, out;
  std::size_t body_left = 0;     // of the request being read
  bool reading_body = false, closed = false, wants_out = false;
  int events_left = 0, burst = 1, timed_every = 16;
  std::int64_t interval_ns = 0;
  bool first = true;
};

struct Due {
  std::int64_t at;
  std::shared_ptr<Connection> who;
  bool operator>(const Due& other) const { return at > other.at; }
};

std::string chunk(const std::string& data) {
  char size[16];
  std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  return size + data + "\r\n";
}

class Upstream {
 public:
  Upstream(int port, SSL_CTX* tls) : epoll_(::epoll_create1(0)), listener_(listen_on(port)), tls_(tls) {
    non_blocking(listener_);
    watch(listener_, EPOLLIN, EPOLL_CTL_ADD);
  }

  [[noreturn]] void run() {
    epoll_event ready[256];
    for (;;) {
      int timeout = -1;
      if (!due_.empty()) timeout = static_cast<int>(std::max<std::int64_t>(0, (due_.top().at - now_ns() + 999'999) / 1'000'000));
      const int n = ::epoll_wait(epoll_, ready, 256, timeout);
      for (int i = 0; i < n; ++i) {
        if (ready[i].data.fd == listener_) {
          accept_all();
          continue;
        }
        const auto found = connections_.find(ready[i].data.fd);
        if (found == connections_.end()) continue;
        const auto who = found->second;
        if (ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read(who);
        if (!who->closed && (ready[i].events & EPOLLOUT)) flush(*who), pump(who);
      }
      for (const auto now = now_ns(); !due_.empty() && due_.top().at <= now;) {
        const auto who = due_.top().who;
        due_.pop();
        if (!who->closed) send_events(who);
      }
    }
  }

 private:
  void watch(int fd, std::uint32_t events, int operation) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    ::epoll_ctl(epoll_, operation, fd, &event);
  }

  void accept_all() {
    for (;;) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      no_delay(fd);
      non_blocking(fd);
      auto one = std::make_shared<Connection>();
      one->fd = fd;
      if (tls_) {
        one->tls = SSL_new(tls_);
        SSL_set_fd(one->tls, fd);
        SSL_set_accept_state(one->tls);
      }
      connections_[fd] = one;
      watch(fd, EPOLLIN, EPOLL_CTL_ADD);
    }
  }

  void close(const std::shared_ptr<Connection>& who) {
    if (who->closed) return;
    who->closed = true;
    if (who->tls) SSL_free(who->tls);
    connections_.erase(who->fd);
    ::close(who->fd);
  }

  void read(const std::shared_ptr<Connection>& who) {
    static char buffer[256 * 1024];
    for (;;) {
      ssize_t n = 0;
      if (who->tls) {
        n = SSL_read(who->tls, buffer, sizeof buffer);
        if (n <= 0) {
          const int error = SSL_get_error(who->tls, static_cast<int>(n));
          if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
          return close(who);
        }
      } else {
        n = ::recv(who->fd, buffer, sizeof buffer, 0);
        if (n == 0) return close(who);
        if (n < 0) return errno == EAGAIN ? void() : close(who);
      }
      take(who, std::string_view(buffer, static_cast<std::size_t>(n)));
      if (who->closed) return;
    }
  }

  void take(const std::shared_ptr<Connection>& who, std::string_view bytes) {
    while (!bytes.empty()) {
      if (who->reading_body) {
        const std::size_t used = std::min(who->body_left, bytes.size());
        who->body_left -= used;
        bytes.remove_prefix(used);
      } else {
        who->in.append(bytes);
        const auto end = who->in.find("\r\n\r\n");
        if (end == std::string::npos) return;
        bytes = bytes.substr(bytes.size() - (who->in.size() - end - 4));
        who->in.resize(end + 2);
        const auto length = field("content-length: ", who->in);
        who->body_left = static_cast<std::size_t>(std::atoll(length.c_str()));
        who->reading_body = true;
      }
      if (who->body_left == 0) {
        who->reading_body = false;
        answer(who);
        who->in.clear();
      }
    }
    if (who->reading_body && who->body_left == 0) who->reading_body = false, answer(who), who->in.clear();
  }

  static std::string field(const char* name, const std::string& head) {
    const char* at = ::strcasestr(head.c_str(), name);
    if (!at) return {};
    at += std::strlen(name);
    const char* end = std::strstr(at, "\r\n");
    return std::string(at, end ? static_cast<std::size_t>(end - at) : std::strlen(at));
  }

  static std::string words(std::size_t size) {
    std::string text;
    while (text.size() < size) text += next_word();
    return text;
  }

  void answer(const std::shared_ptr<Connection>& who) {
    const std::string wish = field("x-bench: ", who->in);
    if (!wish.starts_with("sse ")) {
      static const std::string body =
          "{\"id\":\"c\",\"object\":\"chat.completion\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"" +
          words(880) + "\"},\"finish_reason\":\"stop\"}]}";
      who->out += "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
      return flush(*who);
    }
    long long events = 1, us = 0, burst = 1, every = 16;
    std::sscanf(wish.c_str(), "sse %lld %lld %lld %lld", &events, &us, &burst, &every);
    who->timed_every = static_cast<int>(every);
    who->events_left = static_cast<int>(events);
    who->interval_ns = us * 1000;
    who->burst = static_cast<int>(burst);
    who->out += "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    if (who->interval_ns > 0) {  // spread the streams over the interval
      flush(*who);
      due_.push({now_ns() + static_cast<std::int64_t>(static_cast<std::uint64_t>(rand()) % static_cast<std::uint64_t>(who->interval_ns)), who});
    } else {
      flush(*who);
      pump(who);
    }
  }

  /// One write: `burst` events; the last one brings the end.
  void send_events(const std::shared_ptr<Connection>& who) {
    const int count = std::min(who->burst, who->events_left);
    for (int i = 0; i < count; ++i) {
      const bool timed = (--who->events_left + who->fd) % who->timed_every == 0;
      who->out += chunk(event(timed ? now_ns() : 0, who->events_left == 0));
    }
    if (who->events_left == 0) who->out += chunk("data: [DONE]\n\n") + "0\r\n\r\n";
    flush(*who);
    if (who->events_left > 0 && who->interval_ns > 0) due_.push({now_ns() + who->interval_ns, who});
  }

  void pump(const std::shared_ptr<Connection>& who) {
    while (!who->closed && who->interval_ns == 0 && who->events_left > 0 && who->out.empty()) send_events(who);
  }

  void flush(Connection& one) {
    while (!one.out.empty()) {
      ssize_t n = one.tls ? SSL_write(one.tls, one.out.data(), static_cast<int>(std::min<std::size_t>(one.out.size(), 16384)))
                          : ::send(one.fd, one.out.data(), one.out.size(), MSG_NOSIGNAL);
      if (n <= 0) break;
      one.out.erase(0, static_cast<std::size_t>(n));
    }
    const bool wants = !one.out.empty();
    if (wants != one.wants_out) watch(one.fd, EPOLLIN | (wants ? EPOLLOUT : 0u), EPOLL_CTL_MOD);
    one.wants_out = wants;
  }

  int epoll_, listener_;
  SSL_CTX* tls_;
  std::unordered_map<int, std::shared_ptr<Connection>> connections_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_upstream PORT [CERT.pem KEY.pem]\n");
    return 64;
  }
  raise_fd_limit();
  std::signal(SIGPIPE, SIG_IGN);   // OpenSSL writes without MSG_NOSIGNAL
  SSL_CTX* tls = nullptr;
  if (argc > 3) {
    tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_use_certificate_chain_file(tls, argv[2]) != 1 || SSL_CTX_use_PrivateKey_file(tls, argv[3], SSL_FILETYPE_PEM) != 1) {
      std::fprintf(stderr, "cannot use %s with %s\n", argv[2], argv[3]);
      return 66;
    }
  }
  Upstream(std::atoi(argv[1]), tls).run();
}
