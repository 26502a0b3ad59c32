// SPDX-License-Identifier: Apache-2.0
// The log's way out: chooses a spelling once, writes each line with one write(2) and never waits for a slow reader.
#pragma once

#include <atomic>
#include <span>
#include <string>
#include <string_view>

#include "observe/log_line.hpp"

namespace siltgate::observe {

/// What LogFormat::automatic becomes, from facts about the descriptor and the environment:
/// 1. the journal reads it (JOURNAL_STREAM names this descriptor's device and inode) -> journal
/// 2. it is a terminal -> terminal
/// 3. anything else -> logfmt
Spelling choose_spelling(LogFormat format, bool terminal, bool journal);

/// Does `journal_stream` ("8:12345") name this device and inode?
bool is_journal(std::string_view journal_stream, std::uint64_t device, std::uint64_t inode);

/// A regular file takes every line at once, a socket is told not to wait, and a pipe with room takes a line without waiting.
enum class Sink { file, socket, other };

/// The program must ignore SIGPIPE: a reader that went away is a lost line, not the end.
class Logger {
 public:
  /// `fd` stays the caller's; a terminal is opened once more. Colour only on a terminal and without NO_COLOR in the environment.
  explicit Logger(const LogConfig& config, int fd = 2);
  ~Logger();

  bool wants(Level level) const { return level >= level_.load(std::memory_order_relaxed); }
  /// Level and spelling from the next line on.
  void configure(const LogConfig& config);

  void write(const Line& line);
  /// `block` (several lines) follows indented, on a terminal only.
  void write(const Line& line, std::string_view block);

  void debug(std::string_view message) { write(Line(Level::debug, message)); }
  void info(std::string_view message) { write(Line(Level::info, message)); }
  void warn(std::string_view message) { write(Line(Level::warn, message)); }
  void error(std::string_view message) { write(Line(Level::error, message)); }

  /// The line of a finished exchange, at its own level.
  void exchange(const ExchangeRecord& record) { write(exchange_line(record)); }
  /// A finding with its dump, at level debug.
  void finding(const Finding& finding, std::string_view id, std::span<const std::string> secrets);

  /// Lines that found no room in the pipe or terminal within a moment and were dropped.
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  int own_;                                // the terminal, opened so that it never makes us wait; -1 = none
  int fd_;
  std::atomic<Level> level_;
  std::atomic<Spelling> spelling_;
  bool colour_;
  Sink sink_;
  std::atomic<bool> stuck_{false};         // the last line found no room: do not wait for the next one
  std::atomic<bool> cut_{false};           // a line went out in part: the next one begins with a line feed
  std::atomic<std::uint64_t> lost_{0};
};

}  // namespace siltgate::observe
