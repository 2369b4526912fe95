// A constant JSON value is not asked by [] (cmake/checked_json.cmake).
#include <nlohmann/json.hpp>

#if defined(WRONG)
int answer(const nlohmann::json& told) { return told["return"].get<int>(); }
#else
int answer(const nlohmann::json& told) { return told.at("return").get<int>(); }
#endif
