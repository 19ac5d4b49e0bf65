#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobscaler/result.h"

namespace web::json {
class value;
}

namespace jobscaler::kube {

/// cpprestsdk's JSON value, read through the functions below: they answer "not there" where its own
/// accessors throw, and a field of the wrong type counts as not there. Only .cpp files that handle
/// JSON include <cpprest/json.h>.
using Json = web::json::value;
using JsonPath = std::initializer_list<std::string_view>;

/// The value at the end of a path of keys; nullptr when there is none, or null.
const Json* find(const Json& json, JsonPath path);

/// Empty when there is no such string.
std::string text(const Json& json, JsonPath path);
std::optional<std::int64_t> integer(const Json& json, JsonPath path);
bool is_true(const Json& json, JsonPath path);

/// The elements of an array; none when there is no such array.
std::vector<const Json*> elements(const Json& json, JsonPath path);

/// Error: malformed.
Result<Json> parse_json(const std::string& text);

}  // namespace jobscaler::kube
