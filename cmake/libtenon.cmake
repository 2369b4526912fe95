# libtenon, and what `cmake --install` puts in place: the program, the library, its headers, and the
# files by which CMake (find_package(tenon)) and pkg-config find it. BUILD_SHARED_LIBS chooses the kind.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# The layers it is made of: all but KVM and the command line. They are not installed themselves.
set(layers base pci device host capture model managed library)
list(TRANSFORM layers REPLACE "(.+)" "$<TARGET_OBJECTS:tenon_\\1>" OUTPUT_VARIABLE objects)
file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/tenon/*.h
     ${PROJECT_SOURCE_DIR}/include/tenon/*.hpp)

# The program has the name `tenon`.
add_library(libtenon ${objects})
add_library(tenon::tenon ALIAS libtenon)
target_sources(libtenon PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include
                                                FILES ${headers})
target_compile_features(libtenon PUBLIC cxx_std_23)

# What a shared library shows, and under which versions: docs/decisions/0029.
configure_file(${CMAKE_CURRENT_LIST_DIR}/libtenon.map.in ${PROJECT_BINARY_DIR}/libtenon.map @ONLY)

# tenon_finish_library(TARGET)   What it is linked with, and its names.
function(tenon_finish_library target)
  target_link_libraries(${target} PRIVATE fmt::fmt ${tenon_unpacking} ${tenon_reading}
                                          $<BUILD_INTERFACE:tenon_options>)
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME tenon
    EXPORT_NAME tenon
    LINKER_LANGUAGE CXX
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR})
  get_target_property(type ${target} TYPE)
  if(type STREQUAL SHARED_LIBRARY)
    target_link_options(${target} PRIVATE -Wl,--version-script=${PROJECT_BINARY_DIR}/libtenon.map
                                          -Wl,--gc-sections -Wl,-z,defs)
    set_target_properties(${target} PROPERTIES LINK_DEPENDS ${PROJECT_BINARY_DIR}/libtenon.map)
  endif()
endfunction()

tenon_finish_library(libtenon)
# Beside the archive, of the same objects, for who wants libtenon.so of this tree: the tests.
if(TENON_STATIC AND NOT BUILD_SHARED_LIBS)
  add_library(libtenon_shared SHARED EXCLUDE_FROM_ALL ${objects})
  tenon_finish_library(libtenon_shared)
endif()

install(TARGETS tenon)
install(TARGETS libtenon EXPORT tenonTargets FILE_SET HEADERS)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/tenon)
install(EXPORT tenonTargets NAMESPACE tenon:: DESTINATION ${package})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/tenonConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/tenonConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tenonConfigVersion.cmake
                                 COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/tenonConfig.cmake ${PROJECT_BINARY_DIR}/tenonConfigVersion.cmake
        DESTINATION ${package})

# Written from its own place, so that the installed tree can be moved.
file(RELATIVE_PATH TENON_PC_TO_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
# A program in C++ finds tenon.pc; one in C libtenon.pc, which asks for no standard of C++.
# A shared library brings what it needs itself; an archive does not.
set(TENON_PC_REQUIRES "Requires: fmt >= 9, zlib, liblzma, libzstd, pugixml, yaml-cpp")
set(TENON_PC_LIBS "-lstdc++ -lm")
if(BUILD_SHARED_LIBS)
  set(TENON_PC_REQUIRES "")
  set(TENON_PC_LIBS "")
endif()
foreach(name tenon libtenon)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
