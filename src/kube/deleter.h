#pragma once

#include <string>

#include "kube/marks.h"
#include "kube/session.h"

namespace jobscaler::kube {

/// Deletes Jobs together with their pods, and never one that has taken another's name. Failures are
/// reported and not repeated: the engine asks again while the worker is still there. So it does for
/// one whose time is over, that of its decision or of our leadership, before it has left: that is
/// dropped without a word.
class Deleter {
 public:
  Deleter(Session& session, Marks& marks) : session_(session), marks_(marks) {}

  /// Not before the scaler's high-water mark is written: the Job may be all that remembers its
  /// number. Not at all when it cannot be written now.
  void remove(const action::DeleteWorker& worker);

 private:
  void send(const action::DeleteWorker& worker);
  void answered(const action::DeleteWorker& worker, const std::string& name_space,
                const Result<http::Response>& answer);

  Session& session_;
  Marks& marks_;
};

}  // namespace jobscaler::kube
