// SPDX-License-Identifier: Apache-2.0
#include "support/running_redis.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace siltgate::test {

RunningRedis::RunningRedis(std::vector<std::string> further) : further_(std::move(further)) {
  for (int attempt = 0; attempt < 5; ++attempt) {  // another process may take the port before Redis does
    port_ = Listener().port();
    start();
    if (process_->running()) return;
  }
  throw std::runtime_error("redis-server does not start: " + process_->output());
}

void RunningRedis::start() {
  ::unlink(socket().c_str());
  std::error_code ignored;
  std::filesystem::remove_all(folder_.path() + "/appendonlydir", ignored);
  std::vector<std::string> words{"redis-server", "--port", std::to_string(port_), "--bind", "127.0.0.1", "--unixsocket", socket(),
                                 "--dir", folder_.path(), "--save", "", "--appendonly", "yes", "--appendfsync", "no", "--daemonize", "no"};
  words.insert(words.end(), further_.begin(), further_.end());
  process_ = std::make_unique<ChildProcess>(std::move(words), folder_.path() + "/redis.log");
  for (const Deadline until = soon(); !answers() && process_->running();) {
    if (std::chrono::steady_clock::now() >= until) throw TooLate("redis-server does not answer: " + process_->output());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

std::string RunningRedis::everything() const {
  std::string text;
  for (const auto& file : std::filesystem::directory_iterator(folder_.path() + "/appendonlydir")) {
    std::ifstream in(file.path(), std::ios::binary);
    text.append(std::istreambuf_iterator<char>(in), {});
  }
  return text;
}

std::string RunningRedis::tell(const std::string& line) const {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket().c_str(), sizeof address.sun_path - 1);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return {};
  }
  Wire wire(fd);
  std::string answer;
  wire.write(line, soon());
  return wire.read(answer, soon()) == End::open ? answer : "";
}

}  // namespace siltgate::test
