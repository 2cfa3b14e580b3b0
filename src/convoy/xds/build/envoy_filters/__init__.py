"""EnvoyFilters: the changes that users make to what the builders made, message by message.

What a patch means follows Istio's reference for EnvoyFilter. A patch that fits nowhere changes nothing; one
whose value is no such Envoy message is told as a problem (`checks`) and left out.
"""
