// What `tenon plan` proposes for host slots that were named as a whole.
#pragma once

#include <string>
#include <vector>

#include "cli/text/terminal.hpp"
#include "model/slot/slot_proposal.hpp"

namespace tenon::cli::text {

/// Each proposal, with a line between them. Empty if there is none.
std::string render_proposals(const std::vector<model::slot::SlotProposal>& proposals,
                             const TextStyle& style);

}  // namespace tenon::cli::text
