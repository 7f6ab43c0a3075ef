"""Media over RTP (RFC 3550): cores without I/O, and the shell in `rtp.aio`. `rtp.engine` is the port the rest uses."""
