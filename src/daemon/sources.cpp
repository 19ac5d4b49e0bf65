#include "daemon/sources.h"

#include <utility>

#include "daemon/queues.h"

namespace jobscaler::daemon {
namespace {

void set_queues(rabbitmq::Connection& connection, const std::vector<rabbitmq::Queue>& queues) {
  connection.set_queues(queues);
}
void set_queues(kafka::Connection& connection, const std::vector<kafka::Group>& groups) {
  connection.set_groups(groups);
}

bool is_over(const std::future<void>& task) {
  return task.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

}  // namespace

Sources::Sources(const Config& config, Outbox& outbox) : outbox_(outbox) {
  reconfigure(config);
}

Sources::~Sources() {
  stop();
}

void Sources::reconfigure(const Config& config) {
  std::erase_if(closing_, is_over);
  reconcile(rabbitmq_, config.rabbitmq,
            [&](const std::string& connection) { return queues_on(connection, config); });
  reconcile(kafka_, config.kafka,
            [&](const std::string& connection) { return groups_on(connection, config); });
}

template <typename AnyLink, typename Settings, typename QueuesOn>
void Sources::reconcile(Links<AnyLink>& links, const std::vector<Settings>& all,
                        const QueuesOn& queues_on_connection) {
  Links<AnyLink> next;
  for (const Settings& settings : all) {
    const auto queues = queues_on_connection(settings.name);
    if (queues.empty()) continue;
    const auto known = links.find(settings.name);
    if (known == links.end() || known->second.settings != settings) {
      next.emplace(settings.name, AnyLink(settings, queues, outbox_));
      continue;
    }
    AnyLink& link = known->second;
    if (link.queues != queues) set_queues(*link.connection, queues);
    link.queues = queues;
    next.insert(links.extract(known));
  }
  for (auto& [name, link] : links) close(std::move(link));
  links = std::move(next);
}

template <typename AnyLink>
void Sources::close(AnyLink link) {
  link.outbox->silence();
  closing_.push_back(
      std::async(std::launch::async, [link = std::move(link)] { link.connection->stop(); }));
}

std::map<std::string, SourcePort*> Sources::ports() const {
  std::map<std::string, SourcePort*> ports;
  for (const auto& [name, link] : rabbitmq_) {
    for (const auto& queue : link.queues) ports[queue.scaler] = link.connection.get();
  }
  for (const auto& [name, link] : kafka_) {
    for (const auto& group : link.queues) ports[group.scaler] = link.connection.get();
  }
  return ports;
}

/// All at once, as each may have to wait for a broker that is frozen.
void Sources::stop() {
  reconfigure(Config{});
  closing_.clear();  // waits
}

}  // namespace jobscaler::daemon
