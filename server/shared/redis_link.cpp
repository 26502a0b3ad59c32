// SPDX-License-Identifier: Apache-2.0
#include "shared/redis_link.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "net/dial.hpp"
#include "shared/lease_clock.hpp"
#include "shared/ledger.hpp"

namespace siltgate::shared {
namespace {

constexpr std::size_t most_unsent = 16u << 20;

std::string_view name_of(Op op) {
  constexpr std::string_view names[] = {"join", "beat", "enter", "leave", "hold", "adapt", "look", "part", "note"};
  return names[static_cast<int>(op)];
}

/// The life of the server, from INFO: another one means that it may have forgotten something.
std::string run_id_in(std::string_view info) {
  constexpr std::string_view name = "run_id:";
  const auto at = info.find(name);
  if (at == std::string_view::npos) return {};
  const auto text = info.substr(at + name.size());
  return std::string(text.substr(0, text.find('\r')));
}

/// Never the server's own words on HELLO: an old Redis repeats the password in them.
std::string refused_hello(const std::string& error) {
  if (error.starts_with("WRONGPASS")) return "user or password is wrong (WRONGPASS)";
  if (error.starts_with("NOAUTH")) return "it asks for a password (NOAUTH)";
  if (error.starts_with("LOADING")) return "it is loading its data (LOADING)";
  if (error.starts_with("NOPERM")) return "the user may not sign in this way (NOPERM)";
  if (error.starts_with("ERR unknown command") || error.starts_with("NOPROTO")) return "it does not know HELLO 3: Redis 6 or Valkey is needed";
  if (error.starts_with("DENIED")) return "it is in protected mode: set a password there, or let it bind to this network alone (DENIED)";
  if (error.starts_with("ERR max number of clients")) return "it takes no more clients (maxclients)";
  const auto code = error.substr(0, error.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"));  // the first word, of the server's own making
  return code.empty() || code == "ERR" || code.size() > 20 ? "it refused HELLO 3" : "it refused HELLO 3 (" + code + ")";
}

/// Of what a server says no more than fits in a line, and its full stop belongs to us.
std::string quoted(const std::string& error) {
  std::string text = error.substr(0, 200);
  while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace

/// Lets what ends late see that its RedisLink is gone.
struct RedisLink::Link {
  RedisLink* owner;
  asio::steady_timer pause;
};

RedisLink::RedisLink(asio::any_io_executor executor, LinkConfig config, Listener listener)
    : executor_(executor),
      config_(std::move(config)),
      listener_(std::move(listener)),
      link_(std::make_shared<Link>(Link{this, asio::steady_timer(executor)})) {}

RedisLink::~RedisLink() { link_->owner = nullptr; }

void RedisLink::start() { asio::co_spawn(executor_, run(link_), asio::detached); }

void RedisLink::stop() {
  stopped_ = true;
  flush();
  link_->pause.cancel();
  if (watch_) watch_->raise(net::Wake::stopped);
}

void RedisLink::drop(std::string why) {
  if (drop_.empty()) drop_ = quoted(why);
  if (watch_) watch_->raise(net::Wake::stopped);
}

void RedisLink::lose(std::string why) {
  if (lost_.empty()) lost_ = std::move(why);
  if (watch_) watch_->raise(net::Wake::stopped);
}

Task<void> RedisLink::run(std::shared_ptr<Link> link) {
  Duration pause{};
  while (link->owner && !link->owner->stopped_) {
    RedisLink& self = *link->owner;
    net::Watch watch(self.executor_);
    self.watch_ = &watch;
    std::string why = co_await self.talk(watch);
    if (!link->owner) co_return;
    self.watch_ = nullptr;
    self.connection_.reset();
    const bool was_up = std::exchange(self.up_, false) && Clock::now() - self.up_since_ > self.config_.patience;
    self.pending_.clear();
    self.out_.clear();
    if (self.stopped_) co_return;
    if (!self.drop_.empty()) why = self.drop_;
    else if (!self.lost_.empty()) why = self.lost_;
    self.listener_.down(why, self.drop_.empty() && !self.silent_);
    const Duration most = self.config_.patience / 2;
    pause = was_up ? std::chrono::milliseconds(20) : std::min(most, std::max<Duration>(pause * 2, std::chrono::milliseconds(50)));
    const double part = std::uniform_real_distribution<double>(0.5, 1)(self.random_);
    link->pause.expires_after(std::chrono::duration_cast<Duration>(pause * part));
    ErrorCode ignored;
    co_await link->pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

Task<Result<net::Connection>> RedisLink::dial(net::Watch& watch) {
  const RedisAddress& address = config_.address;
  if (!address.socket.empty()) {
    auto connection = co_await net::dial_unix(executor_, address.socket, config_.patience, watch);
    co_return connection;
  }
  if (address.tls && !tls_) {
    net::TlsConfig config;
    auto made = net::TlsContext::make(config);
    if (!made) co_return made.error();
    tls_ = *made;
  }
  net::Destination destination;
  destination.upstream.scheme = address.tls ? "https" : "http";
  destination.upstream.host = address.host;
  destination.upstream.port = address.port;
  destination.tls = tls_;
  auto connection = co_await net::dial(executor_, std::move(destination), config_.patience, watch);
  co_return connection;
}

/// From dialling to the end of the connection; returns why it ended.
Task<std::string> RedisLink::talk(net::Watch& watch) {
  drop_.clear();
  lost_.clear();
  silent_ = false;
  reader_ = RespReader();
  writing_ = false;
  auto connection = co_await dial(watch);
  if (!connection) co_return connection.error().detail;
  connection_.emplace(std::move(*connection));
  std::string why = co_await sign_in(watch);
  while (why.empty()) {
    while (auto answer = reader_.next()) {
      why = take(*answer);
      if (!why.empty()) co_return why;
    }
    if (pending_.empty()) watch.clear_deadline();
    else watch.set_deadline(pending_.front().due);
    why = co_await more(watch);
  }
  co_return why;
}

/// Reads once; returns why that failed.
Task<std::string> RedisLink::more(net::Watch& watch) {
  if (!reader_.malformed().empty()) co_return reader_.malformed();
  std::array<char, 16 * 1024> buffer;
  auto got = co_await connection_->read_some(buffer, watch, Phase::admit);
  if (!got && watch.raised() == net::Wake::deadline) {
    // It may have been this process that stood still: then the answer is here.
    const net::Io late = connection_->try_read(buffer);
    silent_ = late.status != net::Io::Status::ok;
    if (silent_) co_return "it did not answer within " + std::to_string(to_ms(config_.patience)) + " ms";
    watch.set_deadline_in(config_.patience);
    reader_.feed({buffer.data(), late.bytes});
    co_return std::string{};
  }
  if (!got && got.error().cause == Cause::upstream_closed) co_return std::string("it closed the connection");
  if (!got) co_return got.error().detail;
  reader_.feed({buffer.data(), *got});
  co_return std::string{};
}

/// What the names of channels begin with. A server has them once for all its databases: without the number another group's holds would
/// be heard here.
std::string RedisLink::channels() const {
  const int database = config_.address.database;
  return config_.prefix + (database == 0 ? "" : std::to_string(database) + ":");
}

/// Five commands. No coroutine: g++ 12 does not keep lists of temporaries alive in one.
std::string RedisLink::greeting() const {
  const RedisAddress& address = config_.address;
  std::vector<std::string> hello{"HELLO", "3"};
  if (!address.password.empty()) hello.insert(hello.end(), {"AUTH", address.user.empty() ? "default" : address.user, address.password});
  return resp_command(hello) + resp_command({"SELECT", std::to_string(address.database)}) + resp_command({"INFO", "server"}) +
         resp_command({"SCRIPT", "LOAD", std::string(ledger_text())}) +
         resp_command({"SUBSCRIBE", channels() + "to:" + config_.id, channels() + "all"});
}

Task<std::string> RedisLink::sign_in(net::Watch& watch) {
  out_ = greeting();
  flush();
  watch.set_deadline_in(config_.patience);
  std::vector<RespValue> answers;
  int channels = 0;
  for (;;) {
    while (auto answer = reader_.next()) {
      if (answer->is_error()) {
        if (answers.empty()) co_return refused_hello(answer->text);
        co_return quoted(answer->text);
      }
      if (answer->kind == RespValue::Kind::push) channels += answer->at(0).text == "subscribe";
      else if (answers.size() == 4) co_return std::string("it answered what was not asked");
      else answers.push_back(std::move(*answer));
    }
    if (answers.size() >= 4 && channels >= 2) break;
    std::string why = co_await more(watch);
    if (!why.empty()) co_return why;
  }
  watch.clear_deadline();
  sha_ = answers[3].text;
  std::string run = run_id_in(answers[2].text);
  if (run.empty()) co_return std::string("INFO server names no run_id");
  up_ = true;
  up_since_ = Clock::now();
  listener_.up(run);
  co_return std::string{};
}

/// One answer or message; returns why the connection has to end.
std::string RedisLink::take(const RespValue& answer) {
  if (answer.kind == RespValue::Kind::push) {
    if (answer.at(0).text == "message") listener_.heard(answer.at(1).text, answer.at(2).text);
    return {};
  }
  if (pending_.empty()) return "it answered what was not asked";
  Command command = std::move(pending_.front().command);
  pending_.pop_front();
  if (answer.is_error() && answer.text.starts_with("NOSCRIPT")) {
    command.sent = lease_now();
    write_call(command, true);
    pending_.push_back({std::move(command), Clock::now() + config_.patience});
    flush();
    return {};
  }
  listener_.answered(command, answer);
  return drop_;
}

void RedisLink::send(Command command) {
  if (!up_) return;
  command.sent = lease_now();
  write_call(command, false);
  pending_.push_back({std::move(command), Clock::now() + config_.patience});
  if (pending_.size() == 1 && watch_) watch_->set_deadline(pending_.front().due);
  flush();
}

void RedisLink::write_call(const Command& command, bool whole_text) {
  std::vector<std::string> words{whole_text ? "EVAL" : "EVALSHA", whole_text ? std::string(ledger_text()) : sha_, "2", config_.prefix, channels(),
                                 std::string(name_of(command.op)), config_.id, std::to_string(to_ms(config_.lease)), command.epoch, std::to_string(command.joins)};
  words.insert(words.end(), command.words.begin(), command.words.end());
  out_ += resp_command(words);
}

void RedisLink::flush() {
  while (connection_ && !writing_ && !out_.empty()) {
    std::array<asio::const_buffer, 1> buffers{asio::buffer(out_)};
    const net::Io io = connection_->try_write(buffers);
    if (io.status == net::Io::Status::ok) {
      out_.erase(0, io.bytes);
      continue;
    }
    if (io.status == net::Io::Status::closed || io.status == net::Io::Status::broken) return lose("the connection broke");
    if (out_.size() > most_unsent) return drop("it takes nothing");
    writing_ = true;
    const auto direction = io.status == net::Io::Status::wants_read ? net::Socket::wait_read : net::Socket::wait_write;
    connection_->socket().async_wait(direction, [link = link_](const ErrorCode& error) {
      if (error || !link->owner) return;
      link->owner->writing_ = false;
      link->owner->flush();
    });
  }
}

}  // namespace siltgate::shared
