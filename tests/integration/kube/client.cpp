#include "client.h"

#include <fmt/format.h>

namespace kube_suite {

using namespace jobscaler;

std::string worker_name(std::int64_t number) {
  return fmt::format("orders-{}", number);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Client::Client(const ClientOptions& options) {
  kubernetes_.kubeconfig = options.kubeconfig;
  kubernetes_.name_space = options.name_space;
  kubernetes_.instance = options.instance;
  kubernetes_.timeout = options.timeout;
  NodeGroupConfig group;
  group.spec.name = "default";
  group.node_selector = {{"jobscaler.test/group", options.group}};
  groups_ = {group};
  ScalerConfig scaler;
  scaler.spec.name = "orders";
  scaler.spec.node_groups = {"default"};
  scaler.job_spec_json =
      !options.job_spec.empty()
          ? options.job_spec
          : fmt::format(
                R"({{{}"template": {{"metadata": {{"annotations": {}}}, "spec": {{"containers": [{}]}}}}}})",
                options.extra_spec, options.annotations, options.container);
  scalers_ = {scaler};
  cluster_ = std::make_unique<kube::Cluster>(kubernetes_, groups_, scalers_, recorder_);
}

void Client::start() {
  cluster_->start();
  recorder_.expect<event::WorkersListed>("the first list", [](const auto&) { return true; });
  recorder_.expect<event::LeadershipChanged>("the election", [](const auto&) { return true; });
}

void Client::expect_to_lead() {
  recorder_.expect<event::LeadershipChanged>(
      "leadership", [](const event::LeadershipChanged& changed) { return changed.leader; });
}

void Client::ask_for(std::int64_t number, TimePoint decided_at) {
  cluster_->start_worker({"orders", number, "default", decided_at});
}

CreateOutcome Client::answer_for(std::int64_t number, std::size_t from) {
  return recorder_
      .expect<event::CreateAnswered>(
          "the answer to the creation of " + worker_name(number),
          [&](const event::CreateAnswered& answer) { return answer.number == number; }, from)
      .outcome;
}

CreateOutcome Client::create(std::int64_t number) {
  const auto from = recorder_.count();
  ask_for(number);
  return answer_for(number, from);
}

void Client::remove(const WorkerFacts& worker) {
  remove(worker.name, worker.uid);
}

void Client::remove(const std::string& name, const std::string& uid) {
  cluster_->delete_worker({"orders", name, uid, BootClock::now()});
}

void Client::record(std::int64_t mark) {
  cluster_->record_mark({"orders", mark});
}

WorkerFacts Client::expect(std::int64_t number, const std::string& what,
                           const std::function<bool(const WorkerFacts&)>& accepts) {
  return recorder_.expect_worker(worker_name(number) + " " + what, [&](const WorkerFacts& worker) {
    return worker.number == number && accepts(worker);
  });
}

void Client::expect_gone(const WorkerFacts& worker) {
  recorder_.expect<event::WorkerGone>(worker.name + " is gone", [&](const event::WorkerGone& gone) {
    return gone.uid == worker.uid;
  });
}

std::string Client::template_refusal() {
  return recorder_
      .expect<event::TemplateChecked>("the template's check", [](const auto&) { return true; })
      .refusal;
}

std::vector<CheckLine> Client::check() const {
  return kube::check(kubernetes_, groups_, scalers_);
}

}  // namespace kube_suite
