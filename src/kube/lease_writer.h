#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "kube/api.h"
#include "kube/lease.h"
#include "kube/status.h"

namespace jobscaler::kube {

/// Reads and changes our Lease, one after the other: what one part writes on it is not lost by what
/// another writes. Other daemons' writes between a read and its write make the write fail.
///
/// It has a connection and a deadline of its own, so that a lost answer does not cost the lease.
/// Thread-safe.
class LeaseWriter {
 public:
  explicit LeaseWriter(const KubernetesConfig& config);

  struct Outcome {
    enum class Kind {
      done,      ///< written, or there was nothing to be written
      conflict,  ///< somebody else has written meanwhile
      failed,    ///< it could not be read or written; of a write, it may have been all the same
    };
    Kind kind = Kind::done;
    Error error;                               ///< unless done
    std::optional<Duration> retry_after = {};  ///< the server's wish, if it sent one
  };

  /// The Lease, or null if there is none, to what it shall be; absent: it is left alone. Must not
  /// block.
  using Edit = std::function<std::optional<std::string>(const Json* lease)>;
  using Done = std::function<void(const Outcome&)>;

  /// Reads the Lease, and writes what `edit` makes of it; that is not called if there is nothing to
  /// be read. `done` is called once, in the end. Both on the pool, or on a thread that asks for a
  /// change; they may ask for further ones.
  void change(Edit edit, Done done);

  /// change(), before all that wait. What is under way is waited for.
  void change_next(Edit edit, Done done);

  /// A new Lease, with nothing on it but the marks. REQUIRES: called by an Edit.
  std::string fresh(const MarkMap& marks);

  /// Of the Lease.
  const std::string& name() const { return name_; }

  /// What the API server's clock shows. REQUIRES: called by an Edit.
  ServerTime server_now() const;

  /// Cancels what is under way and what is to come; every `done` is called.
  void stop() { api_.stop(); }

  /// stop(), and waits. REQUIRES: not called by an Edit or a Done.
  void close() { api_.close(); }

 private:
  struct Change {
    Edit edit;
    Done done;
  };

  void begin();
  bool queue(Change change, bool next);
  void was_read(const std::string& name_space, const Result<http::Response>& answer);
  std::optional<std::string> edit(const Json* lease);
  void write(const char* method, const std::string& name_space, std::string body);
  void end(const Outcome& outcome);

  const std::string instance_;
  const std::string name_;
  Api api_;
  std::mutex mutex_;
  std::deque<Change> changes_;  // the first is under way
};

}  // namespace jobscaler::kube
