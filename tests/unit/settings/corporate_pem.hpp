// SPDX-License-Identifier: Apache-2.0
// A certificate for settings that name a ca_file. Its key is thrown away.
#pragma once

namespace siltgate::test {

inline constexpr const char* corporate_pem =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBkzCCATmgAwIBAgIUWbfEaxxDEHYjFvoE+f+5kld6JlcwCgYIKoZIzj0EAwIw\n"
    "HzEdMBsGA1UEAwwURXhhbXBsZSBDb3Jwb3JhdGUgQ0EwHhcNMjYxMTI2MjAwMTE1\n"
    "WhcNMjcxMTI3MjAwMTE1WjAfMR0wGwYDVQQDDBRFeGFtcGxlIENvcnBvcmF0ZSBD\n"
    "QTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABOiV3G02ox7JW1iYMt2qmfGYzf/C\n"
    "4TDZMlpJ5Ue/niBOqc/8HYfxbuKSKze3lP952shsc1Fu6yXPWyNCeCkToMCjUzBR\n"
    "MA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFEQL2QgIr0WG420Y83+ZZ/NjA8j/\n"
    "MB8GA1UdIwQYMBaAFEQL2QgIr0WG420Y83+ZZ/NjA8j/MAoGCCqGSM49BAMCA0gA\n"
    "MEUCIQDs6wdIovXFBmIgy7NO0qTJmckk8fnH208O5x9QhEdGBwIgE4Gl3swZCZBi\n"
    "SmGJ9oPZXUTnSu+H56ljzdHa3ggcTxQ=\n"
    "-----END CERTIFICATE-----\n";

}  // namespace siltgate::test
