"""What a prosecutor believes by: verification, one entry's proof in the browser, one access.

words, verdict          pure: what a verification came to, in plain words
verification, worker    one run over a log, in a process of its own
runs                    one at a time for each log, its result kept
grammar, receipts       what the browser's own check is given; `static/check.js` is the check
fields, statement, access    pure: an entry as a prosecutor reads it
lookup                  what belongs to an access, found in the log and proved
packs                   evidence packs for download
pages                   all of it as pages
"""
