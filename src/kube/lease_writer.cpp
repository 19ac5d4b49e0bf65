#include "kube/lease_writer.h"

#include <cpprest/json.h>

#include <algorithm>

#include "kube/election.h"
#include "kube/names.h"

namespace jobscaler::kube {
namespace {

using Kind = LeaseWriter::Outcome::Kind;

constexpr auto kLeases = "leases.coordination.k8s.io";

/// As kube-controller-manager's election has it: a renewal that gets no answer can be tried again.
KubernetesConfig impatient(KubernetesConfig config) {
  config.timeout = std::min<Duration>(config.timeout, kRenewDeadline / 2);
  return config;
}

LeaseWriter::Outcome failure(const Intent& intent, const Result<http::Response>& answer) {
  if (!answer.ok()) return {Kind::failed, answer.error()};
  const auto status = status_of(*answer);
  const bool crossed = answer->status == 409;
  return {crossed ? Kind::conflict : Kind::failed,
          {crossed ? ErrorKind::unavailable : ErrorKind::rejected, explain(intent, status)},
          status.retry_after};
}

}  // namespace

LeaseWriter::LeaseWriter(const KubernetesConfig& config)
    : instance_(config.instance), name_(lease_name(config.instance)), api_(impatient(config)) {}

void LeaseWriter::change(Edit edit, Done done) {
  if (queue({std::move(edit), std::move(done)}, false)) begin();
}

void LeaseWriter::change_next(Edit edit, Done done) {
  if (queue({std::move(edit), std::move(done)}, true)) begin();
}

/// True: it is the only one, and may begin.
bool LeaseWriter::queue(Change change, bool next) {
  const std::lock_guard lock(mutex_);
  const auto place = next && !changes_.empty() ? changes_.begin() + 1 : changes_.end();
  changes_.insert(place, std::move(change));
  return changes_.size() == 1;
}

void LeaseWriter::begin() {
  const auto name_space = api_.name_space();
  if (!name_space.ok()) return end({Kind::failed, name_space.error()});
  http::Request request;
  request.path = leases_path(*name_space, name_);
  api_.send_async(std::move(request),
                  [this, name_space = *name_space](const Result<http::Response>& answer) {
                    was_read(name_space, answer);
                  });
}

void LeaseWriter::was_read(const std::string& name_space, const Result<http::Response>& answer) {
  const bool absent = answer.ok() && answer->status == 404;
  if (!absent && (!answer.ok() || answer->status != 200)) {
    return end(failure({"get", kLeases, name_space}, answer));
  }
  const auto lease = absent ? Result<Json>(Json()) : parse_json(answer->body);
  if (!absent && (!lease.ok() || !is_lease(*lease))) {
    return end({Kind::failed, {ErrorKind::malformed, "the API server's answer is not a Lease"}});
  }
  auto body = edit(absent ? nullptr : &*lease);
  if (!body) return end({});
  write(absent ? "POST" : "PUT", name_space, std::move(*body));
}

std::optional<std::string> LeaseWriter::edit(const Json* lease) {
  Edit edit;
  {
    const std::lock_guard lock(mutex_);
    edit = std::move(changes_.front().edit);
  }
  return edit(lease);
}

void LeaseWriter::write(const char* method, const std::string& name_space, std::string body) {
  const bool creates = method == std::string("POST");
  http::Request request;
  request.method = method;
  request.path = leases_path(name_space, creates ? "" : name_);
  request.body = std::move(body);
  const Intent intent{creates ? "create" : "update", kLeases, name_space};
  api_.send_async(std::move(request), [this, intent](const Result<http::Response>& answer) {
    const bool written = answer.ok() && answer->status >= 200 && answer->status < 300;
    end(written ? Outcome{} : failure(intent, answer));
  });
}

void LeaseWriter::end(const Outcome& outcome) {
  Done done;
  bool more = false;
  {
    const std::lock_guard lock(mutex_);
    done = std::move(changes_.front().done);
  }
  done(outcome);
  {
    const std::lock_guard lock(mutex_);
    changes_.pop_front();
    more = !changes_.empty();
  }
  if (more) begin();
}

std::string LeaseWriter::fresh(const MarkMap& marks) {
  const auto name_space = api_.name_space();
  return new_lease(name_space.ok() ? *name_space : "", instance_, marks);
}

ServerTime LeaseWriter::server_now() const {
  return BootClock::now() + api_.clock().ahead().value_or(Duration(0));
}

}  // namespace jobscaler::kube
