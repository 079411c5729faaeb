"""A database that reads an encoding otherwise than we do is found out, for that encoding."""

import asyncpg
import pytest

from proxy.upstream.readings import misread, samples
from proxy.upstream.readings import reads_alike as alike
from proxy.wire.postgres.encoding import CODECS, decode_exactly

pytestmark = pytest.mark.database


@pytest.fixture
async def connection(agency_copy):
    opened = await asyncpg.connect(agency_copy.url())
    yield opened
    await opened.close()


async def test_every_encoding_is_read_alike_by_the_server_of_the_tests(connection):
    assert await misread(connection) == frozenset()


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        ("BIG5", "cp950"),
        ("SJIS", "shift_jis_2004"),
        ("EUC_JP", "euc_jis_2004"),
        ("EUC_KR", "euc_kr"),
        ("LATIN1", "cp1252"),
        ("NO_SUCH", "ascii"),
    ],
)
async def test_another_table_is_found_out(connection, encoding, codec):
    assert not await alike(connection, encoding, codec)


async def test_a_conversion_that_is_gone_is_found_out(connection):
    await connection.execute(
        "UPDATE pg_conversion SET condefault = false WHERE conname = 'gbk_to_utf8'"
    )
    assert await misread(connection) == {"gbk"}


async def test_a_connection_that_breaks_is_not_taken_for_a_difference(connection):
    await connection.close()
    with pytest.raises(asyncpg.InterfaceError):
        await misread(connection)


@pytest.mark.parametrize("codec", sorted({*CODECS.values()} - {"utf-8"}))
def test_the_samples_are_whole_and_readable(codec):
    read = "".join(decode_exactly(raw, codec) or "" for raw, _ in samples(codec))
    assert read == "".join(text for _, text in samples(codec))
    assert set(map(chr, range(1, 128))) <= set(read)
