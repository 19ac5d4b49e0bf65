#pragma once

#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "jobscaler/closable_outbox.h"
#include "kafka/connection.h"
#include "rabbitmq/connection.h"

namespace jobscaler::daemon {

/// The connections to brokers that scalers use; the configuration's check has warned of others. One
/// thread owns it.
class Sources {
 public:
  /// Connects. `outbox` must outlive the sources.
  Sources(const Config& config, Outbox& outbox);
  ~Sources();  // stop()
  Sources(const Sources&) = delete;
  Sources& operator=(const Sources&) = delete;

  /// Goes on with another configuration. A connection whose settings are the same is kept, with all
  /// that it knows of the queues that are read as before. The others are closed in the background,
  /// as that may take a while. When this returns, nobody posts a reading any more of a queue that
  /// its scaler does not read, or not over that connection.
  void reconfigure(const Config& config);

  /// By scaler. Good until the next reconfigure().
  std::map<std::string, SourcePort*> ports() const;

  /// Returns when all connections are closed; nothing is posted afterwards.
  void stop();

 private:
  template <typename Connection, typename Settings, typename Queue>
  struct Link {
    Link(const Settings& s, const std::vector<Queue>& q, Outbox& out)
        : settings(s),
          queues(q),
          outbox(std::make_unique<ClosableOutbox>(out)),
          connection(std::make_unique<Connection>(s, q, *outbox)) {}

    Settings settings;
    std::vector<Queue> queues;
    std::unique_ptr<ClosableOutbox> outbox;
    std::unique_ptr<Connection> connection;
  };
  using RabbitmqLink = Link<rabbitmq::Connection, RabbitmqConnection, rabbitmq::Queue>;
  using KafkaLink = Link<kafka::Connection, KafkaConnection, kafka::Group>;
  template <typename AnyLink>
  using Links = std::map<std::string, AnyLink>;  // by the connection's name

  template <typename AnyLink, typename Settings, typename QueuesOn>
  void reconcile(Links<AnyLink>& links, const std::vector<Settings>& all,
                 const QueuesOn& queues_on_connection);
  template <typename AnyLink>
  void close(AnyLink link);

  Outbox& outbox_;
  Links<RabbitmqLink> rabbitmq_;
  Links<KafkaLink> kafka_;
  std::vector<std::future<void>> closing_;
};

}  // namespace jobscaler::daemon
