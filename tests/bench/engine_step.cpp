#include <fmt/format.h>

#include "bench/rows.h"
#include "bench/samples.h"
#include "jobscaler/engine.h"

namespace jobscaler::bench {
namespace {

constexpr int kScalers = 1000;
constexpr int kWorkersEach = 20;
constexpr int kRounds = 100;
/// A pod that becomes ready is acted on within milliseconds, whatever the number of scalers.
constexpr double kTargetMs = 10;

std::string scaler_name(int number) {
  return fmt::format("scaler-{}", number);
}

EngineSpec spec() {
  EngineSpec spec;
  spec.node_groups.emplace_back().name = "default";
  for (int i = 0; i < kScalers; ++i) {
    ScalerSpec scaler;
    scaler.name = scaler_name(i);
    scaler.messages_above = 100;
    scaler.messages_per_worker = 50;
    scaler.max_workers = kWorkersEach;
    scaler.node_groups = {"default"};
    spec.scalers.push_back(scaler);
  }
  return spec;
}

WorkerFacts ready_worker(int scaler, int number, TimePoint now) {
  WorkerFacts worker;
  worker.scaler = scaler_name(scaler);
  worker.number = number;
  worker.name = fmt::format("{}-{}", worker.scaler, number);
  worker.uid = "uid-" + worker.name;
  worker.node_group = "default";
  worker.created = now;
  worker.pod.emplace();
  worker.pod->name = worker.name + "-x";
  worker.pod->uid = "pod-" + worker.uid;
  worker.pod->node = "node";
  worker.pod->created = now;
  worker.pod->stage = PodFacts::Stage::running;
  worker.pod->scheduled = now;
  worker.pod->ready = now;
  return worker;
}

event::ReadingTaken reading(int scaler, std::int64_t waiting, TimePoint now) {
  Reading reading;
  reading.waiting = waiting;
  reading.taken_at = now;
  return {.scaler = scaler_name(scaler), .reading = reading};
}

/// All scalers at their maximum with a backlog: the state in which every step has most to weigh.
Engine busy_engine(TimePoint now) {
  Engine engine(spec(), now);
  engine.apply(event::MarksLoaded{}, now);
  event::WorkersListed listed{.workers = {}, .asked_at = now};
  for (int i = 0; i < kScalers; ++i) {
    for (int n = 1; n <= kWorkersEach; ++n) listed.workers.push_back(ready_worker(i, n, now));
  }
  engine.apply(listed, now);
  engine.apply(event::WatchChanged{}, now);
  for (int i = 0; i < kScalers; ++i) engine.apply(reading(i, 100'000, now), now);
  engine.step(now);
  return engine;
}

}  // namespace

void engine_step(Table& table) {
  TimePoint now = BootClock::now();
  Engine engine = busy_engine(now);
  Samples samples;
  for (int round = 0; round < kRounds; ++round) {
    now += std::chrono::milliseconds(5);
    TimePoint begin = BootClock::now();
    engine.apply(reading(round % kScalers, 100'000 + round, now), now);
    engine.step(now);
    samples.add(BootClock::now() - begin);
  }
  std::string what = fmt::format(
      "engine: one reading and a step, {} scalers x {} workers: ", kScalers, kWorkersEach);
  table.row(what + "p50", milliseconds(samples.percentile(50)), kTargetMs, "ms");
  table.row(what + "max", milliseconds(samples.max()), std::nullopt, "ms");
}

}  // namespace jobscaler::bench
