#include "demo/work.h"

#include "demo/queue_worker.h"
#include "demo/shift.h"
#include "demo/topic_worker.h"

namespace jobscaler::demo {

void work(const WorkOptions& options, const volatile std::sig_atomic_t& stop) {
  Shift shift(options, stop);
  if (const auto* queue = std::get_if<WorkOnQueue>(&options.source))
    work_on_queue(*queue, options.patience, shift);
  else
    work_on_topic(std::get<WorkOnTopic>(options.source), options.patience, shift);
  shift.farewell();
}

}  // namespace jobscaler::demo
