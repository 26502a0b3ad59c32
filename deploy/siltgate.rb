# SPDX-License-Identifier: Apache-2.0
# Homebrew formula; docs/service.md says how to install from it. It names no address that nobody has published: HOMEBREW_SILTGATE_GIT says
# where the sources are. Who publishes it in a tap writes homepage, url and sha256 here instead.
class Siltgate < Formula
  desc "Proxy between coding agents and LLM providers"
  license "Apache-2.0"
  head ENV.fetch("HOMEBREW_SILTGATE_GIT", "file://#{Dir.home}/siltgate"), using: :git, branch: "main"

  depends_on "cli11" => :build
  depends_on "cmake" => :build
  depends_on "ninja" => :build
  depends_on "nlohmann-json" => :build
  depends_on "boost"
  depends_on "fmt"
  depends_on "openssl@3"

  def install
    system "cmake", "--preset", "release", "-DSILTGATE_TESTS=OFF",
           "-DOPENSSL_ROOT_DIR=#{Formula["openssl@3"].opt_prefix}", *std_cmake_args
    system "cmake", "--build", "--preset", "release"
    system "cmake", "--install", "build/release", "--prefix", prefix
  end

  service do
    run [opt_bin/"siltgate", "run"]
    keep_alive successful_exit: false
    log_path var/"log/siltgate.log"
    error_log_path var/"log/siltgate.log"
  end

  def caveats
    <<~EOS
      The configuration is ~/.config/siltgate/siltgate.jsonc; write a commented one with:
        siltgate config --init ~/.config/siltgate/siltgate.jsonc
    EOS
  end

  test do
    assert_match "siltgate #{version}", shell_output("#{bin}/siltgate version") unless build.head?
    assert_match "every verdict is as expected", shell_output("#{bin}/siltgate selftest")
  end
end
