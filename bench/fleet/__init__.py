"""Many xDS clients that behave like Envoy, against any ADS server."""
