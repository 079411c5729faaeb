package Queries;

# Simple and extended queries, statements of the server, batches, transactions, kinds, metadata.
use strict;
use warnings;
use utf8;
use DBD::Pg qw(:pg_types);

sub walk {
    my ($log, $connect) = @_;
    for my $server (0, 1) {
        my $dbh = $connect->(pg_server_prepare => $server, options => 'options=--search_path=tour');
        statements($log, $dbh, $server);
        kinds($log, $dbh, $server);
        batches($log, $dbh, $server);
        transactions($log, $dbh, $server);
        $dbh->disconnect;
    }
    described($log, $connect->());
}

sub statements {
    my ($log, $dbh, $server) = @_;
    my $ask = sub {
        my ($name, $text, @values) = @_;
        $log->step("$name/$server", $dbh, sub {
            my $sth = $dbh->prepare($text);
            $sth->execute(@values);
            Log::rows($sth);
        });
    };
    $ask->('simple', "SELECT 1 AS 一, 'x'::text, NULL");
    $ask->('syntax', 'SELEC 1');
    $ask->('no-table', 'SELECT * FROM nowhere WHERE id = ?', 1);
    $ask->('raised', 'SELECT failed(?)', '甲');
    $ask->('parameters', 'SELECT id, name, joined FROM staff WHERE code = ? AND id < ? ORDER BY id', '0002', 8);
    $ask->('dollars', 'SELECT id FROM staff WHERE id = $1 OR id = $2 ORDER BY id', 1, 3);
    $ask->('numbered', 'SELECT id FROM staff WHERE id = :1', 3);
    $ask->('array', 'SELECT id FROM staff WHERE id = ANY (?) ORDER BY id', [1, 3, 5]);
    $ask->('bad-parameter', 'SELECT ?::int', 'abc');
    $ask->('returning', "INSERT INTO written VALUES (?, ?) RETURNING id, body", 10 + $server, '返');
    $log->step("several/$server", $dbh, sub { $dbh->do('SELECT 1; UPDATE staff SET salary = salary WHERE id < 4') });
    $log->step("several-failing/$server", $dbh, sub { $dbh->do('SELECT 1; SELECT 1/0; SELECT 2') });
    $log->step("do/$server", $dbh, sub { $dbh->do('UPDATE staff SET salary = salary WHERE id < ?', undef, 6) });
    $log->step("none/$server", $dbh, sub { $dbh->do('DELETE FROM staff WHERE id < 0') });
    my $sth = $dbh->prepare('SELECT name FROM staff WHERE id = ?');
    for my $id (1 .. 5) {
        $log->step("reused/$server/$id", $dbh, sub { $sth->execute($id); Log::rows($sth) });
    }
    my $now = $dbh->prepare('SELECT ?::int + 1', {pg_prepare_now => 1});
    $log->step("prepared-now/$server", $dbh, sub { $now->execute(41); Log::rows($now) });
    $log->step("known/$server", $dbh, sub {
        $dbh->selectall_arrayref('SELECT statement, parameter_types::text FROM pg_prepared_statements ORDER BY 1')
    });
    $dbh->do('DROP TABLE IF EXISTS growing');
    $dbh->do('CREATE TABLE growing (a int)');
    $dbh->do('INSERT INTO growing VALUES (?)', undef, 1);
    for my $when ('before', 'after', 'again') {
        # Made anew: the driver crashes where a statement has more columns than when it was made.
        my $growing = $dbh->prepare('SELECT * FROM growing WHERE a = ?');
        $log->step("ddl/$server/$when", $dbh, sub { $growing->execute(1); Log::rows($growing) });
        $dbh->do("ALTER TABLE growing ADD b text DEFAULT '新'") if $when eq 'before';
    }
}

