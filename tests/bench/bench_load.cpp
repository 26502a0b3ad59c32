// SPDX-License-Identifier: Apache-2.0
// The clients of the bench: one thread, epoll, so many connections, each asking again as soon as it has its answer.
// Prints one JSON line: what was answered in the measured time, and percentiles of the latency of events (from the time
// of sending written in each) or of the time to first byte.
//
// Usage: bench_load PORT CONNECTIONS SECONDS BODY_BYTES X-BENCH [ttfb|settle]
//   ttfb    one sample per answer: from the request to its first body byte
//   settle  measures only after every connection has an answer under way; then prints "settled" on stderr and goes on
#include <sys/epoll.h>

#include <algorithm>
#include <vector>

#include "wire.hpp"

namespace {

using namespace bench;

struct Client {
  int fd = -1;
  std::string tail;              // end of what was read, for markers across reads
  std::string head;
  std::string end;               // the last five bytes of a chunked body
  bool in_head = true, chunked = false, close_after = false, got_body = false;
  long long body_left = 0;
  std::int64_t asked_at = 0;
  std::size_t unsent = 0;        // of the request
};

class Load {
 public:
  Load(int port, int connections, std::size_t body, std::string wish, bool ttfb)
      : port_(port), ttfb_(ttfb), epoll_(::epoll_create1(0)), clients_(static_cast<std::size_t>(connections)) {
    const bool stream = wish.starts_with("sse");
    std::string text = std::string("{\"model\":\"bench-model\",\"stream\":") + (stream ? "true" : "false") + ",\"messages\":[{\"role\":\"user\",\"content\":\"";
    text += std::string(body > text.size() + 5 ? body - text.size() - 5 : 0, 'p') + "\"}]}";
    request_ = "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: curl/8\r\nContent-Type: application/json\r\nx-bench: " + wish +
               "\r\nAuthorization: Bearer bench-key\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
  }

  void run(double seconds, bool settle) {
    for (auto& client : clients_) open(client), ask(client);
    if (settle) {
      while (under_way() < clients_.size()) step(100);
      std::fprintf(stderr, "settled\n");
    }
    events_ = answers_ = 0;
    samples_.clear();
    const std::int64_t begin = now_ns(), end = begin + static_cast<std::int64_t>(seconds * 1e9);
    while (now_ns() < end) step(10);
    report(static_cast<double>(now_ns() - begin) / 1e9);
  }

 private:
  void open(Client& client) {
    client = Client{};
    client.fd = connect_to(port_);
    non_blocking(client.fd);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &client;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd, &event);
  }

  void ask(Client& client) {
    client.in_head = true;
    client.got_body = false;
    client.head.clear();
    client.tail.clear();
    client.asked_at = now_ns();
    client.unsent = request_.size();
    push(client);
  }

  void push(Client& client) {
    while (client.unsent > 0) {
      const ssize_t n = ::send(client.fd, request_.data() + request_.size() - client.unsent, client.unsent, MSG_NOSIGNAL);
      if (n <= 0) break;
      client.unsent -= static_cast<std::size_t>(n);
    }
    epoll_event event{};
    event.events = EPOLLIN | (client.unsent > 0 ? EPOLLOUT : 0u);
    event.data.ptr = &client;
    if (client.unsent > 0 || request_.size() > 64 * 1024) ::epoll_ctl(epoll_, EPOLL_CTL_MOD, client.fd, &event);
  }

  std::size_t under_way() const {
    return static_cast<std::size_t>(std::count_if(clients_.begin(), clients_.end(), [](const Client& c) { return c.got_body; }));
  }

