# How a layer of the program is declared: one static library a folder of src/, its unit tests beside
# its sources, and links only to layers below it (tools/check_layering.py checks that as well).

# Warnings and language level of everything we compile.
add_library(tenon_options INTERFACE)
target_compile_features(tenon_options INTERFACE cxx_std_23)
target_include_directories(tenon_options INTERFACE ${PROJECT_SOURCE_DIR}/src
                                                    ${PROJECT_SOURCE_DIR}/include)
# A designated initializer leaves members out on purpose: their defaults are in the type.
target_compile_options(tenon_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                                               -Wno-missing-field-initializers)
# What programs may call is marked, in include/tenon.
target_compile_options(tenon_options INTERFACE -fvisibility=hidden -fvisibility-inlines-hidden)
if(TENON_DEVELOPER)
  target_compile_options(tenon_options INTERFACE -Werror)
endif()
# What clang means by -Wconversion and -Wpedantic besides: signs, empty arrays of the kernel's headers. What is out of
# date gcc tells (checked_json.cmake).
target_compile_options(tenon_options INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wno-sign-conversion>
                                               $<$<CXX_COMPILER_ID:Clang>:-Wno-zero-length-array>
                                               $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
# gcc 12 no longer knows a system header's code for that once it is precompiled, and finds std::string at fault.
target_compile_options(tenon_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds>)
target_compile_options(tenon_options INTERFACE $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:-Wno-stringop-overflow>)
if(TENON_SANITIZE MATCHES thread)
  target_compile_options(tenon_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow>
                                                 $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overread>)
endif()
if(TENON_SANITIZE)
  # With a sanitizer gcc 12 takes the other member of a std::variant for read.
  target_compile_options(tenon_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_compile_options(tenon_options INTERFACE -fsanitize=${TENON_SANITIZE} -fno-omit-frame-pointer
                                                 -fno-sanitize-recover=all)
  target_link_options(tenon_options INTERFACE -fsanitize=${TENON_SANITIZE})
endif()
if(TENON_SANITIZE MATCHES undefined)
  # Three checks of each access through a pointer, a third of the time to build and half of that to run. The address
  # sanitizer sees null and wild pointers as well; only misaligned ones and wrong dynamic types go by.
  target_compile_options(tenon_options INTERFACE
    -fno-sanitize=null,alignment,object-size,vptr,nonnull-attribute,returns-nonnull-attribute
    $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>)
endif()

# fmt as the layers use it. For a program of one file its functions are compiled here, from its headers: Debian has
# it as a shared library only.
add_library(tenon_fmt INTERFACE)
if(TENON_STATIC)
  add_library(tenon_fmt_objects STATIC ${PROJECT_SOURCE_DIR}/cmake/fmt_objects.cpp)
  target_compile_features(tenon_fmt_objects PRIVATE cxx_std_23)
  foreach(what INCLUDE_DIRECTORIES COMPILE_DEFINITIONS)
    set_property(TARGET tenon_fmt PROPERTY INTERFACE_${what} $<TARGET_PROPERTY:fmt::fmt,INTERFACE_${what}>)
  endforeach()
  target_link_libraries(tenon_fmt INTERFACE tenon_fmt_objects)
else()
  target_link_libraries(tenon_fmt INTERFACE fmt::fmt)
endif()

# tenon_layer(NAME SOURCES file… HEADERS file… LINKS target…)
#
# Declares the library tenon_NAME. LINKS names the layers it may use and libraries from outside.
function(tenon_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;HEADERS;LINKS")
  add_library(tenon_${name} STATIC ${arg_SOURCES})
  target_sources(tenon_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src
                                      FILES ${arg_HEADERS})
  target_link_libraries(tenon_${name} PUBLIC tenon_options tenon_fmt ${arg_LINKS})
  # Threads of ours have small stacks, and a plan is no local variable. Sanitizers put guards between locals, and tests
  # hold whole machines. A user's compiler may lay frames out otherwise: there it only warns.
  if(NOT TENON_SANITIZE)
    target_compile_options(tenon_${name} PRIVATE -W$<$<BOOL:${TENON_TESTS}>:error=>frame-larger-than=4096)
  endif()
  if(tenon_checked_json AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_include_directories(tenon_${name} SYSTEM BEFORE PRIVATE ${tenon_checked_json})
    target_compile_options(tenon_${name} PRIVATE -Werror=deprecated-declarations)
  endif()
  # The first layer compiles the headers for all.
  if(name STREQUAL base)
    target_precompile_headers(tenon_base PRIVATE ${tenon_precompiled_headers})
  else()
    target_precompile_headers(tenon_${name} REUSE_FROM tenon_base)
  endif()
endfunction()

# tenon_apart(file…)   Where several files are compiled as one (CMAKE_UNITY_BUILD, as the presets have it but for `dev`),
# these stay alone: tests whose own names others of the folder have too, and what the compiler would make one large
# frame of. Files of the program have names that are no other's in their folder.
function(tenon_apart)
  set_source_files_properties(${ARGV} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# How unit tests are compiled.
add_library(tenon_test_options INTERFACE)
target_include_directories(tenon_test_options INTERFACE ${PROJECT_SOURCE_DIR})
if(TENON_SANITIZE)
  # Half of the time to build them; what they test stays optimized.
  target_compile_options(tenon_test_options INTERFACE -O0)
endif()

# tenon_precompile_tests()   Headers and main function for all unit tests; after the packages were found.
function(tenon_precompile_tests)
  add_library(tenon_precompiled_test OBJECT EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/cmake/precompiled_test.cpp)
  target_link_libraries(tenon_precompiled_test PUBLIC tenon_options tenon_fmt tenon_test_options
                                                      GTest::gtest GTest::gmock)
  target_precompile_headers(tenon_precompiled_test PRIVATE ${tenon_precompiled_test_headers})
  add_library(tenon_test_main OBJECT EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tests/support/test_main.cpp)
  target_link_libraries(tenon_test_main PUBLIC tenon_options tenon_fmt tenon_test_options GTest::gtest GTest::gmock)
  target_precompile_headers(tenon_test_main REUSE_FROM tenon_precompiled_test)
endfunction()

# tenon_exhaustive_tests(LAYER TOPIC file… [LINKS target…])
#
# The same for sets of every case there is, which take minutes under a sanitizer: unit.LAYER.TOPIC.exhaustive, run by the
# tests from the release's build tree.
function(tenon_exhaustive_tests layer topic)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "LINKS")
  string(REPLACE "-" "_" suffix ${topic})
  set(target tenon_${layer}_${suffix}_exhaustive_test)
  if(TENON_TESTS OR (TENON_DEVELOPER AND NOT TENON_SANITIZE))
    add_executable(${target} EXCLUDE_FROM_ALL ${arg_UNPARSED_ARGUMENTS})
    target_link_libraries(${target} PRIVATE tenon_${layer} ${arg_LINKS} tenon_test_options
                                            tenon_test_main)
    target_precompile_headers(${target} REUSE_FROM tenon_precompiled_test)
  endif()
  if(TENON_DEVELOPER)
    file(RELATIVE_PATH place ${PROJECT_BINARY_DIR} ${CMAKE_CURRENT_BINARY_DIR}/${target})
    add_test(NAME unit.${layer}.${topic}.exhaustive
             COMMAND ${PROJECT_SOURCE_DIR}/build/release/${place} --gtest_brief=1)
    set_tests_properties(unit.${layer}.${topic}.exhaustive PROPERTIES LABELS "unit;${topic}" TIMEOUT 1800)
  endif()
endfunction()

# tenon_unit_tests(LAYER TOPIC file… [LINKS target…])
#
# Adds the unit tests of a layer that belong to one topic as one test, unit.LAYER.TOPIC, with the labels
# `unit` and TOPIC.
function(tenon_unit_tests layer topic)
  if(NOT TENON_DEVELOPER)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "LINKS")
  string(REPLACE "-" "_" suffix ${topic})
  set(target tenon_${layer}_${suffix}_test)
  add_executable(${target} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${target} PRIVATE tenon_${layer} ${arg_LINKS} tenon_test_options
                                          tenon_test_main)
  target_precompile_headers(${target} REUSE_FROM tenon_precompiled_test)
  # One process for all of them: under the sanitizers each costs a third of a second to start.
  add_test(NAME unit.${layer}.${topic} COMMAND ${target} --gtest_brief=1)
  set_tests_properties(unit.${layer}.${topic} PROPERTIES LABELS "unit;${topic}" TIMEOUT 1800)
  # Layers that have threads are run under the thread sanitizer as well, from the build tree that is for it.
  if(TENON_SANITIZE MATCHES address AND layer MATCHES "^(base|host|vmm)$")
    file(RELATIVE_PATH place ${PROJECT_BINARY_DIR} ${CMAKE_CURRENT_BINARY_DIR}/${target})
    # Without random addresses, which this sanitizer of gcc 12 does not bear on newer kernels; and without the
    # tests that seal a child or take its host away: it holds their SIGSYS back, its own system calls have no row, and
    # a child that it forks into namespaces fails or hangs.
    add_test(NAME thread.${layer}.${topic}
      COMMAND setarch -R ${PROJECT_SOURCE_DIR}/build/tsan/${place} --gtest_brief=1
              --gtest_filter=-SealProcess.*:SealMachine.*:*/Probe.*:GoNowhere.*)
    set_tests_properties(thread.${layer}.${topic} PROPERTIES
      LABELS "thread;${topic}" TIMEOUT 1800 ENVIRONMENT "TSAN_OPTIONS=halt_on_error=1 second_deadlock_stack=1")
  endif()
endfunction()
