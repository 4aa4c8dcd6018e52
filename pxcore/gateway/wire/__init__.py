"""ProjectX on the wire: the only place that knows JSON names and integer codes.

`codes` turns numbers into the model's words, `rows` the venue's rows into the model's values,
`endpoints` lists what can be asked of REST, `market` reads quotes and prints. Nothing here
touches a socket, and whatever cannot be read raises ProtocolError.
Source: the gateway reference, sections 1, 2 and 4.
"""
