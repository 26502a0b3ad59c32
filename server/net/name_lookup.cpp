// SPDX-License-Identifier: Apache-2.0
#include "net/name_lookup.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>

namespace siltgate::net {
namespace {

ErrorCode error_of(int failed, int system) {
  switch (failed) {
    case 0: return {};
    case EAI_AGAIN: return asio::error::host_not_found_try_again;
    case EAI_FAIL: return asio::error::no_recovery;
    case EAI_MEMORY: return asio::error::no_memory;
    case EAI_NONAME: return asio::error::host_not_found;
    case EAI_SYSTEM: return {system, asio::error::get_system_category()};
    default: return asio::error::host_not_found;   // a name without addresses
  }
}

}  // namespace

Addresses ask_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  Addresses out;
  const int failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  out.error = error_of(failed, errno);
  for (const addrinfo* each = list; each; each = each->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0) out.literals.emplace_back(text.data());
  }
  if (list) ::freeaddrinfo(list);
  return out;
}

/// A name that a thread asks for. Only the event thread touches it.
struct NameLookup::Lookup {
  std::list<Signal*> waiting;
  std::optional<Addresses> found;
};

/// What a thread knows of the service, which may be gone when it comes back.
struct NameLookup::Link {
  std::mutex mutex;
  NameLookup* owner;
};

asio::execution_context::id NameLookup::id;

NameLookup::NameLookup(asio::execution_context& context) : service(context), link_(std::make_shared<Link>()) { link_->owner = this; }

NameLookup::~NameLookup() = default;

void NameLookup::shutdown() {
  const std::lock_guard lock(link_->mutex);
  link_->owner = nullptr;
}

std::shared_ptr<NameLookup::Lookup> NameLookup::join(const asio::any_io_executor& executor, const std::string& host) {
  auto& slot = under_way_[host];
  if (slot) return slot;
  slot = std::make_shared<Lookup>();
  auto lookup = slot;
  try {
    std::thread([link = link_, executor, host, ask_ = ask] {
      Addresses found = ask_(host);
      const std::lock_guard lock(link->mutex);
      if (link->owner)
        asio::post(executor, [owner = link->owner, host, found = std::move(found)]() mutable { owner->answered(host, std::move(found)); });
    }).detach();
  } catch (const std::system_error& none) {
    answered(host, {{}, {none.code().value(), asio::error::get_system_category()}});
  }
  return lookup;
}

void NameLookup::answered(const std::string& host, Addresses addresses) {
  const auto at = under_way_.find(host);
  auto lookup = std::move(at->second);
  under_way_.erase(at);
  lookup->found = std::move(addresses);
  for (Signal* each : lookup->waiting) each->notify();
}

Task<std::optional<Addresses>> NameLookup::find(asio::any_io_executor executor, std::string host, Watch& watch) {
  auto lookup = join(executor, host);
  if (!lookup->found) {
    Signal told(executor);
    const auto place = lookup->waiting.insert(lookup->waiting.end(), &told);
    bool answered = co_await told.wait(watch);
    lookup->waiting.erase(place);
    if (!answered) co_return std::nullopt;
  }
  co_return lookup->found;
}

}  // namespace siltgate::net
