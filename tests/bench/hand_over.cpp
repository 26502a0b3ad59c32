// SPDX-License-Identifier: Apache-2.0
// Hand-over from one finished stream to the next request in the queue, seen by the provider: from the write that ends an answer
// to the arrival of the next request. The provider answers one request at a time (cap 1), so each end has one successor.
// The same gap through nothing (a client that sends its next request when it has read the end) shows what loopback costs.
//
// Usage: hand_over PORT_OF_SILTGATE PORT_TO_LISTEN_ON [waiting] [hand-overs]     (run_hand_over.sh starts both)
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "wire.hpp"

namespace {

using namespace bench;
using Clock = std::chrono::steady_clock;

constexpr unsigned proxy_core = 0, load_core = 1;   // where run_hand_over.sh puts siltgate, and the rest

void pin(unsigned core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  ::sched_setaffinity(0, sizeof cores, &cores);
}

void send_all(int fd, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) die("send");
    sent += static_cast<std::size_t>(n);
  }
}

std::string chunk(const std::string& data) {
  char size[16];
  std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  return size + data + "\r\n";
}

std::string request(int number) {
  const std::string body = "{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"" + std::to_string(number) + "\"}]}";
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\nx-session-id: s" + std::to_string(number % 50) + "\r\n\r\n" + body;
}

/// Answers whatever comes on any of its connections, one at a time, and notes the gaps between an end and the next request. It asks
/// for that again and again: to be woken would take longer, now and then, than what is measured.
class Provider {
 public:
  explicit Provider(int port) : listener_(listen_on(port)) {}

  void serve(int answers) {
    while (static_cast<int>(gaps_.size()) < answers) {
      std::vector<pollfd> fds{{listener_, POLLIN, 0}};
      for (int fd : connections_) fds.push_back({fd, POLLIN, 0});
      const auto give_up = Clock::now() + std::chrono::seconds(20);
      while (::poll(fds.data(), fds.size(), 0) == 0)
        if (Clock::now() > give_up) die("no request within 20 s");
      if (fds[0].revents) connections_.push_back(::accept(listener_, nullptr, nullptr));
      for (std::size_t i = 1; i < fds.size(); ++i)
        if (fds[i].revents) take(fds[i].fd);
    }
  }
  const std::vector<double>& gaps_us() const { return gaps_; }

 private:
  void take(int fd) {
    char buffer[8192];
    const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
    const auto arrived = Clock::now();
    if (n <= 0) {
      std::erase(connections_, fd);
      ::close(fd);
      return;
    }
    if (ended_ != Clock::time_point{}) gaps_.push_back(std::chrono::duration<double, std::micro>(arrived - ended_).count());
    no_delay(fd);
    send_all(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" +
                     chunk(event(now_ns())));
    // An answer takes time, and whoever left the queue has settled when it ends.
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const std::string end = chunk(event(now_ns(), true)) + chunk("data: [DONE]\n\n") + "0\r\n\r\n";
    ended_ = Clock::now();
    send_all(fd, end);
  }

  int listener_;
  std::vector<int> connections_;
  Clock::time_point ended_{};
  std::vector<double> gaps_;
};

/// Every answer read is followed by a new request, so that the queue keeps its length. All of these clients together have the lowest
/// priority: on a machine of their own they would take no time from what is measured.
class Waiting {
 public:
  Waiting(int port, int count) : port_(port), epoll_(::epoll_create1(0)) {
    ::setpriority(PRIO_PROCESS, 0, 19);   // on Linux of this thread alone
    for (int i = 0; i < count; ++i) ask();
  }
  void run(const std::atomic<bool>& stop) {
    while (!stop) {
      std::array<epoll_event, 64> ready;
      const int count = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 100);
      for (int i = 0; i < count && !stop; ++i) read(ready[static_cast<std::size_t>(i)].data.fd);
    }
  }

 private:
  void ask() {
    const int fd = connect_to(port_);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    send_all(fd, request(number_++));
  }
  void read(int fd) {
    char buffer[8192];
    if (::recv(fd, buffer, sizeof buffer, 0) > 0) return;  // siltgate closes after each answer to a client it does not know
    ::close(fd);
    ask();
  }

  int port_, epoll_, number_ = 0;
};

/// The same gap without a proxy: a client that asks again as soon as it has read the end.
std::vector<double> direct_gaps(int port, int answers) {
  Provider provider(port);
  std::thread client([&] {
    pin(proxy_core);
    const int fd = connect_to(port);
    for (int i = 0; i <= answers; ++i) {
      send_all(fd, request(i));
      std::string read;
      while (!read.ends_with("0\r\n\r\n")) {
        char buffer[8192];
        const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
        if (n <= 0) return;
        read.append(buffer, static_cast<std::size_t>(n));
      }
    }
    ::close(fd);
  });
  provider.serve(answers);
  client.join();
  return provider.gaps_us();
}

double percentile(std::vector<double> values, double p) {
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<std::size_t>(p * static_cast<double>(values.size())))];
}

void print(const char* name, const std::vector<double>& gaps) {
  std::printf("%-22s p50 %7.1f us   p90 %7.1f us   p99 %7.1f us   (%zu hand-overs)\n", name, percentile(gaps, 0.5),
              percentile(gaps, 0.9), percentile(gaps, 0.99), gaps.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: hand_over PORT_OF_SILTGATE PORT_TO_LISTEN_ON [waiting] [hand-overs]\n");
    return 64;
  }
  const int siltgate = std::atoi(argv[1]), own = std::atoi(argv[2]);
  const int waiting = argc > 3 ? std::atoi(argv[3]) : 1000, answers = argc > 4 ? std::atoi(argv[4]) : 2000;
  pin(load_core);
  const auto direct = direct_gaps(own + 1, std::min(answers, 500));
  Provider provider(own);
  std::atomic<bool> stop = false;
  std::thread clients([&] { Waiting(siltgate, waiting).run(stop); });
  provider.serve(answers);
  print("direct, no proxy", direct);
  print("through siltgate", provider.gaps_us());
  std::printf("own time of siltgate   p50 %7.1f us with %d requests waiting (difference of the medians)\n",
              percentile(provider.gaps_us(), 0.5) - percentile(direct, 0.5), waiting);
  std::fflush(stdout);
  std::_Exit(0);  // the clients wait for answers that will not come
}
