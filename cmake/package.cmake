# SPDX-License-Identifier: Apache-2.0
# `cpack -G DEB --config build/release/CPackConfig.cmake`: a Debian package whose configuration survives upgrades.
set(CPACK_PACKAGE_NAME siltgate)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
# A domain that is reserved and reaches nobody (RFC 2606): who hands packages to others names himself, see docs/CONTRIBUTING.md.
set(SILTGATE_MAINTAINER "siltgate authors <maintainers@siltgate.example>" CACHE STRING "who answers for the packages built here: Name <address>")
set(CPACK_PACKAGE_CONTACT "${SILTGATE_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "proxy between coding agents and LLM providers")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_GENERATOR DEB)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "\
siltgate keeps the requests of coding agents within the concurrency that a
provider allows, checks every streamed event before it passes it on, and says
afterwards whose fault a bad answer was.")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS ca-certificates)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(debian ${PROJECT_SOURCE_DIR}/deploy/debian)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${debian}/conffiles;${debian}/postinst;${debian}/prerm;${debian}/postrm")

# What belongs to the Debian package alone; the other install rules stay free of it.
set(CPACK_INSTALL_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/package_debian.cmake)
set(CPACK_SILTGATE_SOURCE ${PROJECT_SOURCE_DIR})
include(CPack)