sub kinds {
    my ($log, $dbh, $server) = @_;
    $log->step("kinds/$server", $dbh, sub {
        my $sth = $dbh->prepare('SELECT * FROM kind WHERE id < ? ORDER BY id');
        $sth->execute(4);
        (Log::rows($sth), $sth->{PRECISION}, $sth->{SCALE}, $sth->{NULLABLE}, $sth->{TYPE});
    });
    $log->step("kinds/$server/written", $dbh, sub {
        my $sth = $dbh->prepare('INSERT INTO kind (id, flag, amount, name, raw, docb, ints, texts, day)'
            . ' VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *');
        $sth->bind_param(1, 20);
        $sth->bind_param(2, 1, {pg_type => PG_BOOL});
        $sth->bind_param(3, '1234567890123.5');
        $sth->bind_param(4, "李四'\"\\%😀");
        $sth->bind_param(5, "\x00\xff\\'", {pg_type => PG_BYTEA});
        $sth->bind_param(6, '{"姓名": "王五"}');
        $sth->bind_param(7, [1, undef, 3]);
        $sth->bind_param(8, ['a,b', '引"', undef, 'NULL']);
        $sth->bind_param(9, undef);
        $sth->execute;
        Log::rows($sth);
    });
    $dbh->do('DELETE FROM kind WHERE id = 20');
    $log->step("quoted/$server", $dbh, sub {
        $dbh->selectall_arrayref('SELECT ' . join ', ', $dbh->quote("a'b\\c"), $dbh->quote("\x00\\", {pg_type => PG_BYTEA}),
            $dbh->quote('汉'), $dbh->quote_identifier('tour', '表') =~ s/"/'/gr =~ s/'\.'/./r)
    });
}

sub batches {
    my ($log, $dbh, $server) = @_;
    $dbh->do('DELETE FROM written');
    for my $bad (-1, 7) {
        $log->step("batch/$server/$bad", $dbh, sub {
            my $sth = $dbh->prepare('INSERT INTO written VALUES (?, ?, ?)');
            my @ids = map { $_ + 100 * ($bad + 2) } 1 .. 20;
            my @status;
            local $sth->{RaiseError} = 0;
            my $done = $sth->execute_array({ArrayTupleStatus => \@status}, \@ids, '批', [map { $_ == $bad ? -1 : $_ } 1 .. 20]);
            ($done, [map { ref $_ ? [$_->[0], $_->[2]] : $_ } @status]);
        });
        $log->step("batch/$server/$bad/count", $dbh, sub { $dbh->selectall_arrayref('SELECT count(*), sum(id) FROM written') });
    }
}

sub transactions {
    my ($log, $dbh, $server) = @_;
    my $do = sub {
        my ($name, @query) = @_;
        $log->step("$name/$server", $dbh, sub { $dbh->do(@query) });
    };
    $dbh->begin_work;
    $do->('insert', 'INSERT INTO department VALUES (?, ?)', undef, '0100', '一');
    $dbh->pg_savepoint('kept');
    $do->('duplicate', 'INSERT INTO department VALUES (?, ?)', undef, '0100', '二');
    $do->('aborted', 'SELECT 1');
    $log->step("ping/$server", $dbh, sub { ($dbh->ping, $dbh->pg_ping) });
    $log->step("rollback-to/$server", $dbh, sub { $dbh->pg_rollback_to('kept') });
    $do->('foreign-key', 'DELETE FROM department WHERE code = ?', undef, '0001');
    $log->step("commit-of-aborted/$server", $dbh, sub { $dbh->commit });
    $log->step("rolled-back/$server", $dbh, sub { $dbh->selectall_arrayref('SELECT count(*) FROM department') });
    $dbh->begin_work;
    $do->('declare', 'DECLARE walking CURSOR FOR SELECT id, name FROM staff ORDER BY id');
    $log->step("fetch/$server", $dbh, sub { map { $dbh->selectall_arrayref('FETCH 7 FROM walking') } 1 .. 3 });
    $dbh->rollback;
    $do->('serializable', 'BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY');
    $do->('read-only', 'DELETE FROM department');
    $do->('rollback', 'ROLLBACK');
}

sub described {
    my ($log, $dbh) = @_;
    my $all = sub { my ($name, $sth) = @_; $log->step($name, $dbh, sub { Log::rows($sth->()) }) };
    $all->('tables', sub { $dbh->table_info(undef, 'tour', '%', undef) });
    $all->('tables/some', sub { $dbh->table_info(undef, 'tour', 'st%', 'TABLE') });
    $all->('schemas', sub { $dbh->table_info('', '%', '') });
    $all->('table-types', sub { $dbh->table_info('', '', '', '%') });
    $all->('columns', sub { $dbh->column_info(undef, 'tour', 'staff', '%') });
    $all->('columns/kind', sub { $dbh->column_info(undef, 'tour', 'kind', '%') });
    $all->('primary-key', sub { $dbh->primary_key_info(undef, 'tour', 'staff') });
    $all->('foreign-key', sub { $dbh->foreign_key_info(undef, 'tour', 'department', undef, 'tour', 'staff') });
    $all->('statistics', sub { $dbh->statistics_info(undef, 'tour', 'staff', 0, 0) });
    $log->step('types', $dbh, sub { scalar @{$dbh->type_info_all} });
    $log->step('names', $dbh, sub { [sort grep { /tour/ } $dbh->tables(undef, 'tour', '%', 'TABLE')] });
    $log->step('last-id', $dbh, sub {
        $dbh->do("INSERT INTO tour.staff (code, name) VALUES ('0003', '末')");
        $dbh->last_insert_id(undef, 'tour', 'staff', undef) > 20 ? 'known' : 'unknown';
    });
    $log->step('version', $dbh, sub { ($dbh->{pg_server_version}, $dbh->{pg_db} ne '', $dbh->{pg_user}, $dbh->{pg_protocol},
        $dbh->{pg_standard_conforming_strings}, $dbh->get_info(18)) });
    $dbh->disconnect;
}

1;
