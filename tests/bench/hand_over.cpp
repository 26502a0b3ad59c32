// SPDX-License-Identifier: Apache-2.0
// Hand-over from one finished stream to the next request in the queue, seen by the provider: from the write that ends an answer
// to the arrival of the next request. The provider answers one request at a time (cap 1), so each end has one successor.
// The same gap through nothing (a client that sends its next request when it has read the end) shows what loopback costs.
//
// Usage: hand_over PORT_OF_SILTGATE PORT_TO_LISTEN_ON [waiting] [hand-overs]     (run_hand_over.sh starts both)
#include <poll.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "wire.hpp"

namespace {

using namespace bench;
using Clock = std::chrono::steady_clock;

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

/// Answers whatever comes on any of its connections, one at a time, and notes the gaps between an end and the next request.
class Provider {
 public:
  explicit Provider(int port) : listener_(listen_on(port)) {}

  void serve(int answers) {
    while (static_cast<int>(gaps_.size()) < answers) {
      std::vector<pollfd> fds{{listener_, POLLIN, 0}};
      for (int fd : connections_) fds.push_back({fd, POLLIN, 0});
      if (::poll(fds.data(), fds.size(), 20'000) <= 0) die("no request within 20 s");
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

/// Every answer read is followed by a new request, so that the queue keeps its length.
void keep_waiting(int port, int waiting, const bool& stop) {
  std::vector<pollfd> fds;
  int number = 0;
  for (int i = 0; i < waiting; ++i) {
    fds.push_back({connect_to(port), POLLIN, 0});
    send_all(fds.back().fd, request(number++));
  }
  while (!stop) {
    ::poll(fds.data(), fds.size(), 100);
    for (auto& one : fds) {
      if (!one.revents) continue;
      char buffer[8192];
      const ssize_t n = ::recv(one.fd, buffer, sizeof buffer, 0);
      if (n > 0) continue;  // siltgate closes after each answer to a client it does not know
      ::close(one.fd);
      if (stop) return;
      one.fd = connect_to(port);
      send_all(one.fd, request(number++));
    }
  }
}

/// The same gap without a proxy: a client that asks again as soon as it has read the end.
std::vector<double> direct_gaps(int port, int answers) {
  Provider provider(port);
  std::thread client([&] {
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
  const auto direct = direct_gaps(own + 1, std::min(answers, 500));
  Provider provider(own);
  bool stop = false;
  std::thread clients(keep_waiting, siltgate, waiting, std::cref(stop));
  provider.serve(answers);
  print("direct, no proxy", direct);
  print("through siltgate", provider.gaps_us());
  std::printf("own time of siltgate   p50 %7.1f us with %d requests waiting (difference of the medians)\n",
              percentile(provider.gaps_us(), 0.5) - percentile(direct, 0.5), waiting);
  std::fflush(stdout);
  std::_Exit(0);  // the clients wait for answers that will not come
}
