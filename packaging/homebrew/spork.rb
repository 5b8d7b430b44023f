# A formula. Not run by Homebrew in this project's CI: see packaging/README.md.
# SPDX-License-Identifier: Apache-2.0
class Spork < Formula
  desc "Pool of worker processes for C"
  homepage "https://example.org/spork"
  url "https://example.org/spork/spork-0.1.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "Apache-2.0"
  head "https://example.org/spork.git", branch: "main"

  depends_on "cmake" => :build
  depends_on "doxygen" => :build
  depends_on "pkgconf" => :test
  depends_on "apr"

  uses_from_macos "python" => :build

  def install
    args = %w[
      -DSPORK_BUILD_BOTH=ON
      -DSPORK_BUILD_DOCS=ON
      -DSPORK_BUILD_TESTS=OFF
      -DSPORK_BUILD_EXAMPLES=OFF
      -DSPORK_BUILD_BENCH=OFF
    ]
    system "cmake", "-S", ".", "-B", "build", *args, *std_cmake_args
    system "cmake", "--build", "build"
    system "cmake", "--install", "build"
    pkgshare.install "tests/consumer/main.c"
  end

  test do
    # apr is keg-only
    ENV.prepend_path "PKG_CONFIG_PATH", Formula["apr"].opt_lib/"pkgconfig"
    flags = shell_output("pkg-config --cflags --libs spork").chomp.split
    system ENV.cc, pkgshare/"main.c", "-o", "program", *flags
    %w[fork spawn].each do |start|
      assert_match "2886581259624448384", shell_output("SPORK_START=#{start} ./program")
    end
  end
end
