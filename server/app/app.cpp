// SPDX-License-Identifier: Apache-2.0
#include "app/app.hpp"

#include <boost/asio/post.hpp>

#include "app/state.hpp"

namespace siltgate::app {

App::App(settings::Settings settings, Surroundings surroundings)
    : state_(std::make_unique<State>(std::move(settings), std::move(surroundings))) {}

App::~App() = default;

std::optional<StartFailure> App::start() { return state_->start(); }

std::vector<std::uint16_t> App::ports() const {
  std::vector<std::uint16_t> ports;
  for (const auto& entry : state_->entries) ports.push_back(entry->listener.port());
  return ports;
}

int App::run() { return state_->run(); }

void App::stop() {
  asio::post(state_->io, [state = state_.get()] { state->stop(); });
}

void App::reload() {
  asio::post(state_->io, [state = state_.get()] { state->reload(); });
}

}  // namespace siltgate::app
