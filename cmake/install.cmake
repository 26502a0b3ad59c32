# SPDX-License-Identifier: Apache-2.0
# What `cmake --install build/release` puts where, and the Debian package.
include(GNUInstallDirs)

# Copies a service file, which names the program and the documents by absolute path, with the paths of the prefix that
# is in force when installing (`cmake --install --prefix` may differ from the configured one).
function(install_service_file source destination)
  set(copy ${PROJECT_BINARY_DIR}/installed/${source})
  install(CODE "
    file(READ \"${PROJECT_SOURCE_DIR}/${source}\" text)
    set(program \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/siltgate\")
    set(documents \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DOCDIR}\")
    # A blank in the prefix: a word in quotes for systemd and for the shell in the property list, an escape in a URI.
    if(program MATCHES \" \")
      if(\"${source}\" MATCHES \"plist\")
        set(program \"'\${program}'\")
      else()
        set(program \"\\\"\${program}\\\"\")
      endif()
      string(REPLACE \" \" \"%%20\" documents \"\${documents}\")
    endif()
    string(REGEX REPLACE \"/usr/(local/)?bin/siltgate\" \"\${program}\" text \"\${text}\")
    string(REPLACE \"/usr/share/doc/siltgate\" \"\${documents}\" text \"\${text}\")
    file(WRITE \"${copy}\" \"\${text}\")")
  install(FILES ${copy} DESTINATION ${destination})
endfunction()

# Manual pages, as they are or compressed as Debian wants them: always the same bytes.
function(install_manual section)
  foreach(page IN LISTS ARGN)
    get_filename_component(name ${page} NAME)
    if(GZIP AND NOT APPLE)
      set(packed ${PROJECT_BINARY_DIR}/installed/${name}.gz)
      install(CODE "file(MAKE_DIRECTORY \"${PROJECT_BINARY_DIR}/installed\")")
      install(CODE "execute_process(COMMAND ${GZIP} -9 -n -c \"${PROJECT_SOURCE_DIR}/${page}\" OUTPUT_FILE \"${packed}\" COMMAND_ERROR_IS_FATAL ANY)")
      install(FILES ${packed} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
    else()
      install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
    endif()
  endforeach()
endfunction()
find_program(GZIP gzip)

if(TARGET siltgate)
  install(TARGETS siltgate RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  set(completion ${PROJECT_BINARY_DIR}/completion)   # written by the build, see server/CMakeLists.txt
  install(FILES ${completion}/siltgate DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  if(APPLE)
    install(FILES ${completion}/_siltgate DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  else()
    install(FILES ${completion}/_siltgate DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
  endif()
  install(FILES ${completion}/siltgate.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()
install_manual(1 docs/man/siltgate.1)
install_manual(5 docs/man/siltgate.jsonc.5)
install(FILES config/example.jsonc config/schema.json config/zai.jsonc config/team.jsonc config/vm-host.jsonc
  DESTINATION ${CMAKE_INSTALL_DATADIR}/siltgate)
install(FILES deploy/grafana/siltgate.json DESTINATION ${CMAKE_INSTALL_DATADIR}/siltgate/grafana)
install(FILES deploy/prometheus/siltgate.yml DESTINATION ${CMAKE_INSTALL_DATADIR}/siltgate/prometheus)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md" PATTERN "*.svg" PATTERN "*.png" PATTERN man EXCLUDE)

if(APPLE)
  install_service_file(deploy/com.siltgate.siltgate.plist ${CMAKE_INSTALL_DATADIR}/siltgate)
else()
  install_service_file(deploy/siltgate.service lib/systemd/system)
  install_service_file(deploy/siltgate.socket lib/systemd/system)
  install_service_file(deploy/user/siltgate.service lib/systemd/user)
  install(FILES deploy/siltgate.service.d/keys.conf DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples/siltgate.service.d)
endif()

include(${PROJECT_SOURCE_DIR}/cmake/package.cmake)
