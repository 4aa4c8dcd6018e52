"""ProjectX on the wire: `rest` asks and instructs, `hubs` listen, `wire` alone knows the JSON.

They act and decide nothing: answers and events are values of `pxcore.model` and
`pxcore.engine.events`, errors are the five of `pxcore.model.errors`.
"""
