#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace jobscaler {

/// A small valid document, each part of which a test can replace. Whole lines: `top`, `groups`,
/// `scaler`; the others are flow values, on these lines:
///     1 connections:
///     2   rabbit: {rabbitmq: CONNECTION}
///     3 scalers:
///     4   - name: NAME
///     5     rabbitmq: SOURCE
///     6     scaleUp: SCALE_UP
///     7     workers: WORKERS
///     8     job: JOB
struct Document {
  std::string top = "";
  std::string connection = "{host: rabbit}";
  std::string groups = "";
  std::string name = "orders";
  std::string source = "{connection: rabbit, queue: orders}";
  std::string scale_up = "{messagesAbove: 0}";
  std::string workers = "{max: 5}";
  std::string scaler = "";
  std::string job = "{template: {spec: {containers: [{name: worker, image: worker:1}]}}}";

  std::string text() const;
};

/// The same, of Kafka:
///     1 connections:
///     2   events: {kafka: CONNECTION}
///     3 scalers:
///     4   - name: clicks
///     5     kafka: SOURCE
///     6     scaleUp: {messagesAbove: 0}
///     7     workers: {max: 5}
///     8     job: (as above)
struct KafkaDocument {
  std::string connection = "{bootstrapServers: kafka:9092}";
  std::string source = "{connection: events, group: writers, topics: [clicks]}";

  std::string text() const;
};

/// The small document with `fields` ("a: b, c: d, ") added to the Job's spec, its pod template or
/// its pod's spec.
std::string with_job(const std::string& fields);
std::string with_template(const std::string& fields);
std::string with_pod(const std::string& fields);

/// The problems as a person sees them, of a file named "f".
std::vector<std::string> problems_of(const std::string& yaml);

struct Case {
  std::string yaml;
  std::vector<std::string> problems;  ///< exactly these, in this order
};
void check(const std::vector<Case>& cases);

/// REQUIRES: there is no error.
Config config_of(const std::string& yaml);

std::string read_whole_file(const std::string& file);

}  // namespace jobscaler
