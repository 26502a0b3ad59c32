// SPDX-License-Identifier: Apache-2.0
// POSIX only. A line goes out with one write(2), so lines of several writers do not mix in pipes and files.
#include "observe/log.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>

namespace siltgate::observe {
namespace {

/// A reader may be this late before its line is dropped; the proxy goes on.
constexpr int patience_ms = 20;
/// With POLLOUT a pipe takes this much without waiting.
constexpr std::size_t most_at_once = longest_line;

bool journal_reads(int fd) {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat file {};
  if (!stream || fstat(fd, &file) != 0) return false;
  return is_journal(stream, static_cast<std::uint64_t>(file.st_dev), static_cast<std::uint64_t>(file.st_ino));
}

bool may_colour(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return isatty(fd) && !(no_color && *no_color) && !(term && std::string_view(term) == "dumb");
}

Sink sink_of(int fd) {
  struct stat file {};
  if (fstat(fd, &file) != 0) return Sink::other;
  return S_ISREG(file.st_mode) ? Sink::file : S_ISSOCK(file.st_mode) ? Sink::socket : Sink::other;
}

/// The terminal of `fd` opened once more, not to be waited for, or -1. A terminal that says it has room may still make a line
/// wait for its reader, and O_NONBLOCK on `fd` itself would be set for everybody who shares it.
int opened_anew(int fd) {
  constexpr int flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  if (isatty(fd) != 1) return -1;
#if defined(__linux__)
  // Finds a terminal of another mount namespace, too.
  if (const int own = ::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), flags); own >= 0) return own;
#endif
  char name[256];
  return ttyname_r(fd, name, sizeof name) == 0 ? ::open(name, flags) : -1;
}

bool has_room(int fd, int patience) {
  for (;;) {
    pollfd ready{fd, POLLOUT, 0};
    const int polled = ::poll(&ready, 1, patience);
    if (polled < 0 && errno == EINTR) continue;
    return polled > 0 && (ready.revents & POLLOUT) != 0;
  }
}

/// How many of the bytes went out, all of them unless there was no room within the patience.
std::size_t write_line(int fd, std::string_view bytes, Sink sink, int patience) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    if (sink != Sink::file && !has_room(fd, patience)) break;
    const auto piece = bytes.substr(done, most_at_once);
    const ssize_t wrote = sink == Sink::socket ? ::send(fd, piece.data(), piece.size(), MSG_DONTWAIT) : ::write(fd, piece.data(), piece.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) break;
    done += static_cast<std::size_t>(wrote);
  }
  return done;
}

std::string indent(std::string_view block) {
  std::string out;
  for (std::size_t at = 0; at < block.size();) {
    std::size_t end = block.find('\n', at);
    if (end == std::string_view::npos) end = block.size();
    out += "    ";
    out += block.substr(at, end - at);
    out += '\n';
    at = end + 1;
  }
  return out;
}

}  // namespace

bool is_journal(std::string_view journal_stream, std::uint64_t device, std::uint64_t inode) {
  const auto colon = journal_stream.find(':');
  if (colon == std::string_view::npos) return false;
  std::uint64_t dev = 0, ino = 0;
  const char* const middle = journal_stream.data() + colon;
  const char* const end = journal_stream.data() + journal_stream.size();
  const auto a = std::from_chars(journal_stream.data(), middle, dev);
  const auto b = std::from_chars(middle + 1, end, ino);
  return a.ec == std::errc{} && a.ptr == middle && b.ec == std::errc{} && b.ptr == end && dev == device && ino == inode;
}

Spelling choose_spelling(LogFormat format, bool terminal, bool journal) {
  switch (format) {
    case LogFormat::json: return Spelling::json;
    case LogFormat::journal: return Spelling::journal;
    case LogFormat::text: return terminal ? Spelling::terminal : Spelling::logfmt;
    case LogFormat::automatic: break;
  }
  if (journal) return Spelling::journal;             // 1
  return terminal ? Spelling::terminal               // 2
                  : Spelling::logfmt;                // 3
}

namespace {

Spelling spelling_for(LogFormat format, int fd) { return choose_spelling(format, isatty(fd) == 1, journal_reads(fd)); }

}  // namespace

Logger::Logger(const LogConfig& config, int fd)
    : own_(opened_anew(fd)),
      fd_(own_ >= 0 ? own_ : fd),
      level_(config.level),
      spelling_(spelling_for(config.format, fd)),
      colour_(may_colour(fd)),
      sink_(sink_of(fd)) {}

Logger::~Logger() {
  if (own_ >= 0) ::close(own_);
}

void Logger::configure(const LogConfig& config) {
  level_.store(config.level, std::memory_order_relaxed);
  spelling_.store(spelling_for(config.format, fd_), std::memory_order_relaxed);
}

void Logger::write(const Line& line) { write(line, {}); }

void Logger::write(const Line& line, std::string_view block) {
  if (!wants(line.level())) return;
  const Spelling spelling = spelling_.load(std::memory_order_relaxed);
  std::string bytes = spell(line, std::chrono::system_clock::now(), spelling, colour_);
  if (spelling == Spelling::terminal) bytes += indent(block);
  if (cut_) bytes.insert(0, 1, '\n');
  const std::size_t wrote = write_line(fd_, bytes, sink_, stuck_ ? 0 : patience_ms);
  stuck_ = wrote < bytes.size();
  if (wrote > 0) cut_ = stuck_.load();
  if (stuck_) lost_.fetch_add(1, std::memory_order_relaxed);
}

void Logger::finding(const Finding& finding, std::string_view id, std::span<const std::string> secrets) {
  if (wants(Level::debug)) write(finding_line(finding, id, secrets), dump_finding(finding, secrets));
}

}  // namespace siltgate::observe
