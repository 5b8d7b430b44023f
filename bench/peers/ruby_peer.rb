# Ruby's parallel gem: Parallel.map in processes. It starts them anew for each map.
#
# Usage: ruby_peer.rb map|start [NAME=VALUE...]
#
# SPDX-License-Identifier: Apache-2.0

begin
  require 'parallel'
rescue LoadError
  warn 'cannot be done here: no gem parallel'
  exit 3
end

def clock
  Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
end

way = ARGV.shift
job = { 'items' => 50_000, 'workers' => 2 }
ARGV.each { |word| job.store(*word.split('=', 2)) }
workers = job['workers'].to_i
items = way == 'start' ? workers : job['items'].to_i
inputs = (0...items).to_a

$stdout.sync = true
puts 'ready'
while $stdin.gets
  start = clock
  outputs = Parallel.map(inputs, in_processes: workers) { |x| x }
  took = clock - start
  abort 'wrong answers' unless outputs == inputs
  puts "ns=#{took}"
end
