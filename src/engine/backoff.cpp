#include "engine/backoff.h"

#include <algorithm>
#include <tuple>

namespace jobscaler::engine {
namespace {

constexpr std::size_t kKeep = 64;
constexpr std::size_t kKeepRaises = 16;  // 10 s doubled 15 times is far beyond the ceiling
constexpr std::size_t kKeepRecent = 8;   // more than a row of quick exits

/// FNV-1a: the same on every machine and in every build, unlike std::hash.
std::uint32_t stable_hash(std::string_view text) {
  std::uint32_t hash = 2166136261u;
  for (const unsigned char c : text) hash = (hash ^ c) * 16777619u;
  return hash;
}

Duration base_of(Ending::Kind kind) {
  return kind == Ending::Kind::stuck ? kStuckBackoff : kFailureBackoff;
}

bool is_fault(Ending::Kind kind) {
  return kind == Ending::Kind::failed || kind == Ending::Kind::stuck || kind == Ending::Kind::idle;
}

void raise(Backoff& backoff, const Ending& ending) {
  ++backoff.level;
  backoff.raised_at = ending.at;
  backoff.raised_by = ending.number;
  backoff.until = ending.at + backoff_delay(base_of(ending.kind), backoff.level, ending.uid);
}

}  // namespace

Duration backoff_delay(Duration base, int level, std::string_view job_uid) {
  Duration delay = base;
  for (int i = 1; i < level && delay < kLongestBackoff; ++i) delay *= 2;
  delay = std::min(delay, kLongestBackoff);
  return delay - delay / 10 * (stable_hash(job_uid) % 1000) / 1000;
}

Backoff backoff_after(const std::vector<Ending>& endings, std::vector<std::size_t>* raises) {
  Backoff backoff;
  TimePoint worked_at = TimePoint::min();
  int idle_row = 0;
  for (std::size_t i = 0; i < endings.size(); ++i) {
    const Ending& ending = endings[i];
    if (ending.kind == Ending::Kind::blameless) continue;
    idle_row = ending.kind == Ending::Kind::idle ? idle_row + 1 : 0;
    if (ending.kind == Ending::Kind::worked) {
      backoff = {};
      worked_at = ending.at;
    }
    if (!is_fault(ending.kind)) continue;
    if (ending.kind == Ending::Kind::idle && idle_row < kIdleRow) continue;
    backoff.last = ending;
    if (backoff.level > 0 && ending.created <= backoff.raised_at) continue;
    // The level it was started at was reached by workers whose Jobs may be gone.
    if (ending.created > worked_at) backoff.level = std::max(backoff.level, ending.level_at_start);
    raise(backoff, ending);
    if (raises != nullptr) raises->push_back(i);
  }
  return backoff;
}

/// The fault of a worker of an earlier template, since there is another.
bool History::is_past(const Ending& ending) const {
  return is_fault(ending.kind) && ending.number < first_of_template_ &&
         ending.at >= template_since_;
}

void History::note(Ending ending) {
  if (is_past(ending)) ending.kind = Ending::Kind::blameless;
  std::erase_if(endings_, [&](const Ending& e) { return e.uid == ending.uid; });
  const auto later = [](const Ending& a, const Ending& b) {
    return std::tie(a.at, a.worker) < std::tie(b.at, b.worker);
  };
  endings_.insert(std::upper_bound(endings_.begin(), endings_.end(), ending, later),
                  std::move(ending));
  recompute();
}

void History::forget(const std::string& uid) {
  if (std::erase_if(endings_, [&](const Ending& e) { return e.uid == uid; }) > 0) recompute();
}

void History::reclassify(const std::string& uid, Ending::Kind kind, std::string words) {
  for (Ending& ending : endings_) {
    if (ending.uid != uid) continue;
    ending.kind = kind;
    ending.words = std::move(words);
    if (is_past(ending)) ending.kind = Ending::Kind::blameless;
    recompute();
    return;
  }
}

void History::template_changed(std::int64_t first_number, TimePoint now) {
  first_of_template_ = first_number;
  template_since_ = now;
  recompute();
}

void History::queue_changed() {
  for (Ending& ending : endings_) {
    if (ending.kind == Ending::Kind::idle) ending.kind = Ending::Kind::blameless;
  }
  recompute();
}

void History::prune() {
  const auto worked = std::find_if(endings_.rbegin(), endings_.rend(),
                                   [](const Ending& e) { return e.kind == Ending::Kind::worked; });
  if (worked != endings_.rend()) endings_.erase(endings_.begin(), worked.base() - 1);
  if (endings_.size() <= kKeep) return;

  std::vector<std::size_t> raises;
  backoff_after(endings_, &raises);
  if (raises.size() > kKeepRaises) raises.erase(raises.begin(), raises.end() - kKeepRaises);
  std::vector<Ending> kept;
  for (std::size_t i = 0; i < endings_.size(); ++i) {
    const bool raised = std::binary_search(raises.begin(), raises.end(), i);
    if (raised || i + kKeepRecent >= endings_.size()) kept.push_back(std::move(endings_[i]));
  }
  endings_ = std::move(kept);
}

void History::recompute() {
  prune();
  backoff_ = backoff_after(endings_);
  if (backoff_.raised_by < first_of_template_) backoff_.until.reset();
}

}  // namespace jobscaler::engine
