# Perl's Parallel::ForkManager: a process for each item, the answer back through a file of Storable's.
#
# Usage: perl_peer.pl map [NAME=VALUE...]
#
# SPDX-License-Identifier: Apache-2.0

use strict;
use warnings;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

unless (eval { require Parallel::ForkManager; 1 }) {
    print STDERR "cannot be done here: no Parallel::ForkManager\n";
    exit 3;
}

my $way = shift @ARGV;
my %job = (items => 300, workers => 2);
for (@ARGV) {
    my ($name, $value) = split /=/, $_, 2;
    $job{$name} = $value;
}

$| = 1;
print "ready\n";
while (<STDIN>) {
    my @outputs;
    my $start = clock_gettime(CLOCK_MONOTONIC);
    my $manager = Parallel::ForkManager->new($job{workers});
    $manager->set_waitpid_blocking_sleep(0);
    $manager->run_on_finish(sub { my $data = $_[5]; $outputs[$$data[0]] = $$data[1] if $data; });
    for my $i (0 .. $job{items} - 1) {
        $manager->start and next;
        $manager->finish(0, [$i, $i]);
    }
    $manager->wait_all_children;
    my $took = clock_gettime(CLOCK_MONOTONIC) - $start;
    for my $i (0 .. $job{items} - 1) {
        die "wrong answers\n" unless defined $outputs[$i] && $outputs[$i] == $i;
    }
    printf "ns=%.0f\n", $took * 1e9;
}