  void step(int timeout_ms) {
    epoll_event ready[512];
    const int n = ::epoll_wait(epoll_, ready, 512, timeout_ms);
    for (int i = 0; i < n; ++i) {
      auto& client = *static_cast<Client*>(ready[i].data.ptr);
      if (ready[i].events & EPOLLOUT) push(client);
      if (ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read(client);
    }
  }

  void again(Client& client, bool closed) {
    if (closed) {
      ::close(client.fd);
      open(client);
    }
    ask(client);
  }

  void read(Client& client) {
    static char buffer[256 * 1024];
    const ssize_t n = ::recv(client.fd, buffer, sizeof buffer, 0);
    if (n < 0) return;
    if (n == 0) {
      if (!client.in_head) ++broken_;
      return again(client, true);
    }
    std::string_view bytes(buffer, static_cast<std::size_t>(n));
    const std::int64_t now = now_ns();
    if (client.in_head && !take_head(client, bytes)) return;
    if (bytes.empty()) return;
    if (!client.got_body && ttfb_) samples_.push_back(now - client.asked_at);
    client.got_body = true;
    if (!ttfb_) take_times(client, bytes, now);
    if (ended(client, bytes)) {
      ++answers_;
      again(client, client.close_after);
    }
  }

  bool take_head(Client& client, std::string_view& bytes) {
    client.head.append(bytes);
    const auto end = client.head.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    bytes = bytes.substr(bytes.size() - (client.head.size() - end - 4));
    client.head.resize(end + 2);
    for (char& c : client.head) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    client.end.clear();
    if (client.head.compare(9, 3, "200") != 0) {
      ++refused_;
      std::fprintf(stderr, "not a 200: %.60s\n", client.head.c_str());
    }
    client.chunked = client.head.find("transfer-encoding: chunked") != std::string::npos;
    client.close_after = client.head.find("connection: close") != std::string::npos;
    const auto length = client.head.find("content-length: ");
    client.body_left = length == std::string::npos ? -1 : std::atoll(client.head.c_str() + length + 16);
    client.in_head = false;
    return true;
  }

  /// "@" and nineteen digits, wherever reads cut. Most events have no time: nineteen times 0.
  void take_times(Client& client, std::string_view bytes, std::int64_t now) {
    client.tail.append(bytes);
    std::string_view text = client.tail;
    std::size_t keep = 0;
    for (std::size_t at = 0; (at = text.find('@', at)) != std::string_view::npos; ++at) {
      if (at + 20 > text.size()) {
        keep = text.size() - at;
        break;
      }
      ++events_;
      const std::int64_t sent = std::atoll(std::string(text.substr(at + 1, 19)).c_str());
      if (sent > 0 && samples_.size() < 4'000'000) samples_.push_back(now - sent);
    }
    client.tail.erase(0, client.tail.size() - keep);
    last_.assign(bytes.substr(bytes.size() > 8 ? bytes.size() - 8 : 0));
  }

  bool ended(Client& client, std::string_view bytes) {
    if (client.chunked) {
      client.end.append(bytes.substr(bytes.size() - std::min<std::size_t>(bytes.size(), 5)));  // wherever reads cut
      client.end.erase(0, client.end.size() - std::min<std::size_t>(client.end.size(), 5));
      return client.end == "0\r\n\r\n";
    }
    client.body_left -= static_cast<long long>(bytes.size());
    return client.body_left == 0;
  }

  double percentile(double p) {
    if (samples_.empty()) return 0;
    const auto at = static_cast<std::size_t>(p * static_cast<double>(samples_.size() - 1));
    std::nth_element(samples_.begin(), samples_.begin() + static_cast<std::ptrdiff_t>(at), samples_.end());
    return static_cast<double>(samples_[at]) / 1000;
  }

  void report(double seconds) {
    std::printf("{\"seconds\":%.3f,\"answers\":%lld,\"events\":%lld,\"broken\":%lld,\"refused\":%lld,\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f}\n",
                seconds, answers_, events_, broken_, refused_, percentile(0.5), percentile(0.9), percentile(0.99));
  }

  int port_;
  bool ttfb_;
  int epoll_;
  std::string request_, last_;
  std::vector<Client> clients_;
  std::vector<std::int64_t> samples_;
  long long events_ = 0, answers_ = 0, broken_ = 0, refused_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: bench_load PORT CONNECTIONS SECONDS BODY_BYTES X-BENCH [ttfb|settle]\n");
    return 64;
  }
  raise_fd_limit();
  const std::string mode = argc > 6 ? argv[6] : "";
  Load load(std::atoi(argv[1]), std::atoi(argv[2]), static_cast<std::size_t>(std::atoll(argv[4])), argv[5], mode == "ttfb");
  load.run(std::atof(argv[3]), mode == "settle");
}
