"""Certificates: 无犯罪记录证明, the letter to a unit, and the notice that none is given.

code      the verification code: bytes to text and back; what it binds; pure
form      what is asked for, what is printed, and which form an answer leads to; pure
decoding  a request as it comes in, refused unless every part of it is right; pure
errors    what an officer is told; pure
spelling  the spellings of a number and of a name; pure
gate      the look-up, by the proxy's own listener
serials   one sequence of numbers for all forms
layout    where each field stands on the page; pure
page      a form as PDF
store     what was issued, on disk
desk      all of it in one order
routes    the same by HTTP
"""
