package Log;

# One line a step: its name, and what came of it in a form that two runs have alike.
use strict;
use warnings;
use utf8;
use Digest::SHA qw(sha256_hex);
use Encode qw(encode_utf8);

sub new {
    my ($class, $states_only) = @_;
    # Error texts are not promised to be alike where rows are sealed: then SQLSTATE alone.
    return bless {states_only => $states_only}, $class;
}

sub step {
    my ($self, $name, $handle, $run) = @_;
    my @value = eval { $run->() };
    my $shown;
    if (my $error = $@) {
        my $state = $handle ? $handle->state : '-';
        $error =~ s/ at \S+ line \d+\.?//g;
        $shown = "ERROR $state" . ($self->{states_only} ? '' : " $error");
    } else {
        $shown = join ', ', map { show($_) } @value;
    }
    $shown =~ s/\n/\\n/g;
    print encode_utf8("$name: $shown\n");
}

sub show {
    my ($value) = @_;
    return 'undef' unless defined $value;
    if (ref $value eq 'ARRAY') {
        return '[' . join(', ', map { show($_) } @$value) . ']' if @$value <= 60;
        my $digest = sha256_hex(encode_utf8(join '', map { show($_) } @$value));
        return @$value . ' rows ' . substr($digest, 0, 16);
    }
    return '{' . join(', ', map { "$_=" . show($value->{$_}) } sort keys %$value) . '}' if ref $value eq 'HASH';
    return "$value";
}

# Labels and types, then all rows.
sub rows {
    my ($statement) = @_;
    return [$statement->rows] unless $statement->{NUM_OF_FIELDS};
    my @types = map { defined $_ ? $_ : 'undef' } @{$statement->{pg_type}};
    return ([@{$statement->{NAME}}], [@types], $statement->fetchall_arrayref);
}

1;
