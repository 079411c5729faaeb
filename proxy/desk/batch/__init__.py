"""Batch checks (未成年人保护法第62条): a yes or a no for each person on a permit's list.

answers  what is answered, as bytes on record and as the unit's file; pure
desk     a check from its beginning to its entry
opening  both, from the settings
"""
