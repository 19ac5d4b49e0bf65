#pragma once

#include <map>
#include <string>

#include "daemon/mailbox.h"
#include "jobscaler/engine.h"
#include "jobscaler/ports.h"
#include "telemetry/log.h"
#include "telemetry/narrator.h"

namespace jobscaler::daemon {

/// What the loop talks to. Nothing is owned; everything outlives the loop.
struct LoopParts {
  Mailbox& mailbox;
  ClusterPort& cluster;
  std::map<std::string, SourcePort*> sources;  ///< by scaler
  telemetry::Log& log;
};

/// Hands events to the engine and carries out what it decides. One thread owns it.
class Loop {
 public:
  Loop(Engine engine, LoopParts parts);

  /// One turn: waits for events or the engine's next wake-up, applies them, decides, carries out.
  void turn();

  /// Goes on with another configuration. Events posted before are taken for the old one's.
  /// REQUIRES: nobody posts readings of the old one's queues any more.
  void reconfigure(Reconfiguration change, std::map<std::string, SourcePort*> sources);

 private:
  TimePoint receive_all(TimePoint deadline);
  void receive(const Mailbox::Item& item, TimePoint now);
  void carry_out(const Action& action);  // what goes to other parts
  void tell(const Action& action);       // what goes to the log

  Engine engine_;
  LoopParts parts_;
  telemetry::Narrator narrator_;
};

}  // namespace jobscaler::daemon
