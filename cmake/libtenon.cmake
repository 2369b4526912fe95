# libtenon, and what `cmake --install` puts in place: the program, the library, its headers, and the
# files by which CMake (find_package(tenon)) and pkg-config find it. BUILD_SHARED_LIBS chooses the kind.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# The layers it is made of: all but KVM and the command line. They are not installed themselves.
set(layers base pci device host capture model managed library)
list(TRANSFORM layers REPLACE "(.+)" "$<TARGET_OBJECTS:tenon_\\1>" OUTPUT_VARIABLE objects)
file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/tenon/*.hpp)

# The program has the name `tenon`.
add_library(libtenon ${objects})
add_library(tenon::tenon ALIAS libtenon)
target_sources(libtenon PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include
                                                FILES ${headers})
target_compile_features(libtenon PUBLIC cxx_std_23)
target_link_libraries(libtenon PRIVATE fmt::fmt ${tenon_unpacking} ${tenon_reading} $<BUILD_INTERFACE:tenon_options>)
set_target_properties(libtenon PROPERTIES
  OUTPUT_NAME tenon
  EXPORT_NAME tenon
  LINKER_LANGUAGE CXX
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

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
set(TENON_PC_REQUIRES Requires)
if(BUILD_SHARED_LIBS)
  set(TENON_PC_REQUIRES Requires.private)
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/tenon.pc.in ${PROJECT_BINARY_DIR}/tenon.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/tenon.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
