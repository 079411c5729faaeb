package Transfers;

# Big results, COPY, notices and notifications, large objects; cancelled, ended by the server.
use strict;
use warnings;
use utf8;
use DBD::Pg qw(:async);

sub walk {
    my ($log, $connect) = @_;
    my $dbh = $connect->(options => "options='-c search_path=tour';application_name=巡览");
    my $big = "SELECT i, md5(i::text) AS m, repeat('汉', i % 9) AS r FROM generate_series(1, 100000) AS i";
    $log->step('big', $dbh, sub { $dbh->selectall_arrayref($big) });
    $log->step('wide', $dbh, sub { $dbh->selectall_arrayref('SELECT md5(?), length(?)', undef, '汉' x 1000000, 'x' x 3000000) });
    $log->step('settings', $dbh, sub { map { $dbh->selectrow_array("SHOW $_") } qw(application_name search_path client_encoding) });
    copies($log, $dbh);
    messages($log, $dbh, $connect);
    $log->step('large-object', $dbh, sub {
        $dbh->begin_work;
        my $oid = $dbh->pg_lo_creat($dbh->{pg_INV_WRITE});
        my $fd = $dbh->pg_lo_open($oid, $dbh->{pg_INV_WRITE} | $dbh->{pg_INV_READ});
        $dbh->pg_lo_write($fd, 'large object', 12);
        $dbh->pg_lo_lseek($fd, 6, 0);
        my $read;
        $dbh->pg_lo_read($fd, $read, 100);
        my $gone = $dbh->pg_lo_unlink($oid);
        $dbh->rollback;
        ($read, $gone);
    });
    $dbh->rollback unless $dbh->{AutoCommit};
    endings($log, $dbh, $connect);
}

sub copies {
    my ($log, $dbh) = @_;
    for my $how ('', ' WITH (FORMAT csv, HEADER)') {
        $log->step("copy-out$how", $dbh, sub {
            $dbh->do("COPY (SELECT id, name, doc FROM kind ORDER BY id) TO STDOUT$how");
            my ($row, @all) = ('');
            push @all, $row while $dbh->pg_getcopydata($row) >= 0;
            [@all];
        });
    }
    $log->step('copy-out/big', $dbh, sub {
        $dbh->do('COPY (SELECT i FROM generate_series(1, 20000) AS i) TO STDOUT');
        my ($row, @all) = ('');
        push @all, $row while $dbh->pg_getcopydata($row) >= 0;
        [@all];
    });
    $dbh->do('DELETE FROM written');
    my $in = sub {
        my ($name, $text, @rows) = @_;
        $log->step($name, $dbh, sub {
            $dbh->do($text);
            $dbh->pg_putcopydata($_) for @rows;
            $dbh->pg_putcopyend;
        });
    };
    $in->('copy-in', 'COPY written FROM STDIN', "1\t甲\t1\n", "2\t\\N\t\\N\n");
    $in->('copy-in/csv', 'COPY written FROM STDIN WITH (FORMAT csv)', qq{3,"a""b,c",3\n4,,\n});
    $in->('copy-in/many', 'COPY written FROM STDIN', map { "$_\t第\t0\n" } 1000 .. 20999);
    $in->('copy-in/bad-row', 'COPY written FROM STDIN', "5\tx\t1\nsix\tx\t1\n");
    $in->('copy-in/no-table', 'COPY nowhere FROM STDIN');
    $log->step('copy-in/after', $dbh, sub { $dbh->selectall_arrayref('SELECT count(*), sum(id), count(body) FROM written') });
}

sub messages {
    my ($log, $dbh, $connect) = @_;
    my @told;
    local $SIG{__WARN__} = sub { my ($text) = @_; utf8::decode($text); $text =~ s/ at \S+ line \d+\.?//g; push @told, $text };
    for my $level (0, 1, 2) {
        $dbh->{pg_errorlevel} = $level;
        $dbh->{PrintWarn} = 1;
        $log->step("notices/$level", $dbh, sub { ($dbh->selectall_arrayref('SELECT said(?)', undef, '甲'), [splice @told]) });
        $log->step("errors/$level", $dbh, sub { $dbh->do("SELECT failed('乙')") });
    }
    $dbh->{pg_errorlevel} = 1;
    $log->step('notifications', $dbh, sub {
        $dbh->do('LISTEN 频道');
        my $other = $connect->();
        $other->do("NOTIFY 频道, 'from another: 你好'");
        $other->do("SELECT pg_notify('频道', ?)", undef, 'by a function');
        $other->disconnect;
        $dbh->do("NOTIFY 频道, 'from itself'");
        my @heard;
        for (1 .. 200) {
            while (my $one = $dbh->pg_notifies) { push @heard, [$one->[0], $one->[2]] }
            last if @heard == 3;
            select undef, undef, undef, 0.05;
        }
        [@heard];
    });
    $log->step('unlisten', $dbh, sub { $dbh->do('UNLISTEN *') });
}

sub endings {
    my ($log, $dbh, $connect) = @_;
    $log->step('async', $dbh, sub {
        my $sth = $dbh->prepare("SELECT '等', pg_sleep(0.1)", {pg_async => PG_ASYNC});
        $sth->execute;
        ($dbh->pg_result, $sth->fetchall_arrayref->[0][0]);
    });
    $log->step('cancel', $dbh, sub {
        $dbh->do('SELECT pg_sleep(20)', {pg_async => PG_ASYNC});
        select undef, undef, undef, 0.3;
        $dbh->pg_cancel;
    });
    $log->step('cancel/after', $dbh, sub { $dbh->selectall_arrayref('SELECT 1') });
    $log->step('statement-timeout', $dbh, sub { $dbh->do('SET statement_timeout = 200'); $dbh->do('SELECT pg_sleep(20)') });
    $log->step('reset', $dbh, sub { $dbh->do('RESET ALL') });
    $log->step('discard', $dbh, sub { $dbh->do('DISCARD ALL') });
    my $victim = $connect->();
    my ($pid) = $victim->selectrow_array('SELECT pg_backend_pid()');
    $log->step('terminated', $dbh, sub { $dbh->selectall_arrayref('SELECT pg_terminate_backend(?, 5000)', undef, $pid) });
    $log->step('terminated/next', $victim, sub { $victim->do('SELECT 1') });
    $log->step('terminated/ping', $victim, sub { ($victim->ping, $victim->pg_ping) });
    my $itself = $connect->();
    $log->step('terminated/itself', $itself, sub { $itself->do('SELECT pg_terminate_backend(pg_backend_pid())') });
    $dbh->disconnect;
    for my $options ('password=wrong', 'options=--no_such_setting=1') {
        $log->step("refused/$options", undef, sub {
            my $failed = eval { DBI->connect("dbi:Pg:$options", undef, undef, {RaiseError => 1, PrintError => 0}); 1 };
            my $error = $@;
            $error =~ s/port \d+/port/;
            die $error unless $failed;
        });
    }
}

1;
