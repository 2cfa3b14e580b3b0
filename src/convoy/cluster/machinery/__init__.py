"""What the parts of the embedded API server share: resources, statuses, requests' options. No I/O."""
