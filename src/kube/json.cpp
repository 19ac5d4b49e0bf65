#include "kube/json.h"

#include <cpprest/json.h>

namespace jobscaler::kube {

const Json* find(const Json& json, JsonPath path) {
  const Json* at = &json;
  for (const auto key : path) {
    if (!at->is_object()) return nullptr;
    const auto& object = at->as_object();
    const auto field = object.find(std::string(key));
    if (field == object.end()) return nullptr;
    at = &field->second;
  }
  return at->is_null() ? nullptr : at;
}

std::string text(const Json& json, JsonPath path) {
  const auto* found = find(json, path);
  return found != nullptr && found->is_string() ? found->as_string() : std::string();
}

std::optional<std::int64_t> integer(const Json& json, JsonPath path) {
  const auto* found = find(json, path);
  if (found == nullptr || !found->is_number() || !found->as_number().is_int64()) {
    return std::nullopt;
  }
  return found->as_number().to_int64();
}

bool is_true(const Json& json, JsonPath path) {
  const auto* found = find(json, path);
  return found != nullptr && found->is_boolean() && found->as_bool();
}

std::vector<const Json*> elements(const Json& json, JsonPath path) {
  std::vector<const Json*> all;
  const auto* found = find(json, path);
  if (found == nullptr || !found->is_array()) return all;
  for (const auto& element : found->as_array()) all.push_back(&element);
  return all;
}

Result<Json> parse_json(const std::string& text) {
  try {
    return Json::parse(text);
  } catch (const std::exception&) {  // json_exception, and range_error for half a surrogate pair
    return Error{ErrorKind::malformed, "not JSON: " + text.substr(0, 100)};
  }
}

}  // namespace jobscaler::kube
