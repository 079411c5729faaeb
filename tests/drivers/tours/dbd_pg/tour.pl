#!/usr/bin/perl
# What applications do with DBD::Pg. Where the database is, the variables of libpq say.
use strict;
use warnings;
use utf8;
use FindBin;
use lib $FindBin::Bin;
use DBI;
use Log;
use Queries;
use Transfers;
use Protected;

$| = 1;
my $connect = sub {
    my (%attributes) = @_;
    my $options = delete $attributes{options} // '';
    return DBI->connect("dbi:Pg:$options", $ENV{PGUSER}, $ENV{PGPASSWORD}, {
        RaiseError => 1, PrintError => 0, PrintWarn => 0, AutoCommit => 1, pg_enable_utf8 => 1, %attributes,
    });
};

my $log = Log->new($ARGV[0] eq 'protected');
if ($ARGV[0] eq 'protected') {
    Protected::walk($log, $connect);
} else {
    Queries::walk($log, $connect);
    Transfers::walk($log, $connect);
}
print "the end: reached\n";
