#pragma once

#include <optional>
#include <string>

#include "http/client.h"
#include "jobscaler/clock.h"

namespace jobscaler::kube {

/// What an answer other than success says: the API server sends a Status object; a proxy in front
/// of it may send anything.
struct ServerStatus {
  int code = 0;         ///< HTTP status
  std::string reason;   ///< machine-readable: AlreadyExists, Forbidden, ServerTimeout, ...
  std::string message;  ///< for people; never empty
  std::string
      causes;  ///< of an Invalid: "spec.template.spec.containers[0].image: Required value; ..."
  std::optional<Duration> retry_after;  ///< the header's, else the object's; at most a minute
  bool from_api_server = false;         ///< there was a Status object
};

ServerStatus status_of(const http::Response& response);

/// A Status object, as it comes in a watch's ERROR event.
ServerStatus status_of_object(const std::string& json);

/// Of a request in a namespace that does not exist.
bool is_missing_namespace(const ServerStatus& status);

/// What a request tried to do, for words about it.
struct Intent {
  std::string verb;      ///< create, list, ...
  std::string resource;  ///< "jobs.batch"
  std::string name_space;
};

/// The status in words: what was tried, the server's words, and what a person can do if there is
/// something (401, 403, 404 of a namespace).
std::string explain(const Intent& intent, const ServerStatus& status);

}  // namespace jobscaler::kube
