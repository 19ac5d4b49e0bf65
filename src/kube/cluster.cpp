#include "kube/cluster.h"

#include <thread>

#include "kube/creator.h"
#include "kube/deleter.h"
#include "kube/elector.h"
#include "kube/event_finder.h"
#include "kube/health.h"
#include "kube/marks.h"
#include "kube/permissions.h"
#include "kube/session.h"
#include "kube/templates.h"
#include "kube/watcher.h"

namespace jobscaler::kube {

struct Cluster::Impl {
  Impl(const KubernetesConfig& kubernetes, const std::vector<NodeGroupConfig>& node_groups,
       const std::vector<ScalerConfig>& scalers, Outbox& outbox)
      : session(kubernetes, outbox),
        elector(session, marks, kubernetes),
        creator(session, node_groups, scalers),
        templates(session, node_groups, scalers) {}

  void stop();

  Session session;
  Marks marks{session};
  Elector elector;
  Creator creator;
  Deleter deleter{session, marks};
  Templates templates;
  PermissionCheck permissions{session};
  EventFinder events{session};
  Health health{session};
  Watcher jobs{session, health, events, Resource::jobs, &marks};
  Watcher pods{session, health, events, Resource::pods, nullptr};
  std::thread jobs_thread;
  std::thread pods_thread;
};

void Cluster::Impl::stop() {
  session.outbox.silence();
  session.pace.stop();
  session.api.stop();
  elector.release();  // nothing leaves any more: another may lead
  session.lease.stop();
  if (jobs_thread.joinable()) jobs_thread.join();
  if (pods_thread.joinable()) pods_thread.join();
  session.close();
}

Cluster::Cluster(const KubernetesConfig& kubernetes,
                 const std::vector<NodeGroupConfig>& node_groups,
                 const std::vector<ScalerConfig>& scalers, Outbox& outbox)
    : impl_(std::make_unique<Impl>(kubernetes, node_groups, scalers, outbox)) {}

Cluster::~Cluster() {
  stop();
}

void Cluster::start() {
  impl_->elector.start();
  impl_->jobs_thread = std::thread([impl = impl_.get()] { impl->jobs.run(); });
  impl_->pods_thread = std::thread([impl = impl_.get()] { impl->pods.run(); });
  impl_->templates.check_all();
  impl_->permissions.start();
}

void Cluster::reconfigure(const std::vector<NodeGroupConfig>& node_groups,
                          const std::vector<ScalerConfig>& scalers,
                          const std::set<std::string>& new_jobs) {
  impl_->creator.reconfigure(node_groups, scalers);
  impl_->templates.reconfigure(node_groups, scalers, new_jobs);
}

void Cluster::stop() {
  impl_->stop();
}

void Cluster::start_worker(const action::StartWorker& start) {
  impl_->creator.start(start);
}

void Cluster::delete_worker(const action::DeleteWorker& remove) {
  impl_->deleter.remove(remove);
}

void Cluster::record_mark(const action::RecordMark& mark) {
  impl_->marks.record(mark);
}

void Cluster::check_template(const action::CheckTemplate& check) {
  impl_->templates.check(check.scaler);
}

}  // namespace jobscaler::kube
