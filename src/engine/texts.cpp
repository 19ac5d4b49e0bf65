#include "engine/texts.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "jobscaler/format.h"

namespace jobscaler::engine {
namespace {

/// "reason: message", or the one there is.
std::string reason_and_message(std::string_view reason, std::string_view message) {
  if (message.empty()) return std::string(reason);
  if (reason.empty()) return one_line(message);
  return fmt::format("{}: {}", reason, one_line(message));
}

/// What the scheduler, the kubelet or the admission queue says of an unready worker.
std::string present_words(const WorkerFacts& worker) {
  if (!worker.pod) return worker.suspended ? "suspended by an admission queue" : "no pod yet";
  const PodFacts& pod = *worker.pod;
  if (pod.waiting) return reason_and_message(pod.waiting->reason, pod.waiting->message);
  if (pod.scheduled) return pod.node.empty() ? "" : "on node " + pod.node;
  return reason_and_message(pod.unscheduled_reason, pod.unscheduled_message);
}

std::string exit_words(const PodFacts::Exit& exit) {
  std::string words = fmt::format("exit code {}", exit.code);
  const std::string more = reason_and_message(exit.reason, exit.message);
  return more.empty() ? words : words + ", " + more;
}

}  // namespace

std::string one_line(std::string_view text, std::size_t limit) {
  std::string line;
  for (const char c : text) {
    const bool blank = static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
    if (!blank) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  if (line.size() <= limit) return line;
  std::size_t cut = limit;
  while (cut > 0 && (static_cast<unsigned char>(line[cut]) & 0xC0) == 0x80) --cut;
  return line.substr(0, cut) + "...";
}

std::string worker_name(std::string_view scaler, std::int64_t number) {
  return fmt::format("{}-{}", scaler, number);
}

std::string workers(std::int64_t count) {
  return fmt::format("{} worker{}", count, count == 1 ? "" : "s");
}

std::string age_text(const OldestAge& age) {
  const std::string duration = format_duration(age.age);
  switch (age.kind) {
    case OldestAge::Kind::exact:
      return "oldest " + duration;
    case OldestAge::Kind::upper_bound:
      return fmt::format("oldest <= {} ({})", duration, to_string(age.method));
    case OldestAge::Kind::lower_bound:
      return fmt::format("oldest >= {} ({})", duration, to_string(age.method));
  }
  return "";
}

std::string waiting_words(const WorkerFacts& worker, const PhaseVerdict& verdict, TimePoint now) {
  std::string text = fmt::format("{} {} {}", worker.name, to_string(verdict.phase),
                                 format_duration(now - verdict.since));
  const std::string words = present_words(worker);
  if (!words.empty()) text += ", " + words;
  if (!worker.event_words.empty()) text += "; " + one_line(worker.event_words);
  return text;
}

std::string stuck_words(const WorkerFacts& worker, StuckCause cause, const ScalerSpec& spec) {
  switch (cause) {
    case StuckCause::no_pod: {
      const std::string why = one_line(worker.event_words);
      return "stuck, no pod is made for it" + (why.empty() ? "" : ": " + why);
    }
    case StuckCause::not_ready: {
      const std::string present = present_words(worker);
      return fmt::format("stuck, not ready {} after it was scheduled{}{}",
                         format_duration(spec.ready_timeout), present.empty() ? "" : ", ", present);
    }
    case StuckCause::deleting:
      return "being deleted";
    case StuckCause::fatal_wait:
    case StuckCause::none:
      break;
  }
  return "stuck, " + present_words(worker);
}

std::string failure_words(const WorkerFacts& worker) {
  if (worker.outcome_reason == "DeadlineExceeded") {
    return reason_and_message("deadline exceeded", worker.outcome_message);
  }
  if (worker.pod && worker.pod->exit) return exit_words(*worker.pod->exit);
  if (worker.pod && !worker.pod->status_reason.empty()) {
    return reason_and_message(worker.pod->status_reason, worker.pod->status_message);
  }
  return reason_and_message(worker.outcome_reason, worker.outcome_message);
}

std::string phases_text(const WorkerCounts& counts) {
  const std::array<std::pair<int, Phase>, 5> parts = {{{counts.ready, Phase::ready},
                                                       {counts.starting, Phase::starting},
                                                       {counts.pending, Phase::pending},
                                                       {counts.requested, Phase::requested},
                                                       {counts.stuck, Phase::stuck}}};
  std::string text;
  for (const auto& [count, phase] : parts) {
    if (count == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, to_string(phase));
  }
  return text;
}

}  // namespace jobscaler::engine
