#pragma once

#include <string>
#include <utility>
#include <variant>

namespace jobscaler {

/// Errors are named after what the caller should do about them.
enum class ErrorKind {
  unavailable,  ///< nobody answered, or not in time: try again later
  rejected,     ///< the other side said no (credentials, permissions, a bad request): a person must
                ///< act
  not_found,    ///< the thing asked for does not exist
  malformed,    ///< an answer came and could not be understood
  cancelled,    ///< we gave up ourselves, because we are stopping
};

struct Error {
  ErrorKind kind = ErrorKind::unavailable;
  std::string message;  ///< for people; names the peer, never contains a secret

  bool operator==(const Error&) const = default;
};

/// A T or the reason why there is none.
template <typename T>
class Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  /// REQUIRES: ok()
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }

  /// REQUIRES: !ok()
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

}  // namespace jobscaler
