"""SPDY/3.1, as far as kubectl speaks it: framing and the streams of one connection.

It carries exec, attach, cp and port-forward of older clients, and port-forward of all of them, where newer
ones tunnel it through a websocket. Source: the SPDY/3 and 3.1 drafts
(https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/).
"""
