# In our own builds of the layers operator[] of a constant JSON value is an error: where the key is missing it
# reads past the end of the value's memory, and in what a peer sent any key may be missing. find_member() of
# base/json_place.hpp asks safely. The library's header is copied with these members marked; gcc refuses their use, not
# clang, which finds what std::stable_sort of gcc 12 uses out of date as well (layers.cmake).
if(TENON_DEVELOPER OR TENON_TESTS)
  find_path(json_folder nlohmann/json.hpp REQUIRED)
  set(tenon_checked_json ${PROJECT_BINARY_DIR}/checked)
  file(READ ${json_folder}/nlohmann/json.hpp header)
  string(REGEX REPLACE "\n *const_reference operator\\[\\]"
    "\n[[deprecated(\"reads past the end where the key is missing: find_member()\")]] const_reference operator[]"
    checked "${header}")
  if(checked STREQUAL header)
    message(FATAL_ERROR "nlohmann/json has no operator[] of constant values where it is looked for")
  endif()
  file(CONFIGURE OUTPUT ${tenon_checked_json}/nlohmann/json.hpp CONTENT "${checked}" @ONLY)
endif()
