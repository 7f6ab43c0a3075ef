"""What `deploy/` ships, tried as it stands: on addresses of loopback in place of those of containers and machines."""
