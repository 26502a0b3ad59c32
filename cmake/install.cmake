# SPDX-License-Identifier: Apache-2.0
# What `cmake --install build/release` puts where.
include(GNUInstallDirs)

# Copies a service file, which names the program and the documents by absolute path, with the paths of the prefix that
# is in force when installing (`cmake --install --prefix` may differ from the configured one).
function(install_service_file source destination)
  set(copy ${PROJECT_BINARY_DIR}/installed/${source})
  install(CODE "
    file(READ \"${PROJECT_SOURCE_DIR}/${source}\" text)
    string(REGEX REPLACE \"/usr/(local/)?bin/siltgate\" \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/siltgate\" text \"\${text}\")
    string(REPLACE \"/usr/share/doc/siltgate\" \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DOCDIR}\" text \"\${text}\")
    file(WRITE \"${copy}\" \"\${text}\")")
  install(FILES ${copy} DESTINATION ${destination})
endfunction()

if(TARGET siltgate)
  install(TARGETS siltgate RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(FILES config/example.jsonc config/schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/siltgate OPTIONAL)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")

if(APPLE)
  install_service_file(deploy/com.siltgate.siltgate.plist ${CMAKE_INSTALL_DATADIR}/siltgate)
else()
  install_service_file(deploy/siltgate.service lib/systemd/system)
  install_service_file(deploy/user/siltgate.service lib/systemd/user)
  install(FILES deploy/siltgate.service.d/keys.conf DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples/siltgate.service.d)
endif()
