"""A day of traffic on a running node: callers and agents who are not people, over real SIP and RTP on loopback."""
