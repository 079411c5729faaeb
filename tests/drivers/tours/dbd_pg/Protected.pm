package Protected;

# The protected schema: the same on a database without the sealed rows, and through the proxy.
use strict;
use warnings;
use utf8;

my @QUESTIONS = (
    'SELECT * FROM base.person ORDER BY person_id',
    'SELECT * FROM base.case_person ORDER BY cp_id',
    'SELECT * FROM base.victim ORDER BY victim_id',
    'SELECT * FROM base.document ORDER BY doc_id',
    'SELECT case_id, label FROM base.case_file ORDER BY case_id',
    'SELECT count(*), max(cp_id), min(offence_first) FROM base.case_person',
    'SELECT p.name, c.case_no FROM base.person AS p JOIN base.case_person AS cp USING (person_id)'
        . ' JOIN base.case_file AS c USING (case_id) ORDER BY c.case_no, p.name',
);

sub walk {
    my ($log, $connect) = @_;
    for my $server (0, 1) {
        my $dbh = $connect->(pg_server_prepare => $server);
        for my $i (0 .. $#QUESTIONS) {
            $log->step("question/$server/$i", $dbh, sub {
                my $sth = $dbh->prepare($QUESTIONS[$i]);
                $sth->execute;
                Log::rows($sth);
            });
        }
        my $sth = $dbh->prepare('SELECT role, offence_first FROM base.case_person WHERE person_id = ?');
        for my $id (1 .. 29) {
            $log->step("by-key/$server/$id", $dbh, sub { $sth->execute($id); Log::rows($sth) });
        }
        $dbh->begin_work;
        $log->step("written/$server", $dbh, sub {
            map { $dbh->do('UPDATE base.case_person SET role = ? WHERE cp_id = ?', undef, 'SUSPECT', $_) } 1 .. 29
        });
        $log->step("deleted/$server", $dbh, sub {
            $dbh->selectall_arrayref('DELETE FROM base.sentence WHERE term_months < ? AND sent_id = 17 RETURNING sent_id', undef, 40)
        });
        $dbh->do("DECLARE walking CURSOR FOR $QUESTIONS[1]");
        $log->step("cursor/$server", $dbh, sub { map { $dbh->selectall_arrayref('FETCH 4 FROM walking') } 1 .. 3 });
        $dbh->rollback;
        $log->step("error/$server", $dbh, sub { $dbh->do('SELECT 1 / (cp_id - cp_id) FROM base.case_person') });
        $log->step("tables/$server", $dbh, sub { [sort $dbh->tables(undef, 'base', '%', 'TABLE')] });
        $log->step("columns/$server", $dbh, sub { Log::rows($dbh->column_info(undef, 'base', 'case_person', '%')) });
        $log->step("primary-key/$server", $dbh, sub { [$dbh->primary_key(undef, 'base', 'person')] });
        $log->step("ping/$server", $dbh, sub { $dbh->ping });
        $dbh->disconnect;
    }
}

1;
