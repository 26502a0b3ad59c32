# SPDX-License-Identifier: Apache-2.0
# Run by CPack before it copies the installed files: the configuration, and the papers that Debian wants in each package.
# file(INSTALL) puts $DESTDIR before its destinations itself, the other commands do not.
set(root "$ENV{DESTDIR}")
if(NOT root)
  message(FATAL_ERROR "package_debian.cmake runs under CPack only")
endif()
set(debian "${CPACK_SILTGATE_SOURCE}/deploy/debian")
set(doc /usr/share/doc/siltgate)
file(INSTALL "${debian}/siltgate.jsonc" DESTINATION /etc/siltgate)
file(INSTALL "${debian}/copyright" DESTINATION ${doc})
file(INSTALL "${debian}/lintian-overrides" DESTINATION /usr/share/lintian/overrides RENAME siltgate)
# Debian's changelog of a package that is no part of the archive: one entry, the history is in docs/CHANGELOG.md.
file(WRITE "${root}/changelog" "siltgate (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium\n\n  * See docs/CHANGELOG.md beside this file.\n\n -- ${CPACK_PACKAGE_CONTACT}  Thu, 26 Nov 2026 00:00:00 +0000\n")
execute_process(COMMAND gzip -9 -n -c "${root}/changelog" OUTPUT_FILE "${root}${doc}/changelog.gz" COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE "${root}/changelog")
