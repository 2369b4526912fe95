#include "managed/traps/diagnose.hpp"

#include "managed/traps/families.hpp"

namespace tenon::managed::traps {

std::vector<const Trap*> all_traps() {
    std::vector<const Trap*> all;
    for (const auto family :
         {traps_of_words(), traps_of_viommu(), traps_of_place(), traps_of_processor(),
          traps_of_memory(), traps_of_function(), traps_of_host()})
        for (const auto& trap : family)
            all.push_back(&trap);
    return all;
}

Diagnosis diagnose(const Case& of) {
    Diagnosis diagnosis;
    for (const auto* const trap : all_traps()) {
        Notes notes;
        trap->look(of, notes);
        for (const auto& one : notes.occurrences())
            diagnosis.findings.push_back({.trap = std::string{trap->name},
                                          .kind = trap->kind,
                                          .what = one.what,
                                          .evidence = one.evidence,
                                          .why = std::string{trap->why},
                                          .source = std::string{trap->source},
                                          .change = one.change,
                                          .paste = one.paste});
        for (const auto& question : notes.questions())
            diagnosis.questions.push_back({.trap = std::string{trap->name}, .what = question});
    }
    return diagnosis;
}

}  // namespace tenon::managed::traps
