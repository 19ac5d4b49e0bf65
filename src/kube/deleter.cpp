#include "kube/deleter.h"

#include <cpprest/json.h>

#include "kube/names.h"
#include "kube/status.h"

namespace jobscaler::kube {
namespace {

/// The name is free, or another Job's. Nothing less than the API server's own word for it will do:
/// a worker taken for gone would be replaced.
bool says_gone(const ServerStatus& status) {
  if (!status.from_api_server) return false;
  const bool other_uid = status.message.find("recondition") != std::string::npos;
  return status.code == 404 || (status.code == 409 && other_uid);
}

/// Without a propagation policy batch/v1 leaves the pods behind, running.
std::string options_for(const std::string& uid) {
  auto options = Json::object();
  options["apiVersion"] = Json("v1");
  options["kind"] = Json("DeleteOptions");
  options["propagationPolicy"] = Json("Background");
  options["preconditions"]["uid"] = Json(uid);
  return options.serialize();
}

}  // namespace

void Deleter::remove(const action::DeleteWorker& worker) {
  marks_.after_written(worker.scaler, [this, worker] { send(worker); });
}

void Deleter::send(const action::DeleteWorker& worker) {
  const auto name_space = session_.api.name_space();
  if (!name_space.ok()) {
    return session_.note(Level::warn, worker.scaler,
                         "cannot delete " + worker.name + ": " + name_space.error().message);
  }
  http::Request request;
  request.method = "DELETE";
  request.path = jobs_path(*name_space, worker.name);
  request.body = options_for(worker.uid);
  request.send_before = session_.latest_sending(worker.decided_at);
  session_.api.send_async(std::move(request),
                          [this, worker, name_space = *name_space](Result<http::Response> answer) {
                            answered(worker, name_space, answer);
                          });
}

void Deleter::answered(const action::DeleteWorker& worker, const std::string& name_space,
                       const Result<http::Response>& answer) {
  if (answer.ok() && answer->status < 300) return;
  if (!answer.ok() && answer.error().kind == ErrorKind::cancelled) return;  // not sent
  if (answer.ok() && says_gone(status_of(*answer))) {
    return session_.workers.update([&](Store& store) { return store.job_gone(worker.uid); });
  }
  const auto words = answer.ok() ? explain({"delete", "jobs.batch", name_space}, status_of(*answer))
                                 : answer.error().message;
  session_.note(Level::warn, worker.scaler, worker.name + " is not deleted: " + words);
}

}  // namespace jobscaler::kube
