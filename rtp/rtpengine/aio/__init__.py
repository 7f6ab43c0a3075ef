"""What touches sockets, clocks and disks."""
