#pragma once

#include <cpprest/json.h>

#include <string>

#include "kube/json.h"

namespace jobscaler::test {

/// JSON as it stands in a test, with ' for ".
inline kube::Json json(std::string text) {
  for (auto& c : text) {
    if (c == '\'') c = '"';
  }
  return kube::Json::parse(text);
}

}  // namespace jobscaler::test
