"""An index over logs, to find entries and count them; made from the logs, trusted for nothing.

    from ledger.portal.index.index import Index, IndexUnreadable

    index = Index.open(directory, names)          a directory of its own; names of all sources
    index.refresh(source, progress=None)          -> model.Refreshed; or logs.LogUnreadable
    index.search(query, after=None, limit=50)     -> model.Page, newest first
    index.count_by(by, each, tally=None)          -> list[model.Counted]
    index.row(log, number)                        -> model.Row | None
    index.neighbours(log, number)                 -> model.Neighbours | None
    index.tail(after, limit=50)                   -> model.Page, oldest first; `after` never None
    index.end()                                   -> model.Position, from where a tail begins
    index.values(by)                              -> words in use, for choosing among
    index.states()                                -> list[model.LogState]
    index.close()

All of it blocks: call it in a thread. Any number of threads may ask while one refreshes; one log
is refreshed by one thread at a time.
"""
