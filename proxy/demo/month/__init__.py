"""A made-up month (虚构的一个月): the ledger of an agency that does not exist, thirty days of it.

No statement of it was ever sent to a database and no person of it exists. What is real is the
writer: its sequencer, keys and signatures, and what it writes is what the product's own code
decides and words. Only the clock is moved by hand, and what came of each statement is made up.
"""
