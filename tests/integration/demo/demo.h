#pragma once

#include <string>
#include <vector>

#include "process.h"

/// jobscaler-demo with these arguments.
Process demo(Scratch& scratch, std::vector<std::string> arguments);

/// Runs to the end, which must be this status; the output.
std::string run_demo(Scratch& scratch, const std::vector<std::string>& arguments, int status);

/// Publishes `count` messages; their ids, in order. `where` is --queue NAME or --topic NAME.
std::vector<std::string> publish(Scratch& scratch, const std::vector<std::string>& where, int count,
                                 const std::vector<std::string>& more = {});

/// The ids in a report file, in the order in which they were processed.
std::vector<std::string> processed(const std::string& report);
