"""The gateway by hand: everything that can be asked of it and instructed, one verb each.

`asking` and `acting` hold the verbs; beside them is what they do. Questions change nothing. What
moves money goes through `consent`: it is announced, agreed to, and sent once.
"""
