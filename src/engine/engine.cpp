#include "jobscaler/engine.h"

#include "engine/core.h"

namespace jobscaler {

struct Engine::State {
  engine::Core core;
};

Engine::Engine(EngineSpec spec, TimePoint now)
    : state_(std::make_unique<State>(State{engine::Core(std::move(spec), now)})) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

void Engine::apply(const Event& event, TimePoint now) {
  state_->core.apply(event, now);
}

void Engine::reconfigure(Reconfiguration change, TimePoint now) {
  state_->core.reconfigure(std::move(change), now);
}

std::vector<Action> Engine::step(TimePoint now) {
  return state_->core.step(now);
}

TimePoint Engine::next_wakeup() const {
  return state_->core.next_wakeup();
}

}  // namespace jobscaler
